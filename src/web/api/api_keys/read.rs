//! Shows keys.

use crate::app::show_api_key::{page_of_api_keys, show_api_key};
use crate::domain::api_key::KeySort;
use crate::store::key_list::{KeyFilter, KeyPlace};
use crate::web::api::answer::Answer;
use crate::web::api::call::Call;
use crate::web::api::cursor;
use crate::web::api::problem::ApiError;
use crate::web::api::query::bad_cursor;

/// `GET /api-keys`
pub(in crate::web::api) fn list(call: &Call) -> Result<Answer, ApiError> {
    call.query.allow(&["limit", "cursor", "search", "kind", "account_id", "state", "sort"])?;
    let filter = KeyFilter {
        search: call.query.search()?.to_owned(),
        kind: call.query.parsed("kind")?,
        account_id: call.query.parsed("account_id")?,
        state: call.query.parsed("state")?,
    };
    let sort: KeySort = call.query.parsed("sort")?.unwrap_or_default();
    let place = call.query.after()?.map(|text| KeyPlace::parse(sort, &text).ok_or_else(bad_cursor)).transpose()?;
    let (organization_id, limit) = (call.organization_id()?, call.query.limit()?);
    let page = page_of_api_keys(&call.management.db, organization_id, &filter, (sort, place.as_ref()), limit, call.now)?;
    Answer::page(&page.keys, page.next.map(|place| cursor::encode(&place.to_text())))
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
