//! Deliveries as those who own the webhook see them.

use diesel::prelude::*;

use super::schema::{deliveries, events};
use super::{DbConnection, StoreError};
use crate::domain::Invalid;
use crate::domain::delivery::DeliveryState;
use crate::domain::event::EventKind;
use crate::domain::id::{DeliveryId, EventId, WebhookId};
use crate::domain::time::Timestamp;

/// A delivery as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// `dlv_…`
    pub id: DeliveryId,
    /// Of what.
    pub event_id: EventId,
    /// The event's kind.
    pub kind: EventKind,
    /// How far it is.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next.
    pub next_attempt_at: Option<Timestamp>,
    /// The HTTP status of the last answer.
    pub last_status: Option<i64>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was delivered or given up.
    pub finished_at: Option<Timestamp>,
}

type ShownColumns = (String, String, String, String, i64, Option<i64>, Option<i64>, Option<String>, i64, Option<i64>);
const SHOWN: (
    deliveries::id,
    deliveries::event_id,
    events::kind,
    deliveries::state,
    deliveries::attempts,
    deliveries::next_attempt_at,
    deliveries::last_status,
    deliveries::last_error,
    deliveries::created_at,
    deliveries::finished_at,
) = (
    deliveries::id,
    deliveries::event_id,
    events::kind,
    deliveries::state,
    deliveries::attempts,
    deliveries::next_attempt_at,
    deliveries::last_status,
    deliveries::last_error,
    deliveries::created_at,
    deliveries::finished_at,
);

/// The deliveries to a webhook before the id `before` and, when asked for, in one state: the newest first.
///
/// # Errors
/// [`StoreError`].
pub fn of_webhook(
    connection: &mut DbConnection,
    webhook: WebhookId,
    state: Option<DeliveryState>,
    before: Option<&str>,
    limit: i64,
) -> Result<Vec<Delivery>, StoreError> {
    // Greater than every id.
    let before = before.unwrap_or("~");
    let states: Vec<&str> =
        DeliveryState::ALL.iter().filter(|one| state.is_none_or(|s| s == **one)).map(|s| s.as_str()).collect();
    let rows: Vec<ShownColumns> = deliveries::table
        .inner_join(events::table.on(events::id.eq(deliveries::event_id)))
        .filter(deliveries::webhook_id.eq(webhook.to_string()))
        .filter(deliveries::state.eq_any(states))
        .filter(deliveries::id.lt(before))
        .order(deliveries::id.desc())
        .limit(limit)
        .select(SHOWN)
        .load(connection)?;
    rows.into_iter().map(shown).collect()
}

/// The delivery of this id to this webhook.
///
/// # Errors
/// [`StoreError`].
pub fn find(connection: &mut DbConnection, webhook: WebhookId, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
    let row: Option<ShownColumns> = deliveries::table
        .inner_join(events::table.on(events::id.eq(deliveries::event_id)))
        .filter(deliveries::id.eq(id.to_string()))
        .filter(deliveries::webhook_id.eq(webhook.to_string()))
        .select(SHOWN)
        .first(connection)
        .optional()?;
    row.map(shown).transpose()
}

fn shown(row: ShownColumns) -> Result<Delivery, StoreError> {
    let (id, event_id, kind, state, attempts, next, last_status, last_error, created_at, finished_at) = row;
    let corrupt = |detail: Invalid| StoreError::corrupt("deliveries", &id, detail);
    Ok(Delivery {
        event_id: event_id.parse().map_err(corrupt)?,
        kind: kind.parse().map_err(corrupt)?,
        state: DeliveryState::from_name(&state).ok_or_else(|| StoreError::corrupt("deliveries", &id, "has no such state"))?,
        attempts,
        next_attempt_at: next.map(Timestamp::from_unix),
        last_status,
        last_error,
        created_at: Timestamp::from_unix(created_at),
        finished_at: finished_at.map(Timestamp::from_unix),
        id: id.parse().map_err(corrupt)?,
    })
}
