//! The table of links that were sent by mail.

use diesel::prelude::*;

use super::schema::user_links;
use super::{DbConnection, StoreError, WriteTransaction};
use crate::domain::client_secret::SecretDigest;
use crate::domain::id::UserId;
use crate::domain::one_time_link::{LinkPurpose, OneTimeLink};
use crate::domain::time::Timestamp;

#[derive(Queryable, Insertable)]
#[diesel(table_name = user_links)]
struct Row {
    digest: Vec<u8>,
    user_id: String,
    purpose: String,
    created_at: i64,
    expires_at: i64,
}

/// Adds a link.
///
/// # Errors
/// [`StoreError::ForeignKeyViolation`] when the user is gone.
pub fn insert(transaction: &mut WriteTransaction<'_>, link: &OneTimeLink) -> Result<(), StoreError> {
    let row = Row {
        digest: link.digest.as_bytes().to_vec(),
        user_id: link.user_id.to_string(),
        purpose: link.purpose.as_str().to_owned(),
        created_at: link.created_at.unix(),
        expires_at: link.expires_at.unix(),
    };
    diesel::insert_into(user_links::table).values(row).execute(transaction.connection)?;
    Ok(())
}

/// Whose the link of this digest is, when it still works.
///
/// # Errors
/// [`StoreError`].
pub fn find_live(
    connection: &mut DbConnection,
    digest: &SecretDigest,
    purpose: LinkPurpose,
    now: Timestamp,
) -> Result<Option<UserId>, StoreError> {
    let row: Option<Row> = user_links::table
        .find(digest.as_bytes().as_slice())
        .filter(user_links::purpose.eq(purpose.as_str()))
        .filter(user_links::expires_at.gt(now.unix()))
        .first(connection)
        .optional()?;
    row.map(|row| row.user_id.parse().map_err(|detail| StoreError::corrupt("user_links", &row.user_id, detail))).transpose()
}

/// Removes every link of a user: one was used, or the person is kept out.
///
/// # Errors
/// [`StoreError`].
pub fn delete_of_user(transaction: &mut WriteTransaction<'_>, user_id: UserId) -> Result<usize, StoreError> {
    let all = user_links::table.filter(user_links::user_id.eq(user_id.to_string()));
    Ok(diesel::delete(all).execute(transaction.connection)?)
}

/// Removes the links that are dead at `now`.
///
/// # Errors
/// [`StoreError`].
pub fn remove_ended(transaction: &mut WriteTransaction<'_>, now: Timestamp) -> Result<usize, StoreError> {
    let dead = user_links::table.filter(user_links::expires_at.le(now.unix()));
    Ok(diesel::delete(dead).execute(transaction.connection)?)
}
