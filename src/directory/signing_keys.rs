//! The signing keys in memory: which one signs now, and the JWKS.

use std::sync::Arc;

use serde::Serialize;

use crate::crypto::jwk::PublicJwk;
use crate::crypto::master_key::MasterKey;
use crate::crypto::signing::SigningPair;
use crate::domain::signing_key::{KeyDates, KeyState, state};
use crate::domain::time::Timestamp;
use crate::store::{Db, StoreError, signing_keys};

/// Every signing key that is or will be of use. Immutable, replaced as a whole.
#[derive(Debug)]
pub struct SigningKeys {
    dates: Vec<KeyDates>,
    /// `None`: out of the JWKS for good when it was read, so never decrypted.
    pairs: Vec<Option<Arc<SigningPair>>>,
}

/// A JSON Web Key Set (RFC 7517 section 5).
#[derive(Debug, Serialize)]
pub struct Jwks<'a> {
    /// Public keys only.
    pub keys: Vec<&'a PublicJwk>,
}

impl SigningKeys {
    /// The key that signs at `now`; `None` only when there is none at all.
    pub fn signer(&self, now: Timestamp) -> Option<&Arc<SigningPair>> {
        self.in_state(now, |s| s == KeyState::Signing).next()
    }

    /// The public keys that are published at `now`, the newest last.
    pub fn published(&self, now: Timestamp) -> impl Iterator<Item = &Arc<SigningPair>> + Clone {
        self.in_state(now, KeyState::is_published)
    }

    /// The JWKS at `now`.
    pub fn jwks(&self, now: Timestamp) -> Jwks<'_> {
        Jwks { keys: self.published(now).map(|pair| pair.public_jwk()).collect() }
    }

    fn in_state(
        &self,
        now: Timestamp,
        wanted: impl Fn(KeyState) -> bool + Clone,
    ) -> impl Iterator<Item = &Arc<SigningPair>> + Clone {
        self.pairs
            .iter()
            .enumerate()
            .filter(move |(index, _)| wanted(state(&self.dates, *index, now)))
            .filter_map(|(_, pair)| pair.as_ref())
    }
}

/// For how long after its expiry a key is still held ready.
const KEEP_EXPIRED_SECONDS: i64 = 30 * 86_400;

/// Reads the signing keys and decrypts those of use.
///
/// # Errors
/// [`StoreError::Corrupt`] when one cannot be decrypted or is not the key that its row says.
pub fn load(db: &Db, master_key: &MasterKey) -> Result<SigningKeys, StoreError> {
    let stored = db.read(signing_keys::all)?;
    let now = crate::clock::now();
    let dates: Vec<KeyDates> = stored.iter().map(|key| key.dates).collect();
    let envelope = master_key.envelope().map_err(|error| StoreError::Refused(error.to_string()))?;
    let mut pairs = Vec::with_capacity(stored.len());
    for (index, key) in stored.iter().enumerate() {
        // Generously: this node's clock may be ahead, and be set right after the key was read.
        let long_ago = now.plus_seconds(-KEEP_EXPIRED_SECONDS);
        if key.dates.revoked_at.is_some() || state(&dates, index, long_ago) == KeyState::Expired {
            pairs.push(None);
            continue;
        }
        let damaged = |detail: &dyn std::fmt::Display| StoreError::corrupt("signing_keys", &key.kid, detail);
        let der = envelope.open(&key.encrypted_private_key, key.kid.as_bytes()).map_err(|error| damaged(&error))?;
        let pair = SigningPair::from_pkcs8(key.algorithm, &der).map_err(|error| damaged(&error))?;
        if pair.kid() != key.kid {
            return Err(damaged(&"its private half belongs to another key"));
        }
        pairs.push(Some(Arc::new(pair)));
    }
    Ok(SigningKeys { dates, pairs })
}
