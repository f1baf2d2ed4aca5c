//! The table of requests with an `Idempotency-Key`.

use diesel::prelude::*;

use super::schema::idempotent_requests;
use super::{DbConnection, StoreError, WriteTransaction};
use crate::domain::time::Timestamp;

/// How long an answer is remembered.
pub const REMEMBERED_SECONDS: i64 = 86_400;

/// A request that was answered.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = idempotent_requests)]
pub struct IdempotentRequest {
    /// Who asked: keys are the caller's own.
    pub caller: String,
    /// The header's value.
    pub idempotency_key: String,
    /// What was asked: a digest of method, path and body.
    pub fingerprint: Vec<u8>,
    /// The answer's status.
    pub status: i64,
    /// The answer's `Location`.
    pub location: Option<String>,
    /// The answer's body, without secrets.
    pub body: Option<String>,
    /// Unix seconds.
    pub created_at: i64,
}

/// Remembers an answer, in the transaction of what it tells of.
///
/// # Errors
/// [`StoreError::UniqueViolation`] when the caller has used this key.
pub fn insert(transaction: &mut WriteTransaction<'_>, request: &IdempotentRequest) -> Result<(), StoreError> {
    diesel::insert_into(idempotent_requests::table).values(request).execute(transaction.connection)?;
    Ok(())
}

/// The request that `caller` sent with this key since `since`.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn find(
    connection: &mut DbConnection,
    caller: &str,
    key: &str,
    since: Timestamp,
) -> Result<Option<IdempotentRequest>, StoreError> {
    Ok(idempotent_requests::table
        .find((caller, key))
        .filter(idempotent_requests::created_at.ge(since.unix()))
        .first(connection)
        .optional()?)
}

/// Forgets this key of the caller, when it was used before `since`.
///
/// # Errors
/// [`StoreError`].
pub fn remove_old(transaction: &mut WriteTransaction<'_>, caller: &str, key: &str, since: Timestamp) -> Result<(), StoreError> {
    let old = idempotent_requests::table.find((caller, key)).filter(idempotent_requests::created_at.lt(since.unix()));
    diesel::delete(old).execute(transaction.connection)?;
    Ok(())
}

/// Forgets what was asked before `moment`.
///
/// # Errors
/// [`StoreError`].
pub fn remove_before(transaction: &mut WriteTransaction<'_>, moment: Timestamp) -> Result<usize, StoreError> {
    let old = idempotent_requests::table.filter(idempotent_requests::created_at.lt(moment.unix()));
    Ok(diesel::delete(old).execute(transaction.connection)?)
}
