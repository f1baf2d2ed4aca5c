//! Secrets that were hashed by another server: recognised off the threads that answer requests, a few at a time, and
//! replaced by our own digest once they have been seen.
//!
//! Until then each request with such a secret would cost what the other server's hash costs. So the right secret is
//! remembered (as our digest) from its first use on, also while the database cannot be written to. Nothing that is
//! remembered counts without the key's entry in the directory: a secret that is gone from there is gone.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use quick_cache::sync::Cache;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::AppError;
use crate::crypto::digest::Pepper;
use crate::crypto::envelope::Envelope;
use crate::crypto::foreign_hash;
use crate::crypto::master_key::MasterKey;
use crate::domain::client_secret::SecretDigest;
use crate::domain::id::{ClientId, SecretId};
use crate::domain::key_entry::ForeignSecretEntry;
use crate::domain::time::Timestamp;
use crate::store::{Change, Db, StoreError, secrets};

/// How many slow hashes wait or are computed at once, for all secrets.
const MAX_QUEUED: usize = 64;
/// How many of them for one secret: guessing at one key must not fill the queue.
const MAX_QUEUED_FOR_ONE: usize = 16;
/// How long a request waits for its turn.
const WAIT: Duration = Duration::from_secs(3);
/// Right secrets remembered until every node has our digest.
const REMEMBERED: usize = 10_000;
/// Digests written in one transaction.
const BATCH: usize = 250;

/// Why a secret could not be compared: too many are being compared already.
#[derive(Clone, Copy, Debug)]
pub struct Busy;

/// See the module's documentation.
pub struct ForeignSecrets {
    envelope: Envelope,
    pepper: Pepper,
    seen: Cache<SecretId, SecretDigest>,
    unwritten: Mutex<HashMap<SecretId, (ClientId, SecretDigest)>>,
    turns: Arc<Semaphore>,
    queue: Arc<Queue>,
}

impl std::fmt::Debug for ForeignSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ForeignSecrets").finish_non_exhaustive()
    }
}

impl ForeignSecrets {
    /// Nothing seen yet.
    ///
    /// # Errors
    /// [`AppError::Crypto`].
    pub fn new(master_key: &MasterKey) -> Result<Self, AppError> {
        // Half of the cores at most: the other half answers requests.
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(Self {
            envelope: master_key.foreign_secret_envelope()?,
            pepper: master_key.pepper()?,
            seen: Cache::new(REMEMBERED),
            unwritten: Mutex::default(),
            turns: Arc::new(Semaphore::new((cores / 2).clamp(1, 4))),
            queue: Arc::default(),
        })
    }

    /// Whether `secret` is the one that was hashed. A hash that cannot be read is nobody's.
    ///
    /// # Errors
    /// `Busy`.
    pub async fn matches(&self, key: ClientId, stored: &ForeignSecretEntry, secret: &[u8]) -> Result<bool, Busy> {
        if self.was_seen(stored.id, secret) {
            return Ok(true);
        }
        let hash = match foreign_hash::open(&self.envelope, stored.id, &stored.hash) {
            Ok(hash) => hash,
            Err(error) => {
                log::error!(client_id:% = key, secret:% = stored.id; "the foreign hash of a secret is damaged: {error}");
                return Ok(false);
            }
        };
        let is_right = if hash.is_slow() { self.in_turn(stored.id, hash, secret).await? } else { hash.matches(secret) };
        if is_right {
            self.remember(key, stored.id, secret);
        }
        Ok(is_right)
    }

    async fn in_turn(&self, id: SecretId, hash: foreign_hash::ForeignHash, secret: &[u8]) -> Result<bool, Busy> {
        let place = Queue::enter(&self.queue, id)?;
        let turn = tokio::time::timeout(WAIT, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(Busy) };
        // Somebody before us in the queue may have brought the right one.
        if self.was_seen(id, secret) {
            return Ok(true);
        }
        let secret = Zeroizing::new(secret.to_vec());
        // The turn goes with the work: what is given up waiting for still takes its core.
        let work = tokio::task::spawn_blocking(move || {
            let (_place, _turn) = (place, turn);
            hash.matches(&secret)
        });
        work.await.map_err(|_| Busy)
    }

    fn was_seen(&self, id: SecretId, secret: &[u8]) -> bool {
        self.seen.get(&id).is_some_and(|digest| self.pepper.matches(secret, &digest))
    }

    fn remember(&self, key: ClientId, id: SecretId, secret: &[u8]) {
        let digest = self.pepper.digest(secret);
        self.seen.insert(id, digest.clone());
        if let Ok(mut unwritten) = self.unwritten.lock() {
            unwritten.insert(id, (key, digest));
        }
    }

