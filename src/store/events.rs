//! The table of what owners and webhooks are to be told.

use diesel::prelude::*;

use super::schema::events;
use super::{StoreError, WriteTransaction};
use crate::domain::event::Event;

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
