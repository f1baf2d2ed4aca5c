//! Shows keys.

use crate::app::show_api_key::{page_of_api_keys, show_api_key};
use crate::domain::id::ClientId;
use crate::store::api_keys::KeyFilter;
use crate::web::api::answer::Answer;
use crate::web::api::call::Call;
use crate::web::api::cursor;
use crate::web::api::problem::ApiError;

/// `GET /api-keys`, the newest first
pub(in crate::web::api) fn list(call: &Call) -> Result<Answer, ApiError> {
    call.query.allow(&["limit", "cursor", "search", "kind", "account_id", "state"])?;
    let filter = KeyFilter {
        search: call.query.search()?.to_owned(),
        kind: call.query.parsed("kind")?,
        account_id: call.query.parsed("account_id")?,
        state: call.query.parsed("state")?,
    };
    let (before, limit): (Option<ClientId>, _) = (call.query.after_id()?, call.query.limit()?);
    let (keys, has_more) = page_of_api_keys(&call.management.db, call.organization_id()?, &filter, before, limit, call.now)?;
    let next = keys.last().filter(|_| has_more).map(|key| cursor::encode(&key.client_id.to_string()));
    Answer::page(&keys, next)
}

/// `GET /api-keys/{client_id}`
pub(in crate::web::api) fn show(call: &Call) -> Result<Answer, ApiError> {
    call.query.allow(&[])?;
    let key = show_api_key(&call.management.db, call.id("client_id")?, call.now)?;
    if key.organization_id != call.organization_id()? {
        return Err(ApiError::not_found());
    }
    Answer::ok(&key)
}
