//! The table of deliveries: a queue that survives a crash. Whoever tries a delivery takes it first, by moving its next
//! attempt to the end of a lease; what a node that died had taken comes up again by itself.

use diesel::prelude::*;

use super::schema::deliveries;
use super::{DbConnection, StoreError, WriteTransaction};
use crate::domain::Invalid;
use crate::domain::delivery::{Channel, DeliveryState};
use crate::domain::id::{DeliveryId, EventId, OrganizationId, WebhookId};
use crate::domain::time::Timestamp;

/// A delivery to be made.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// `dlv_…`
    pub id: DeliveryId,
    /// Of what.
    pub event_id: EventId,
    /// Whose event.
    pub organization_id: OrganizationId,
    /// To which webhook; `None`: by mail.
    pub webhook_id: Option<WebhookId>,
    /// What attempts at once are counted by: host and port, or the user.
    pub destination: String,
    /// When it is first tried.
    pub first_attempt_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
}

impl NewDelivery {
    const fn channel(&self) -> Channel {
        if self.webhook_id.is_some() { Channel::Webhook } else { Channel::Email }
    }
}

/// A delivery whose time has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// `dlv_…`
    pub id: DeliveryId,
    /// Of what.
    pub event_id: EventId,
    /// Whose event.
    pub organization_id: OrganizationId,
    /// To which webhook; `None`: by mail.
    pub webhook_id: Option<WebhookId>,
    /// Host and port, or the user.
    pub destination: String,
    /// How often it has failed since it was last put into the queue.
    pub failures: i64,
}

type DueColumns = (String, String, String, Option<String>, String, i64);
const DUE: (
    deliveries::id,
    deliveries::event_id,
    deliveries::organization_id,
    deliveries::webhook_id,
    deliveries::destination,
    deliveries::failures,
) = (
    deliveries::id,
    deliveries::event_id,
    deliveries::organization_id,
    deliveries::webhook_id,
    deliveries::destination,
    deliveries::failures,
);

fn due_of((id, event_id, organization_id, webhook_id, destination, failures): DueColumns) -> Result<Due, StoreError> {
    let corrupt = |detail: Invalid| StoreError::corrupt("deliveries", &id, detail);
    Ok(Due {
        event_id: event_id.parse().map_err(corrupt)?,
        organization_id: organization_id.parse().map_err(corrupt)?,
        webhook_id: webhook_id.as_deref().map(str::parse).transpose().map_err(corrupt)?,
        destination,
        failures,
        id: id.parse().map_err(corrupt)?,
    })
}

/// Puts a delivery into the queue.
///
/// # Errors
/// [`StoreError::ForeignKeyViolation`] when its webhook is gone.
pub fn insert(transaction: &mut WriteTransaction<'_>, new: &NewDelivery) -> Result<(), StoreError> {
    diesel::insert_into(deliveries::table)
        .values((
            deliveries::id.eq(new.id.to_string()),
            deliveries::event_id.eq(new.event_id.to_string()),
            deliveries::organization_id.eq(new.organization_id.to_string()),
            deliveries::channel.eq(new.channel().as_str()),
            deliveries::webhook_id.eq(new.webhook_id.map(|id| id.to_string())),
            deliveries::destination.eq(&new.destination),
            deliveries::state.eq(DeliveryState::Pending.as_str()),
            deliveries::attempts.eq(0),
            deliveries::failures.eq(0),
            deliveries::next_attempt_at.eq(new.first_attempt_at.unix()),
            deliveries::created_at.eq(new.created_at.unix()),
        ))
        .execute(transaction.connection)?;
    Ok(())
}

/// What is to be tried at `now`, the longest overdue first, but nothing for the destinations and organizations that
/// have enough under way.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn due(
    connection: &mut DbConnection,
    channel: Channel,
    now: Timestamp,
    full_destinations: &[String],
    full_organizations: &[String],
    limit: i64,
) -> Result<Vec<Due>, StoreError> {
    let rows: Vec<DueColumns> = deliveries::table
        .filter(deliveries::channel.eq(channel.as_str()))
        .filter(deliveries::next_attempt_at.le(now.unix()))
        .filter(deliveries::destination.ne_all(full_destinations))
        .filter(deliveries::organization_id.ne_all(full_organizations))
        .order(deliveries::next_attempt_at)
        .limit(limit)
        .select(DUE)
        .load(connection)?;
    rows.into_iter().map(due_of).collect()
}

/// What is to be tried at `now` for one destination.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn due_for(
    connection: &mut DbConnection,
    channel: Channel,
    destination: &str,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Due>, StoreError> {
    let rows: Vec<DueColumns> = deliveries::table
        .filter(deliveries::channel.eq(channel.as_str()))
        .filter(deliveries::destination.eq(destination))
        .filter(deliveries::next_attempt_at.le(now.unix()))
        .order(deliveries::next_attempt_at)
        .limit(limit)
        .select(DUE)
        .load(connection)?;
    rows.into_iter().map(due_of).collect()
}

/// Takes a delivery until `until`; `false` when another node was faster.
///
/// # Errors
/// [`StoreError`].
pub fn take(
    transaction: &mut WriteTransaction<'_>,
    id: DeliveryId,
    lease: &str,
    until: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let due = deliveries::table.find(id.to_string()).filter(deliveries::next_attempt_at.le(now.unix()));
    let taken = diesel::update(due)
        .set((deliveries::next_attempt_at.eq(until.unix()), deliveries::lease.eq(lease)))
        .execute(transaction.connection)?;
    Ok(taken > 0)
}

