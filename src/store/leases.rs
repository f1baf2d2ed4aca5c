//! The table of work that one node at a time does.

use diesel::prelude::*;

use super::schema::leases;
use super::{DbConnection, StoreError, WriteTransaction};
use crate::domain::time::Timestamp;

/// When the work of this name was last done.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn done_at(connection: &mut DbConnection, name: &str) -> Result<Option<Timestamp>, StoreError> {
    let found: Option<Option<i64>> = leases::table.find(name).select(leases::done_at).first(connection).optional()?;
    Ok(found.flatten().map(Timestamp::from_unix))
}

/// Takes or keeps the work of this name for `holder` until `until`; `false` when somebody else has it.
///
/// # Errors
/// [`StoreError::UniqueViolation`] when another node was the first ever to take it, at this moment.
pub fn take(
    transaction: &mut WriteTransaction<'_>,
    name: &str,
    holder: &str,
    until: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let free = leases::holder.eq(holder).or(leases::expires_at.le(now.unix()));
    let taken = diesel::update(leases::table.find(name).filter(free))
        .set((leases::holder.eq(holder), leases::expires_at.eq(until.unix())))
        .execute(transaction.connection)?;
    if taken > 0 {
        return Ok(true);
    }
    let known: Option<String> = leases::table.find(name).select(leases::name).first(transaction.connection).optional()?;
    if known.is_some() {
        return Ok(false);
    }
    diesel::insert_into(leases::table)
        .values((leases::name.eq(name), leases::holder.eq(holder), leases::expires_at.eq(until.unix())))
        .execute(transaction.connection)?;
    Ok(true)
}

/// Says that `holder` has done the work, and gives it back.
///
/// # Errors
/// [`StoreError`].
pub fn done(transaction: &mut WriteTransaction<'_>, name: &str, holder: &str, now: Timestamp) -> Result<(), StoreError> {
    diesel::update(leases::table.find(name).filter(leases::holder.eq(holder)))
        .set((leases::expires_at.eq(now.unix()), leases::done_at.eq(now.unix())))
        .execute(transaction.connection)?;
    Ok(())
}
