//! What a key may do to keys: never more than it is itself. A key can neither grant a scope nor reach an account that it
//! does not hold, nor act on a key that holds more than it does, nor touch an admin key.

use super::{AppError, Work};
use crate::domain::actor::Principal;
use crate::domain::api_key::{ApiKey, KeyKind};
use crate::domain::catalogue::Catalogue;
use crate::domain::key_entry::Holding;
use crate::domain::scope::ScopeName;
use crate::store::{api_keys, catalogue};

/// Checks that whoever acts may make or act on `key`; people and this machine's commands always reach it.
///
/// # Errors
/// [`AppError::Forbidden`].
pub fn check_reach(work: &mut Work<'_, '_>, key: &ApiKey) -> Result<(), AppError> {
    let Principal::ApiKey(caller) = work.actor.principal else { return Ok(()) };
    let KeyKind::Scoped(grants) = &key.kind else {
        return Err(AppError::forbidden(
            "admin_key_needs_a_person",
            "an API key can't make or change an admin key; an owner can",
        ));
    };
    let connection = work.transaction.reading();
    let caller = api_keys::find(connection, caller)?
        .ok_or_else(|| AppError::forbidden("caller_deleted", "the calling API key does not exist any more"))?;
    let (servers, scopes) = (catalogue::resource_servers(connection)?, catalogue::scopes(connection)?);
    let catalogue = Catalogue::new(&servers, &scopes);
    let limit = caller.settings.max_payout.clone();
    let held = Holding::of(caller.kind);
    for grant in grants.iter() {
        let reachable = held.scopes_at(grant.target, &catalogue);
        let beyond: Vec<&str> = grant.scopes.iter().filter(|scope| !reachable.contains(scope)).map(ScopeName::as_str).collect();
        if !beyond.is_empty() {
            let detail = format!("the calling API key does not itself hold {} at {}", beyond.join(" "), grant.target);
            return Err(AppError::forbidden("beyond_own_grants", detail));
        }
    }
    match (limit, &key.settings.max_payout) {
        (None, _) => Ok(()),
        (Some(limit), Some(asked)) if asked.is_at_most(&limit) => Ok(()),
        (Some(limit), _) => {
            let detail = format!("the calling API key is limited to payouts of {limit}, and so are the keys that it makes");
            Err(AppError::forbidden("beyond_own_max_payout", detail))
        }
    }
}
