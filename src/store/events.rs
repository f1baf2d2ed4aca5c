//! The table of what owners and webhooks are to be told.

use diesel::prelude::*;

use super::schema::events;
use super::{DbConnection, StoreError, WriteTransaction};
use crate::domain::Invalid;
use crate::domain::event::Event;
use crate::domain::id::EventId;
use crate::domain::time::Timestamp;

/// Adds an event; it is delivered when the transaction is kept.
///
/// # Errors
/// [`StoreError`].
pub fn insert(transaction: &mut WriteTransaction<'_>, event: &Event) -> Result<(), StoreError> {
    diesel::insert_into(events::table)
        .values((
            events::id.eq(event.id.to_string()),
            events::organization_id.eq(event.organization_id.to_string()),
            events::kind.eq(event.kind.as_str()),
            events::occurred_at.eq(event.occurred_at.unix()),
            events::data.eq(event.data.to_string()),
        ))
        .execute(transaction.connection)?;
    Ok(())
}

type Row = (String, String, String, i64, String);

fn parse((id, organization_id, kind, occurred_at, data): Row) -> Result<Event, StoreError> {
    let corrupt = |detail: Invalid| StoreError::corrupt("events", &id, detail);
    Ok(Event {
        organization_id: organization_id.parse().map_err(corrupt)?,
        kind: kind.parse().map_err(corrupt)?,
        occurred_at: Timestamp::from_unix(occurred_at),
        data: serde_json::from_str(&data).map_err(|_| StoreError::corrupt("events", &id, "the data is not JSON"))?,
        id: id.parse().map_err(corrupt)?,
    })
}

/// The oldest events for which there are no deliveries yet; a damaged one is an error in its own place.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn undispatched(connection: &mut DbConnection, limit: i64) -> Result<Vec<Result<Event, StoreError>>, StoreError> {
    let rows: Vec<Row> = events::table
        .filter(events::dispatched_at.is_null())
        .order(events::id)
        .limit(limit)
        .select((events::id, events::organization_id, events::kind, events::occurred_at, events::data))
        .load(connection)?;
    Ok(rows.into_iter().map(parse).collect())
}

/// Takes an event for making its deliveries; `false` when that was done already. On PostgreSQL another node that wants
/// it waits for the end of this transaction.
///
/// # Errors
/// [`StoreError`].
pub fn dispatch(transaction: &mut WriteTransaction<'_>, id: EventId, now: Timestamp) -> Result<bool, StoreError> {
    let waiting = events::table.find(id.to_string()).filter(events::dispatched_at.is_null());
    let taken = diesel::update(waiting).set(events::dispatched_at.eq(now.unix())).execute(transaction.connection)?;
    Ok(taken > 0)
}

/// The named events, in the order in which they happened.
///
/// # Errors
/// [`StoreError`].
pub fn named(connection: &mut DbConnection, ids: &[EventId]) -> Result<Vec<Event>, StoreError> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(500) {
        let ids: Vec<String> = chunk.iter().map(ToString::to_string).collect();
        let rows: Vec<Row> = events::table
            .filter(events::id.eq_any(ids))
            .select((events::id, events::organization_id, events::kind, events::occurred_at, events::data))
            .load(connection)?;
        for row in rows {
            found.push(parse(row)?);
        }
    }
    found.sort_by_key(|event| event.id);
    Ok(found)
}

/// How many events wait for their deliveries to be made, and since when the oldest does.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn waiting(connection: &mut DbConnection) -> Result<(i64, Option<Timestamp>), StoreError> {
    let (count, oldest): (i64, Option<i64>) = events::table
        .filter(events::dispatched_at.is_null())
        .select((diesel::dsl::count_star(), diesel::dsl::min(events::occurred_at)))
        .first(connection)?;
    Ok((count, oldest.map(Timestamp::from_unix)))
}

/// Removes up to `limit` events that were dispatched and are older than `before`, with their deliveries.
///
/// # Errors
/// [`StoreError`].
pub fn remove_before(transaction: &mut WriteTransaction<'_>, before: EventId, limit: i64) -> Result<usize, StoreError> {
    let old: Vec<String> = events::table
        .filter(events::id.lt(before.to_string()))
        .filter(events::dispatched_at.is_not_null())
        .order(events::id)
        .limit(limit)
        .select(events::id)
        .load(transaction.connection)?;
    Ok(diesel::delete(events::table.filter(events::id.eq_any(old))).execute(transaction.connection)?)
}
