//! `/usage`, and what the rate plan of a key says

use super::answer::Answer;
use super::call::Call;
use super::cursor;
use super::problem::ApiError;
use super::query::{bad, bad_cursor};
use crate::app::show_organization_usage::{organization_usage, usage_by_hour};
use crate::app::show_rate_limit::show_rate_limit;
use crate::app::show_usage::{Period, key_usage};
use crate::domain::id::ClientId;

/// The usage of one key, or a summary of each of the organization's keys, the newest first.
pub(super) fn show(call: &Call) -> Result<Answer, ApiError> {
    let query = &call.query;
    query.allow(&["client_id", "from", "to", "limit", "cursor"])?;
    let period = period(call)?;
    let (db, organization_id) = (&call.management.db, call.organization_id()?);
    if query.text("client_id").is_some() {
        query.allow(&["client_id", "from", "to"])?;
        let client_id: ClientId = query.parsed("client_id")?.ok_or_else(ApiError::not_found)?;
        return Answer::ok(&key_usage(db, Some(organization_id), client_id, period, call.now)?);
    }
    let before: Option<ClientId> = query.after()?.map(|id| id.parse().map_err(|_| bad_cursor())).transpose()?;
    let (keys, has_more) = organization_usage(db, organization_id, period, before, query.limit()?)?;
    let next = keys.last().filter(|_| has_more).map(|key| cursor::encode(&key.client_id.to_string()));
    Answer::page(&keys, next)
}

/// `GET /usage/hours`: the organization's keys together, by hour
pub(super) fn by_hour(call: &Call) -> Result<Answer, ApiError> {
    call.query.allow(&["from", "to"])?;
    Answer::ok(&usage_by_hour(&call.management.db, call.organization_id()?, period(call)?)?)
}

/// `GET /api-keys/{client_id}/rate-limit`
pub(super) fn rate_limit(call: &Call) -> Result<Answer, ApiError> {
    call.query.allow(&[])?;
    let (organization_id, client_id) = (call.organization_id()?, call.id("client_id")?);
    Answer::ok(&show_rate_limit(&call.management.db, organization_id, client_id, call.now)?)
}

/// The hours that are asked for.
fn period(call: &Call) -> Result<Period, ApiError> {
    let (from, to) = (call.query.parsed("from")?, call.query.parsed("to")?);
    Period::new(from, to, call.now).map_err(|invalid| bad(invalid.field, &invalid.detail))
}
