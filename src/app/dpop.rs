//! What a token is to be bound to: a DPoP proof's key (RFC 9449) or the client's certificate (RFC 8705). Whether a proof
//! holds at the token endpoint, and that each is used once, also at the management API.

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
const PROOF_NEEDED: &str = "tokens must be bound here: send a DPoP proof";

/// The same where certificates are taken.
const PROOF_OR_CERTIFICATE_NEEDED: &str = "tokens must be bound here: send a DPoP proof or come with a certificate";

/// What a client has shown to hold.
#[derive(Debug)]
pub(super) enum Possession {
    /// Nothing, or nothing that its tokens are to be bound to.
    Unasked,
    /// The key of a proof; the proof is not used up yet.
    Proof(Proof),
    /// The certificate of this thumbprint.
    Certificate(String),
}

impl Possession {
    /// What the client's next proof needs.
    pub(super) fn take_next_nonce(&mut self) -> Option<String> {
        match self {
            Self::Proof(proof) => proof.next_nonce.take(),
            Self::Unasked | Self::Certificate(_) => None,
        }
    }
}

impl TokenIssuer {
    /// What the token of a request is to be bound to. A proof, which the client sends for that alone, comes before a
    /// certificate, which it may have for other reasons: those bind the tokens of keys that prove themselves by one, and of
    /// keys whose tokens must be bound.
    ///
    /// # Errors
    /// [`ProofRefused`].
    pub(super) fn check_proof(
        &self,
        raw: &RawClientRequest<'_>,
        key: &KeyEntry,
        now: Timestamp,
    ) -> Result<Possession, ProofRefused> {
        let profile = self.profile_for(key);
        if raw.proofs.is_empty() {
            let is_bound = key.require_bound_tokens || key.auth_method.uses_certificate() || profile.requires_bound_tokens();
            return match raw.certificate.presented() {
                _ if !is_bound => Ok(Possession::Unasked),
                Some(certificate) => Ok(Possession::Certificate(certificate.thumbprint())),
                None if self.mutual_tls.is_some() => Err(ProofRefused::Invalid(PROOF_OR_CERTIFICATE_NEEDED)),
                None => Err(ProofRefused::Invalid(PROOF_NEEDED)),
            };
        }
        let request = ProvenRequest { proofs: &raw.proofs, method: "POST", path: paths::TOKEN, access_token: None };
        self.proofs.check(&request, profile, now).map(Possession::Proof)
    }

    /// What the token is bound to by it; a proof is used up, on all nodes.
    ///
    /// # Errors
    /// It was used before, or whether it was cannot be said now.
    pub(super) async fn use_up(&self, possession: Possession) -> Result<Binding, Refusal> {
        let proof = match possession {
            Possession::Unasked => return Ok(Binding::None),
            Possession::Certificate(thumbprint) => return Ok(Binding::Certificate(thumbprint)),
            Possession::Proof(proof) => proof,
        };
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
