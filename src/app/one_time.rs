//! What a client may use once: an assertion, a proof. Remembered in the database, so that of all nodes one takes it, and so
//! that a restart forgets nothing. Those that come at the same time are noted in one transaction.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::sync::oneshot;

use crate::clock;
use crate::crypto::digest::fingerprint;
use crate::directory::LookupError;
use crate::domain::time::Timestamp;
use crate::store::used_proofs::{self, OneTimeProof};
use crate::store::{Db, StoreError};

/// Proofs in one transaction: none of them waits long for the others.
const TOGETHER: usize = 256;
/// Proofs that may wait: past that the database is so far behind that it would answer in vain.
const MOST_WAITING: usize = 10_000;
/// How long a request waits for the database before it is told to come again.
const WAIT: Duration = Duration::from_millis(900);

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
pub struct OneTimeProofs {
    db: Db,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    asked: Vec<Asked>,
    is_noting: bool,
}

#[derive(Debug)]
struct Asked {
    proof: OneTimeProof,
    answer: oneshot::Sender<Answer>,
}

type Answer = Result<bool, LookupError>;

impl OneTimeProofs {
    /// Remembered in that database.
    pub fn new(db: Db) -> Self {
        Self { db, waiting: Mutex::default() }
    }

    /// Whether this is the first use of `jti` of `owner` (a key's id, an issuer, a thumbprint); from now on it is used.
    /// `expires_at` is when it would be refused anyway. What is noted and not answered in time counts as used.
    ///
    /// # Errors
    /// [`LookupError::Unavailable`] when the database does not say.
    pub async fn use_once(
        self: &Arc<Self>,
        kind: OneTimeKind,
        owner: &str,
        jti: &str,
        expires_at: Timestamp,
    ) -> Result<bool, LookupError> {
        let digest = URL_SAFE_NO_PAD.encode(fingerprint([kind.as_bytes(), owner.as_bytes(), jti.as_bytes()]));
        let (answer, answered) = oneshot::channel();
        let must_start = {
            let mut waiting = self.waiting();
            if waiting.asked.len() >= MOST_WAITING {
                return Err(LookupError::Unavailable("too many proofs wait for the database".to_owned()));
            }
            waiting.asked.push(Asked { proof: OneTimeProof { digest, expires_at }, answer });
            !std::mem::replace(&mut waiting.is_noting, true)
        };
        if must_start {
            let this = Arc::clone(self);
            tokio::task::spawn_blocking(move || this.note_waiting());
        }
        match tokio::time::timeout(WAIT, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(LookupError::Unavailable("the noting of a proof was cut short".to_owned())),
            Err(_) => Err(LookupError::Unavailable("the database did not note a proof in time".to_owned())),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_waiting(&self) {
        let mut noting = Noting(Some(self));
        loop {
            let asked: Vec<Asked> = {
                let mut waiting = self.waiting();
                let count = waiting.asked.len().min(TOGETHER);
                if count == 0 {
                    waiting.is_noting = false;
                    break;
                }
                waiting.asked.drain(..count).collect()
            };
            // Who has given up waiting has not used it.
            self.note(asked.into_iter().filter(|asked| !asked.answer.is_closed()).collect());
        }
        noting.0 = None;
    }

    fn note(&self, asked: Vec<Asked>) {
        let (proofs, answers): (Vec<_>, Vec<_>) = asked.into_iter().map(|asked| (asked.proof, asked.answer)).unzip();
        let outcome = match self.write(&proofs) {
            // Another node noted one of these at the same moment: each for itself, then.
            Err(StoreError::UniqueViolation(_)) => proofs.iter().map(|proof| self.note_one(proof)).collect(),
            Ok(first) => first.into_iter().map(Ok).collect(),
            Err(error) => {
                let error = LookupError::from(error);
                proofs.iter().map(|_| Err(error.clone())).collect::<Vec<Answer>>()
            }
        };
        // Who asked may have given up.
        answers.into_iter().zip(outcome).for_each(|(asked, answer)| drop(asked.send(answer)));
    }

    fn note_one(&self, proof: &OneTimeProof) -> Answer {
        match self.write(std::slice::from_ref(proof)) {
            Ok(first) => Ok(first == [true]),
            Err(StoreError::UniqueViolation(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn write(&self, proofs: &[OneTimeProof]) -> Result<Vec<bool>, StoreError> {
        if proofs.is_empty() {
            return Ok(Vec::new());
        }
        self.db.write(clock::now(), |transaction| used_proofs::note(transaction, proofs))
    }
}

/// The one task that notes. One that panics makes room for another.
struct Noting<'a>(Option<&'a OneTimeProofs>);

impl Drop for Noting<'_> {
    fn drop(&mut self) {
        if let Some(proofs) = self.0 {
            proofs.waiting().is_noting = false;
        }
    }
}
