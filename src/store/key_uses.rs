//! When each key was last used, for lists in that order.

use super::last_uses::{self, LastUse, Table};
use super::{Db, StoreError};
use crate::domain::id::ClientId;
use crate::domain::time::Timestamp;

/// Writes down when keys were used, each of which may stand in `uses` once; what their rows know of later stays. It is a
/// transaction of its own: rows of secrets' uses must not be held while one waits for a key's.
///
/// # Errors
/// [`StoreError`].
pub fn record(db: &Db, uses: &[LastUse<ClientId>], now: Timestamp) -> Result<(), StoreError> {
    if uses.is_empty() {
        return Ok(());
    }
    db.write(now, |transaction| last_uses::write(transaction, Table::Keys, uses))
}
