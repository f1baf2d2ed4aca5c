//! The detour that uses of very many secrets take.
//!
//! Each secret's own row is written every five minutes then, in the order of the table: neighbours share the writing of a page,
//! which costs more than a row. Until then the uses stand, many in one row, in a table of their own, where every reader looks
//! too. To write a use twice does no harm, so nothing is lost or wrong when a node ends in between.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::uses::work_off;
use crate::domain::id::SecretId;
use crate::domain::time::Timestamp;
use crate::store::last_uses::LastUse;
use crate::store::{Db, StoreError, WriteTransaction, recent_secret_uses, secret_uses};

/// How long uses wait, in seconds.
const WAIT: i64 = 300;

/// How many wait at most, 40 bytes each: whoever reads a list of keys may have to read them all. About as many are held in
/// memory while they are written.
const MANY: usize = 1_000_000;

/// How long they wait, in seconds, when the node that wrote them is gone: then any other takes them.
const LEFT_BEHIND: i64 = 900;

/// How long rows are written before other work gets its turn; what is left over waits.
const WRITING: Duration = Duration::from_millis(1_000);

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct RecentUses {
    node: i64,
    moving: Mutex<Moving>,
}

#[derive(Debug, Default)]
struct Moving {
    /// When all that waited was last taken.
    since: Option<Timestamp>,
    /// How many were written since then.
    waiting: usize,
    /// The rows that are being moved.
    rows: Vec<i64>,
    /// Their uses that are not written yet, the first in order last.
    queue: Vec<LastUse<SecretId>>,
}

impl Default for RecentUses {
    fn default() -> Self {
        // Chance tells nodes apart; two that were the same would do each other's work, no more.
        Self { node: RandomState::new().hash_one(()).cast_signed(), moving: Mutex::default() }
    }
}

impl RecentUses {
    /// Writes uses down, which are in the order of their secrets.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) fn append(
        &self,
        transaction: &mut WriteTransaction<'_>,
        uses: &[LastUse<SecretId>],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        recent_secret_uses::append(transaction, self.node, uses, now)?;
        self.moving().waiting += uses.len();
        Ok(())
    }

    /// Writes what has waited long enough to the secrets' own rows.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) fn move_on(&self, db: &Db, now: Timestamp) -> Result<(), StoreError> {
        let mut moving = self.moving();
        let Moving { since, waiting, rows, queue } = &mut *moving;
        if rows.is_empty() {
            if *waiting < MANY && !now.ends(*since.get_or_insert(now), WAIT) {
                return Ok(());
            }
            let recent = now.plus_seconds(-LEFT_BEHIND)..now.plus_seconds(LEFT_BEHIND);
            (*rows, *queue) = db.read(|connection| recent_secret_uses::take(connection, self.node, &recent, MANY))?;
            queue.reverse();
            // The others get their turn when they are as many again.
            (*since, *waiting) = (Some(now), 0);
        }
        work_off(queue, WRITING, |batch| db.write(now, |transaction| secret_uses::record(transaction, batch)))?;
        if queue.is_empty() && !rows.is_empty() {
            db.write(now, |transaction| recent_secret_uses::remove(transaction, rows))?;
            rows.clear();
        }
        Ok(())
    }

    fn moving(&self) -> MutexGuard<'_, Moving> {
        self.moving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
