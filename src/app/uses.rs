//! When and from where each secret was last used: gathered in memory, written in batches.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;

use super::key_uses::KeyUses;
use super::recent_uses::RecentUses;
use crate::domain::id::{ClientId, SecretId};
use crate::domain::time::Timestamp;
use crate::store::last_uses::LastUse;
use crate::store::{Db, StoreError, WriteTransaction, key_uses, secret_uses};

const SHARDS: usize = 16;

/// This server makes the ids, and only those of keys that proved themselves come here: a quick hash does.
type Shard = HashMap<SecretId, (ClientId, LastUse<SecretId>), RandomState>;

/// As many uses as are written to the rows of their secrets and keys at once; the writer's lock is not held for long.
const FEW: usize = 1_000;

/// What has happened since the last flush.
#[derive(Debug, Default)]
pub struct Uses {
    shards: [Mutex<Shard>; SHARDS],
    /// Keys without a secret have their uses in their own row.
    keys: Mutex<HashMap<ClientId, (Timestamp, IpAddr), RandomState>>,
    /// For the secrets' rows, when very many are in use.
    recent: RecentUses,
    /// For the rows of the other keys.
    rows: KeyUses,
    hasher: RandomState,
}

impl Uses {
    /// Notes that a token was issued to a key, by the secret that it has shown, if it has any.
    pub fn record(&self, key: ClientId, secret: Option<SecretId>, at: Timestamp, ip: IpAddr) {
        let Some(secret) = secret else {
            if let Ok(mut keys) = self.keys.lock() {
                keys.insert(key, (at, ip));
            }
            return;
        };
        let Some(Ok(mut shard)) = self.shard(secret).map(Mutex::lock) else { return };
        let newer = LastUse { id: secret, at, ip };
        shard.entry(secret).and_modify(|(_, known)| *known = LastUse { at: known.at.max(at), ..newer }).or_insert((key, newer));
    }

    /// Writes what has gathered; what could not be written is kept for the next time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn flush(&self, db: &Db, now: Timestamp) -> Result<(), StoreError> {
        let mut gathered: Vec<(ClientId, LastUse<SecretId>)> = Vec::new();
        for shard in &self.shards {
            // The next round is much like this one: the map keeps its room.
            if let Ok(mut shard) = shard.lock() {
                let fresh = Shard::with_capacity_and_hasher(shard.len(), shard.hasher().clone());
                let taken = std::mem::replace(&mut *shard, fresh);
                drop(shard);
                gathered.extend(taken.into_values());
            }
        }
        // Neighbours in the table are neighbours here, so that a page is written once.
        gathered.sort_unstable_by_key(|(_, new)| new.id);
        self.rows.note(gathered.iter().map(|(key, new)| LastUse { id: *key, at: new.at, ip: new.ip }));
        let (keys, uses): (Vec<ClientId>, Vec<LastUse<SecretId>>) = gathered.into_iter().unzip();
        let write = |transaction: &mut WriteTransaction<'_>| match uses.len() {
            ..=FEW => secret_uses::record(transaction, &uses),
            _ => self.recent.append(transaction, &uses, now),
        };
        let written = if uses.is_empty() { Ok(()) } else { db.write(now, write) };
        if written.is_err() {
            self.put_back(keys.into_iter().zip(uses));
            return written;
        }
        self.flush_keys(db, now)
    }

    /// Writes the rows of secrets that have taken the detour, and those by which lists are ordered, as far as that is due. What
    /// could not be written is kept for the next time. The `last` time lists get all of theirs; the others stand in the database
    /// already.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn flush_rows(&self, db: &Db, now: Timestamp, last: bool) -> Result<(), StoreError> {
        let moved = if last { Ok(()) } else { self.recent.move_on(db, now) };
        self.rows.flush(db, now, last)?;
        moved
    }

    fn flush_keys(&self, db: &Db, now: Timestamp) -> Result<(), StoreError> {
        let taken = self.keys.lock().map(|mut keys| std::mem::take(&mut *keys)).unwrap_or_default();
        let mut used: Vec<_> = taken.iter().map(|(key, (at, ip))| LastUse { id: *key, at: *at, ip: *ip }).collect();
        used.sort_unstable_by_key(|new| new.id);
        let written = used.chunks(FEW).try_for_each(|batch| key_uses::record(db, batch, now));
        if let (Err(_), Ok(mut keys)) = (&written, self.keys.lock()) {
            for (key, older) in taken {
                keys.entry(key).or_insert(older);
            }
        }
        written
    }

    fn put_back(&self, unwritten: impl Iterator<Item = (ClientId, LastUse<SecretId>)>) {
        for (key, new) in unwritten {
            let Some(Ok(mut shard)) = self.shard(new.id).map(Mutex::lock) else { continue };
            shard.entry(new.id).or_insert((key, new));
        }
    }

    fn shard(&self, secret: SecretId) -> Option<&Mutex<Shard>> {
        self.shards.get(usize::try_from(self.hasher.hash_one(secret) % SHARDS as u64).unwrap_or(0))
    }
}

/// Rows in one transaction: the writer's lock is not held for long.
const BATCH: usize = 500;

/// Writes a queue from its end, some at a time, for about as long as `within`; what is left over, or could not be written,
/// stays in it.
///
/// # Errors
/// What `write` returns.
pub(super) fn work_off<T>(
    queue: &mut Vec<T>,
    within: Duration,
    mut write: impl FnMut(&[T]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let started = Instant::now();
    while !queue.is_empty() && started.elapsed() < within {
        let rest = queue.len().saturating_sub(BATCH);
        write(queue.get(rest..).unwrap_or_default())?;
        queue.truncate(rest);
    }
    Ok(())
}
