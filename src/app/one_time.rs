//! What a client may use once: an assertion, a proof. Remembered in the database, so that of all nodes one takes it, and so
//! that a restart forgets nothing. Those that come at the same time are noted in one transaction.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::together::{Bounds, Together, Written};
use crate::clock;
use crate::crypto::digest::fingerprint;
use crate::directory::LookupError;
use crate::domain::time::Timestamp;
use crate::store::used_proofs::{self, OneTimeProof};
use crate::store::{Db, StoreError};

/// Who has given up waiting has not used it.
const BOUNDS: Bounds = Bounds { at_once: 256, waiting: 10_000, wait: Duration::from_millis(900), keeps_abandoned: false };

/// What kind of thing is used: the same `jti` may stand in one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OneTimeKind {
    /// A client's assertion (RFC 7523).
    ClientAssertion,
    /// A proof of possession (RFC 9449).
    DpopProof,
}

impl OneTimeKind {
    const fn as_bytes(self) -> &'static [u8] {
        match self {
            Self::ClientAssertion => b"client_assertion",
            Self::DpopProof => b"dpop_proof",
        }
    }
}

/// Remembers what was used.
#[derive(Debug)]
pub struct OneTimeProofs(Arc<Together<OneTimeProof, bool>>);

impl OneTimeProofs {
    /// Remembered in that database.
    pub fn new(db: Db) -> Self {
        Self(Arc::new(Together::new(BOUNDS, move |proofs| note_all(&db, &proofs))))
    }

    /// Whether this is the first use of `jti` of `owner` (a key's id, an issuer, a thumbprint); from now on it is used.
    /// `expires_at` is when it would be refused anyway. What is noted and not answered in time counts as used.
    ///
    /// # Errors
    /// [`LookupError::Unavailable`] when the database does not say.
    pub async fn use_once(&self, kind: OneTimeKind, owner: &str, jti: &str, expires_at: Timestamp) -> Result<bool, LookupError> {
        let digest = URL_SAFE_NO_PAD.encode(fingerprint([kind.as_bytes(), owner.as_bytes(), jti.as_bytes()]));
        self.0.write(OneTimeProof { digest, expires_at }).await
    }
}

fn note_all(db: &Db, proofs: &[OneTimeProof]) -> Vec<Written<bool>> {
    match note(db, proofs) {
        // Another node noted one of these at the same moment: each for itself, then.
        Err(StoreError::UniqueViolation(_)) => proofs.iter().map(|proof| note_one(db, proof)).collect(),
        Ok(first) => first.into_iter().map(Ok).collect(),
        Err(error) => {
            let error = LookupError::from(error);
            proofs.iter().map(|_| Err(error.clone())).collect()
        }
    }
}

fn note_one(db: &Db, proof: &OneTimeProof) -> Written<bool> {
    match note(db, std::slice::from_ref(proof)) {
        Ok(first) => Ok(first == [true]),
        Err(StoreError::UniqueViolation(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn note(db: &Db, proofs: &[OneTimeProof]) -> Result<Vec<bool>, StoreError> {
    db.write(clock::now(), |transaction| used_proofs::note(transaction, proofs))
}
