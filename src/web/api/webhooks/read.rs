//! Shows webhooks and their deliveries.

use crate::app::show_webhooks::{list_deliveries, list_webhooks, show_webhook};
use crate::domain::Invalid;
use crate::domain::delivery::DeliveryState;
use crate::domain::id::DeliveryId;
use crate::web::api::answer::Answer;
use crate::web::api::call::Call;
use crate::web::api::cursor;
use crate::web::api::problem::ApiError;
use crate::web::api::query::bad_cursor;

/// `GET /webhooks`, the oldest first
pub(in crate::web::api) fn list(call: &Call) -> Result<Answer, ApiError> {
    call.query.allow(&["limit", "cursor"])?;
    let after = call.query.after()?;
    let limit = usize::try_from(call.query.limit()?).map_err(ApiError::internal)?;
    let mut webhooks = list_webhooks(&call.management.db, call.organization_id()?, call.now)?;
    webhooks.retain(|webhook| after.as_ref().is_none_or(|after| webhook.id.to_string() > *after));
    let has_more = webhooks.len() > limit;
    webhooks.truncate(limit);
    let next = webhooks.last().filter(|_| has_more).map(|webhook| cursor::encode(&webhook.id.to_string()));
    Answer::page(&webhooks, next)
}

/// `GET /webhooks/{webhook_id}`
pub(in crate::web::api) fn show(call: &Call) -> Result<Answer, ApiError> {
    call.query.allow(&[])?;
    Answer::ok(&show_webhook(&call.management.db, call.organization_id()?, call.id("webhook_id")?, call.now)?)
}

/// `GET /webhooks/{webhook_id}/deliveries`, the newest first
pub(in crate::web::api) fn deliveries(call: &Call) -> Result<Answer, ApiError> {
    call.query.allow(&["limit", "cursor", "state"])?;
    let before: Option<DeliveryId> =
        call.query.after()?.map(|place| place.parse().map_err(|_: Invalid| bad_cursor())).transpose()?;
    let before = before.map(|id| id.to_string());
    let limit = call.query.limit()?;
    let state = call.query.parsed::<DeliveryState>("state")?;
    let (db, organization, id) = (&call.management.db, call.organization_id()?, call.id("webhook_id")?);
    let mut found = list_deliveries(db, organization, id, state, before.as_deref(), limit + 1)?;
    let limit = usize::try_from(limit).map_err(ApiError::internal)?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(|delivery| cursor::encode(&delivery.id.to_string()));
    Answer::page(&found, next)
}
