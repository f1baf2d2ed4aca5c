//! Facts about the database itself.

use diesel::prelude::*;

use super::schema::meta;
use super::{DbConnection, StoreError, WriteTransaction};

const MASTER_KEY_CHECK: &str = "master_key_check";

/// The check value of the master key that this database's data was written under; `None` before the first start.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn master_key_check(connection: &mut DbConnection) -> Result<Option<String>, StoreError> {
    Ok(meta::table.find(MASTER_KEY_CHECK).select(meta::value).first(connection).optional()?)
}

/// Binds the database to a master key, once.
///
/// # Errors
/// [`StoreError::UniqueViolation`] when it is bound already.
pub fn set_master_key_check(transaction: &mut WriteTransaction<'_>, value: &str) -> Result<(), StoreError> {
    diesel::insert_into(meta::table)
        .values((meta::name.eq(MASTER_KEY_CHECK), meta::value.eq(value)))
        .execute(transaction.connection)?;
    Ok(())
}
