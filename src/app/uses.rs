//! When and from where each secret was last used: gathered in memory, written in batches.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::sync::Mutex;

use foldhash::fast::RandomState;

use super::key_uses::KeyUses;
use crate::domain::id::{ClientId, SecretId};
use crate::domain::time::Timestamp;
use crate::store::key_uses::KeyUse;
use crate::store::secrets::{self, NewUse};
use crate::store::{Db, StoreError, key_uses};

const SHARDS: usize = 16;

/// This server makes the ids, and only those of keys that proved themselves come here: a quick hash does.
type Shard = HashMap<SecretId, NewUse, RandomState>;

/// Rows in one transaction: the writer's lock is not held for long.
const BATCH: usize = 1_000;

/// What has happened since the last flush.
#[derive(Debug, Default)]
pub struct Uses {
    shards: [Mutex<Shard>; SHARDS],
    /// Keys without a secret have their uses in their own row.
    keys: Mutex<HashMap<ClientId, (Timestamp, IpAddr), RandomState>>,
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
        let entry = shard.entry(secret).or_insert(NewUse { key, secret, last_at: at, last_ip: ip, tokens: 0 });
        entry.last_at = entry.last_at.max(at);
        entry.last_ip = ip;
        entry.tokens += 1;
    }

    /// Writes what has gathered; what could not be written is kept for the next time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn flush(&self, db: &Db, now: Timestamp) -> Result<usize, StoreError> {
        let mut gathered: Vec<NewUse> = Vec::new();
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
        gathered.sort_unstable_by_key(|new| new.secret);
        self.rows.note(gathered.iter().map(|new| KeyUse { key: new.key, at: new.last_at, ip: new.last_ip }));
        let mut batches = gathered.chunks(BATCH);
        while let Some(batch) = batches.next() {
            let outcome = db.write(now, |transaction| secrets::record_uses(transaction, batch));
            if let Err(error) = outcome {
                self.put_back(batch);
                batches.for_each(|rest| self.put_back(rest));
                return Err(error);
            }
        }
        self.flush_keys(db, now)?;
        Ok(gathered.len())
    }

    /// Writes the rows by which lists are ordered, as far as that is due: all of them, when it is the `last` time. What could
    /// not be written is kept for the next time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn flush_rows(&self, db: &Db, now: Timestamp, last: bool) -> Result<(), StoreError> {
        self.rows.flush(db, now, last)
    }

    fn flush_keys(&self, db: &Db, now: Timestamp) -> Result<(), StoreError> {
        let taken = self.keys.lock().map(|mut keys| std::mem::take(&mut *keys)).unwrap_or_default();
        let mut used: Vec<KeyUse> = taken.iter().map(|(key, (at, ip))| KeyUse { key: *key, at: *at, ip: *ip }).collect();
        used.sort_unstable_by_key(|new| new.key);
        let written = used.chunks(BATCH).try_for_each(|batch| key_uses::record(db, batch, now));
        if let (Err(_), Ok(mut keys)) = (&written, self.keys.lock()) {
            for (key, older) in taken {
                keys.entry(key).or_insert(older);
            }
        }
        written
    }

    fn put_back(&self, batch: &[NewUse]) {
        for unwritten in batch {
            let Some(Ok(mut shard)) = self.shard(unwritten.secret).map(Mutex::lock) else { continue };
            shard.entry(unwritten.secret).and_modify(|newer| newer.tokens += unwritten.tokens).or_insert(*unwritten);
        }
    }

    fn shard(&self, secret: SecretId) -> Option<&Mutex<Shard>> {
        self.shards.get(usize::try_from(self.hasher.hash_one(secret) % SHARDS as u64).unwrap_or(0))
    }
}
