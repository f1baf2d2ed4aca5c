//! The table of single tokens that were revoked before their end.

use std::collections::HashSet;

use diesel::prelude::*;

use super::schema::revoked_tokens;
use super::{Change, DbConnection, StoreError, WriteTransaction};
use crate::domain::id::ClientId;
use crate::domain::time::Timestamp;
use crate::domain::token_id::TokenId;

/// A token that is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevokedToken {
    /// Its name.
    pub id: TokenId,
    /// To which key it was issued.
    pub client_id: ClientId,
    /// When it was revoked.
    pub revoked_at: Timestamp,
    /// Its own end.
    pub expires_at: Timestamp,
}

/// Revokes tokens, those that are not revoked already. The caller holds the writers' lock.
///
/// # Errors
/// [`StoreError`].
pub fn insert(transaction: &mut WriteTransaction<'_>, tokens: &[RevokedToken]) -> Result<(), StoreError> {
    let ids: Vec<String> = tokens.iter().map(|token| token.id.to_string()).collect();
    let known: Vec<String> = revoked_tokens::table
        .filter(revoked_tokens::token_id.eq_any(&ids))
        .select(revoked_tokens::token_id)
        .load(transaction.connection)?;
    let mut known: HashSet<&str> = known.iter().map(String::as_str).collect();
    let mut rows = Vec::with_capacity(tokens.len());
    for (token, id) in tokens.iter().zip(&ids) {
        if known.insert(id) {
            rows.push((
                revoked_tokens::token_id.eq(id),
                revoked_tokens::client_id.eq(token.client_id.to_string()),
                revoked_tokens::revoked_at.eq(token.revoked_at.unix()),
                revoked_tokens::expires_at.eq(token.expires_at.unix()),
            ));
            transaction.changed(Change::Token(token.id));
        }
    }
    insert_rows!(transaction, revoked_tokens::table, rows);
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
