//! What a key may do to keys: never more than it is itself. A key can neither grant a scope nor reach an account that it
//! does not hold, nor act on a key that holds more than it does, nor touch an admin key. Nor can it take off what protects a
//! key, itself among them: a stolen token must not become a key that works without.

use super::{AppError, Work};
use crate::domain::actor::Principal;
use crate::domain::api_key::{ApiKey, KeyKind};
use crate::domain::catalogue::Catalogue;
use crate::domain::client_secret::StoredSecret;
use crate::domain::id::ClientId;
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
    let caller = calling_key(work, caller)?;
    let connection = work.transaction.reading();
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

/// Checks that whoever acts leaves keys as protected as they are; people and this machine's commands may do as they like.
/// `before`: `None` for a new key.
///
/// # Errors
/// [`AppError::Forbidden`].
pub fn check_protection(work: &mut Work<'_, '_>, before: Option<&ApiKey>, after: &ApiKey) -> Result<(), AppError> {
    let Principal::ApiKey(caller) = work.actor.principal else { return Ok(()) };
    let beyond = |detail: &str| Err(AppError::forbidden("beyond_own_protection", detail));
    if before.is_some_and(has_bound_tokens) && !has_bound_tokens(after) {
        return beyond("an API key can't let a key have tokens that are not bound any more; an owner can");
    }
    if let Some(before) = before.filter(|before| before.client_id == caller)
        && !before.settings.ip_allowlist.covers(&after.settings.ip_allowlist)
    {
        return beyond("an API key can't be used from more addresses by its own doing; an owner can add them");
    }
    // Whoever gets, or gives, a new credential can use the key with it.
    let is_credential_new = before.is_none_or(|before| {
        let is_new = |secret: &StoredSecret| before.secrets.iter().all(|old| old.id != secret.id);
        after.secrets.iter().any(is_new) || before.settings.public_credential != after.settings.public_credential
    });
    if is_credential_new && !has_bound_tokens(after) && has_bound_tokens(&calling_key(work, caller)?) {
        return beyond(
            "the tokens of the calling API key are bound, and so are those of the keys that it makes or gives credentials",
        );
    }
    Ok(())
}

/// Whether no token of the key can be used by somebody else, whatever its organization demands.
fn has_bound_tokens(key: &ApiKey) -> bool {
    key.settings.require_bound_tokens || key.auth_method.uses_certificate()
}

fn calling_key(work: &mut Work<'_, '_>, caller: ClientId) -> Result<ApiKey, AppError> {
    api_keys::find(work.transaction.reading(), caller)?
        .ok_or_else(|| AppError::forbidden("caller_deleted", "the calling API key does not exist any more"))
}