    /// Puts our digests in the place of the foreign hashes whose secrets were seen; what could not be written is kept
    /// for the next time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn flush(&self, db: &Db, now: Timestamp) -> Result<usize, StoreError> {
        let taken = self.unwritten.lock().map(|mut unwritten| std::mem::take(&mut *unwritten)).unwrap_or_default();
        let mut digests: Vec<(SecretId, (ClientId, SecretDigest))> = taken.into_iter().collect();
        let mut replaced = 0;
        while !digests.is_empty() {
            let batch = digests.get(..BATCH).unwrap_or(&digests);
            let outcome = db.write(now, |transaction| {
                // Regenerations take this lock before they touch a secret, too.
                transaction.exclusively()?;
                let mut replaced = 0;
                for (id, (key, digest)) in batch {
                    if secrets::replace_foreign_hash(transaction, *id, digest)? {
                        transaction.changed(Change::ApiKey(*key));
                        replaced += 1;
                    }
                }
                Ok(replaced)
            });
            match outcome {
                Ok(count) => replaced += count,
                Err(error) => {
                    if let Ok(mut unwritten) = self.unwritten.lock() {
                        unwritten.extend(digests);
                    }
                    return Err(error);
                }
            }
            digests.drain(..batch.len());
        }
        Ok(replaced)
    }
}

/// Who waits or computes, by secret.
#[derive(Debug, Default)]
struct Queue {
    all: AtomicUsize,
    by_secret: Mutex<HashMap<SecretId, usize>>,
}

impl Queue {
    fn enter(queue: &Arc<Self>, id: SecretId) -> Result<Place, Busy> {
        let mut by_secret = queue.by_secret.lock().map_err(|_| Busy)?;
        let of_this = by_secret.get(&id).copied().unwrap_or(0);
        if of_this >= MAX_QUEUED_FOR_ONE || queue.all.load(Ordering::Relaxed) >= MAX_QUEUED {
            return Err(Busy);
        }
        by_secret.insert(id, of_this + 1);
        queue.all.fetch_add(1, Ordering::Relaxed);
        Ok(Place { queue: Arc::clone(queue), id })
    }
}

/// A place in the queue, given up when it is dropped.
struct Place {
    queue: Arc<Queue>,
    id: SecretId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let Ok(mut by_secret) = self.queue.by_secret.lock() else { return };
        self.queue.all.fetch_sub(1, Ordering::Relaxed);
        match by_secret.get_mut(&self.id) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(by_secret.remove(&self.id)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::client_secret::SealedHash;

    fn entry(secrets: &ForeignSecrets, id: u128, text: &str) -> ForeignSecretEntry {
        let id = SecretId::from_parts(1, id);
        let hash = foreign_hash::seal(&secrets.envelope, id, text).unwrap();
        ForeignSecretEntry { id, hash, expires_at: None }
    }

    #[test]
    fn one_secret_does_not_fill_the_queue() {
        let queue = Arc::new(Queue::default());
        let (one, two) = (SecretId::from_parts(1, 1), SecretId::from_parts(1, 2));
        let mut places: Vec<Place> = (0..MAX_QUEUED_FOR_ONE).map(|_| Queue::enter(&queue, one).ok().unwrap()).collect();
        assert!(Queue::enter(&queue, one).is_err());
        let other = Queue::enter(&queue, two).ok().unwrap();
        places.pop();
        places.push(Queue::enter(&queue, one).ok().unwrap());
        drop((places, other));
        assert_eq!(queue.all.load(Ordering::Relaxed), 0);
        assert!(queue.by_secret.lock().unwrap().is_empty());
    }

    #[test]
    fn the_queue_has_an_end() {
        let queue = Arc::new(Queue::default());
        let id = |n: usize| SecretId::from_parts(1, n as u128 / 8);
        let places: Vec<Place> = (0..MAX_QUEUED).map(|n| Queue::enter(&queue, id(n)).ok().unwrap()).collect();
        assert!(Queue::enter(&queue, SecretId::from_parts(2, 0)).is_err());
        drop(places);
        assert!(Queue::enter(&queue, SecretId::from_parts(2, 0)).is_ok());
    }

    #[actix_web::test]
    async fn what_was_seen_is_not_computed_again_and_counts_for_its_own_secret_alone() {
        let secrets = ForeignSecrets::new(&MasterKey::generate().unwrap()).unwrap();
        let key = ClientId::from_parts(1, 1);
        // bcrypt of "abc", made with Python's bcrypt 5.0.0.
        let abc = entry(&secrets, 1, "$2b$04$abcdefghijklmnopqrstuuCi15uRb1eH7NAlJ/TgeJertyknQpYn2");
        assert!(!secrets.matches(key, &abc, b"abd").await.unwrap());
        assert!(secrets.unwritten.lock().unwrap().is_empty());
        assert!(secrets.matches(key, &abc, b"abc").await.unwrap());
        assert_eq!(secrets.unwritten.lock().unwrap().len(), 1);
        secrets.turns.close();
        assert!(secrets.matches(key, &abc, b"abc").await.unwrap());
        assert!(secrets.matches(key, &abc, b"abd").await.is_err(), "it is not known to be wrong");
        let other = ForeignSecretEntry { id: SecretId::from_parts(1, 2), ..entry(&secrets, 1, "x") };
        assert!(!secrets.matches(key, &other, b"abc").await.unwrap(), "another secret's hash does not open");
    }

    #[actix_web::test]
    async fn f13_a_damaged_hash_is_nobodys() {
        let secrets = ForeignSecrets::new(&MasterKey::generate().unwrap()).unwrap();
        let damaged =
            ForeignSecretEntry { id: SecretId::from_parts(1, 1), hash: SealedHash::from_bytes(vec![7; 40]), expires_at: None };
        assert!(!secrets.matches(ClientId::from_parts(1, 1), &damaged, b"abc").await.unwrap());
    }
}
