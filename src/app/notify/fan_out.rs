//! Makes of each event one delivery for every webhook that wants it and one mail for every owner.

use super::owners::owners_of;
use crate::app::random_bits;
use crate::app::{AppError, webhooks::queue};
use crate::clock;
use crate::domain::event::{Event, EventKind};
use crate::domain::id::DeliveryId;
use crate::domain::time::Timestamp;
use crate::store::deliveries::{self, NewDelivery};
use crate::store::{Db, StoreError, WriteTransaction, events, webhooks};

/// Events in one transaction.
const AT_ONCE: i64 = 50;
/// How long reminders wait before they are sent by mail, so that one mail tells of all that a sweep finds.
const GATHER_SECONDS: i64 = 30;

/// Makes the deliveries of the oldest events; whether there may be more. The event is taken in the same transaction, so
/// its deliveries are made once, whatever node is killed when.
///
/// # Errors
/// [`AppError`]; the events are tried again.
pub(super) fn fan_out(db: &Db, with_mail: bool, now: Timestamp) -> Result<bool, AppError> {
    let found = db.read(|connection| events::undispatched(connection, AT_ONCE))?;
    let may_be_more = i64::try_from(found.len()).is_ok_and(|count| count == AT_ONCE);
    let mut faults = Vec::new();
    let readable: Vec<Event> =
        found.into_iter().filter_map(|event| event.map_err(|fault| faults.push(fault.into())).ok()).collect();
    let one = |transaction: &mut WriteTransaction<'_>, event: &Event| deliver(transaction, event, with_mail, now);
    if !readable.is_empty() {
        match db.write(now, |transaction| readable.iter().try_for_each(|event| one(transaction, event))) {
            Ok(()) => {}
            // One damaged webhook must not hold up the events of others.
            Err(AppError::Store(StoreError::Corrupt { .. } | StoreError::ForeignKeyViolation)) => {
                faults.extend(readable.iter().filter_map(|event| db.write(now, |transaction| one(transaction, event)).err()));
            }
            Err(fault) => return Err(fault),
        }
    }
    faults.into_iter().next().map_or(Ok(may_be_more), Err)
}

fn deliver(transaction: &mut WriteTransaction<'_>, event: &Event, with_mail: bool, now: Timestamp) -> Result<(), AppError> {
    if !events::dispatch(transaction, event.id, now)? {
        return Ok(());
    }
    for webhook in webhooks::of_organization(transaction.reading(), event.organization_id)? {
        if webhook.disabled.is_none() && webhook.events.matches(event.kind) {
            queue(transaction, event, &webhook, now)?;
        }
    }
    if !with_mail || !event.kind.is_announced() {
        return Ok(());
    }
    let wait = if is_reminder(event.kind) { GATHER_SECONDS } else { 0 };
    for owner in owners_of(transaction.reading(), event.organization_id)? {
        let new = NewDelivery {
            id: DeliveryId::from_parts(clock::unix_milliseconds(), random_bits()?),
            event_id: event.id,
            organization_id: event.organization_id,
            webhook_id: None,
            destination: owner.id.to_string(),
            first_attempt_at: now.plus_seconds(wait),
            created_at: now,
        };
        deliveries::insert(transaction, &new)?;
    }
    Ok(())
}

const fn is_reminder(kind: EventKind) -> bool {
    matches!(kind, EventKind::ApiKeyExpiring | EventKind::ApiKeyStale)
}
