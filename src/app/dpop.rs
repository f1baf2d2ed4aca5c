//! Proofs of possession (RFC 9449): whether one holds at the token endpoint, and that each is used once, also at the
//! management API.

use super::issue_token::{Refusal, TokenIssuer};
use super::one_time::OneTimeKind;
use crate::directory::LookupError;
use crate::domain::key_entry::KeyEntry;
use crate::domain::time::Timestamp;
use crate::oauth::binding::Binding;
use crate::oauth::client_request::RawClientRequest;
use crate::oauth::dpop::{Proof, ProofRefused, ProvenRequest};
use crate::oauth::error::OAuthError;
use crate::oauth::metadata::paths;

/// What whoever comes again with a proof is told.
pub(super) const USED_BEFORE: &str = "the proof was used before; each request needs a new one";

/// What is said when the key's tokens must be bound, and there is nothing to bind one to.
const PROOF_NEEDED: &str = "the tokens of this key must be bound: send a DPoP proof";

impl TokenIssuer {
    /// The proof of a request for a token; `None`: there is none, and the key's tokens need none.
    ///
    /// # Errors
    /// [`ProofRefused`].
    pub(super) fn check_proof(
        &self,
        raw: &RawClientRequest<'_>,
        key: &KeyEntry,
        now: Timestamp,
    ) -> Result<Option<Proof>, ProofRefused> {
        if raw.proofs.is_empty() {
            return if key.require_bound_tokens { Err(ProofRefused::Invalid(PROOF_NEEDED)) } else { Ok(None) };
        }
        let request = ProvenRequest { proofs: &raw.proofs, method: "POST", path: paths::TOKEN, access_token: None };
        self.proofs.check(&request, now).map(Some)
    }

    /// Uses a proof, on all nodes, and answers with what the token is bound to by it.
    ///
    /// # Errors
    /// It was used before, or whether it was cannot be said now.
    pub(super) async fn use_up(&self, proof: Proof) -> Result<Binding, Refusal> {
        if !self.is_first_use(&proof).await? {
            return Err(OAuthError::InvalidDpopProof(USED_BEFORE).into());
        }
        Ok(Binding::Dpop(proof.jkt))
    }

    /// Whether nobody has used this proof before, on any node. Asked last of all: from then on it is used.
    ///
    /// # Errors
    /// [`LookupError`] when nothing can be said now.
    pub(super) async fn is_first_use(&self, proof: &Proof) -> Result<bool, LookupError> {
        self.one_time.use_once(OneTimeKind::DpopProof, &proof.jkt, &proof.jti, proof.ends_at).await
    }
}