/// Notes that the recipient has it: true whoever holds the lease by now.
///
/// # Errors
/// [`StoreError`].
pub fn delivered(
    transaction: &mut WriteTransaction<'_>,
    id: DeliveryId,
    status: Option<u16>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let pending = deliveries::table.find(id.to_string()).filter(deliveries::next_attempt_at.is_not_null());
    diesel::update(pending)
        .set((
            deliveries::state.eq(DeliveryState::Delivered.as_str()),
            deliveries::attempts.eq(deliveries::attempts + 1),
            deliveries::next_attempt_at.eq(None::<i64>),
            deliveries::lease.eq(None::<String>),
            deliveries::last_status.eq(status.map(i64::from)),
            deliveries::last_error.eq(None::<String>),
            deliveries::finished_at.eq(now.unix()),
        ))
        .execute(transaction.connection)?;
    Ok(())
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// One line; nothing that the recipient said.
    pub error: String,
}

/// Notes that an attempt failed; `next`: when the next one is, if there is one. Nothing happens when the lease was lost
/// meanwhile: the node that has it now knows better.
///
/// # Errors
/// [`StoreError`].
pub fn failed(
    transaction: &mut WriteTransaction<'_>,
    id: DeliveryId,
    lease: &str,
    failure: &Failure,
    next: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let state = if next.is_some() { DeliveryState::Pending } else { DeliveryState::Dead };
    let held = deliveries::table.find(id.to_string()).filter(deliveries::lease.eq(lease));
    diesel::update(held)
        .set((
            deliveries::state.eq(state.as_str()),
            deliveries::attempts.eq(deliveries::attempts + 1),
            deliveries::failures.eq(deliveries::failures + 1),
            deliveries::next_attempt_at.eq(next.map(Timestamp::unix)),
            deliveries::lease.eq(None::<String>),
            deliveries::last_status.eq(failure.status.map(i64::from)),
            deliveries::last_error.eq(&failure.error),
            deliveries::finished_at.eq(if next.is_some() { None } else { Some(now.unix()) }),
        ))
        .execute(transaction.connection)?;
    Ok(())
}

/// Gives up what is pending for a webhook.
///
/// # Errors
/// [`StoreError`].
pub fn give_up(transaction: &mut WriteTransaction<'_>, webhook: WebhookId, why: &str, now: Timestamp) -> Result<(), StoreError> {
    let pending = deliveries::table
        .filter(deliveries::webhook_id.eq(webhook.to_string()))
        .filter(deliveries::next_attempt_at.is_not_null());
    diesel::update(pending)
        .set((
            deliveries::state.eq(DeliveryState::Dead.as_str()),
            deliveries::next_attempt_at.eq(None::<i64>),
            deliveries::lease.eq(None::<String>),
            deliveries::last_error.eq(why),
            deliveries::finished_at.eq(now.unix()),
        ))
        .execute(transaction.connection)?;
    Ok(())
}

/// Gives up one delivery that nobody can get any more.
///
/// # Errors
/// [`StoreError`].
pub fn give_up_one(transaction: &mut WriteTransaction<'_>, id: DeliveryId, why: &str, now: Timestamp) -> Result<(), StoreError> {
    let pending = deliveries::table.find(id.to_string()).filter(deliveries::next_attempt_at.is_not_null());
    diesel::update(pending)
        .set((
            deliveries::state.eq(DeliveryState::Dead.as_str()),
            deliveries::next_attempt_at.eq(None::<i64>),
            deliveries::lease.eq(None::<String>),
            deliveries::last_error.eq(why),
            deliveries::finished_at.eq(now.unix()),
        ))
        .execute(transaction.connection)?;
    Ok(())
}

/// Puts a delivery into the queue again, with all its attempts before it; one that is in it comes first now.
///
/// # Errors
/// [`StoreError`].
pub fn requeue(transaction: &mut WriteTransaction<'_>, id: DeliveryId, now: Timestamp) -> Result<(), StoreError> {
    diesel::update(deliveries::table.find(id.to_string()))
        .set((
            deliveries::state.eq(DeliveryState::Pending.as_str()),
            deliveries::failures.eq(0),
            deliveries::next_attempt_at.eq(now.unix()),
            deliveries::lease.eq(None::<String>),
            deliveries::finished_at.eq(None::<i64>),
        ))
        .execute(transaction.connection)?;
    Ok(())
}

/// How many deliveries of a channel wait, and since when the oldest does.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn waiting(connection: &mut DbConnection, channel: Channel) -> Result<(i64, Option<Timestamp>), StoreError> {
    let (count, oldest): (i64, Option<i64>) = deliveries::table
        .filter(deliveries::channel.eq(channel.as_str()))
        .filter(deliveries::next_attempt_at.is_not_null())
        .select((diesel::dsl::count_star(), diesel::dsl::min(deliveries::created_at)))
        .first(connection)?;
    Ok((count, oldest.map(Timestamp::from_unix)))
}

/// How many deliveries of a channel were given up at `since` or later.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn given_up_since(connection: &mut DbConnection, channel: Channel, since: Timestamp) -> Result<i64, StoreError> {
    Ok(deliveries::table
        // As the index says it: SQLite does not see that a bound value is the same.
        .filter(diesel::dsl::sql::<diesel::sql_types::Bool>("deliveries.state = 'dead'"))
        .filter(deliveries::finished_at.ge(since.unix()))
        .filter(deliveries::channel.eq(channel.as_str()))
        .count()
        .get_result(connection)?)
}
