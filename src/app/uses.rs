//! When and from where each secret was last used: gathered in memory, written in batches.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Mutex;

use crate::domain::id::SecretId;
use crate::domain::time::Timestamp;
use crate::store::{Db, StoreError, secrets};

#[derive(Clone, Copy, Debug)]
struct Use {
    at: Timestamp,
    ip: IpAddr,
    tokens: i64,
}

const SHARDS: usize = 16;

/// Rows in one transaction: the writer's lock is not held for long.
const BATCH: usize = 2_000;

/// What has happened since the last flush.
#[derive(Debug, Default)]
pub struct Uses {
    shards: [Mutex<HashMap<SecretId, Use>>; SHARDS],
    hasher: RandomState,
}

impl Uses {
    /// Notes that a token was issued for `secret`.
    pub fn record(&self, secret: SecretId, at: Timestamp, ip: IpAddr) {
        let shard = usize::try_from(self.hasher.hash_one(secret) % SHARDS as u64).unwrap_or(0);
        let Some(Ok(mut shard)) = self.shards.get(shard).map(Mutex::lock) else { return };
        let entry = shard.entry(secret).or_insert(Use { at, ip, tokens: 0 });
        entry.at = entry.at.max(at);
        entry.ip = ip;
        entry.tokens += 1;
    }

    /// Writes what has gathered; what could not be written is kept for the next time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn flush(&self, db: &Db, now: Timestamp) -> Result<usize, StoreError> {
        let mut gathered: Vec<(SecretId, Use)> = Vec::new();
        for shard in &self.shards {
            gathered.extend(shard.lock().map(|mut shard| std::mem::take(&mut *shard)).unwrap_or_default());
        }
        // In one order on every node: two that write the same rows must not wait for each other.
        gathered.sort_unstable_by_key(|(id, _)| *id);
        let mut batches = gathered.chunks(BATCH);
        while let Some(batch) = batches.next() {
            let outcome = db.write(now, |transaction| {
                batch.iter().try_for_each(|(id, u)| secrets::record_use(transaction, *id, u.at, u.ip, u.tokens))
            });
            if let Err(error) = outcome {
                self.put_back(batch);
                batches.for_each(|rest| self.put_back(rest));
                return Err(error);
            }
        }
        Ok(gathered.len())
    }

    fn put_back(&self, batch: &[(SecretId, Use)]) {
        for (id, unwritten) in batch {
            let shard = usize::try_from(self.hasher.hash_one(*id) % SHARDS as u64).unwrap_or(0);
            let Some(Ok(mut shard)) = self.shards.get(shard).map(Mutex::lock) else { continue };
            shard.entry(*id).and_modify(|newer| newer.tokens += unwritten.tokens).or_insert(*unwritten);
        }
    }
}
