//! The table of single tokens that were revoked before their end.

use diesel::prelude::*;

use super::schema::revoked_tokens;
use super::{Change, DbConnection, StoreError, WriteTransaction};
use crate::domain::id::ClientId;
use crate::domain::time::Timestamp;
use crate::domain::token_id::TokenId;

/// Revokes a token, unless it is revoked already. `expires_at` is the token's own end.
///
/// # Errors
/// [`StoreError`].
pub fn insert(
    transaction: &mut WriteTransaction<'_>,
    id: TokenId,
    client_id: ClientId,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let text = id.to_string();
    let is_there = revoked_tokens::table.find(&text).count().get_result::<i64>(transaction.connection)? > 0;
    if !is_there {
        diesel::insert_into(revoked_tokens::table)
            .values((
                revoked_tokens::token_id.eq(&text),
                revoked_tokens::client_id.eq(client_id.to_string()),
                revoked_tokens::revoked_at.eq(now.unix()),
                revoked_tokens::expires_at.eq(expires_at.unix()),
            ))
            .execute(transaction.connection)?;
        transaction.changed(Change::Token(id));
    }
    Ok(())
}

/// Every revoked token that would be live at `now`, with its end.
///
/// # Errors
/// [`StoreError`], also for a row that is damaged.
pub fn live(connection: &mut DbConnection, now: Timestamp) -> Result<Vec<(TokenId, Timestamp)>, StoreError> {
    let rows: Vec<(String, i64)> = revoked_tokens::table
        .filter(revoked_tokens::expires_at.gt(now.unix()))
        .select((revoked_tokens::token_id, revoked_tokens::expires_at))
        .load(connection)?;
    rows.into_iter()
        .map(|(id, expires_at)| {
            let parsed = id.parse().map_err(|detail| StoreError::corrupt("revoked_tokens", &id, detail))?;
            Ok((parsed, Timestamp::from_unix(expires_at)))
        })
        .collect()
}

/// Removes the tokens that had ended at `moment`.
///
/// # Errors
/// [`StoreError`].
pub fn remove_ended(transaction: &mut WriteTransaction<'_>, moment: Timestamp) -> Result<usize, StoreError> {
    Ok(diesel::delete(revoked_tokens::table.filter(revoked_tokens::expires_at.le(moment.unix())))
        .execute(transaction.connection)?)
}
