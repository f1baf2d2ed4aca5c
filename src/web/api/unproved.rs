//! Tokens that need a proof, or come with one, and are not accepted: the challenge of RFC 9449 section 7.1.

use crate::crypto::dpop_proof::PROOF_ALGORITHMS;
use crate::oauth::error::OAuthError;

/// What is wrong.
#[derive(Debug)]
pub(in crate::web) enum Unproved {
    /// The token: it is dead, came without a proof, or is bound to another key than the proof's. The cause is for the log.
    Token { cause: String },
    /// The proof; says why.
    Proof(&'static str),
    /// The proof has no nonce of this server; the one to use.
    Nonce(String),
}

impl Unproved {
    /// The registered name of the error.
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::Token { .. } => "invalid_token",
            Self::Proof(why) => OAuthError::InvalidDpopProof(why).code(),
            Self::Nonce(_) => OAuthError::UseDpopNonce.code(),
        }
    }

    /// A sentence for whoever sent it.
    pub(super) const fn description(&self) -> &'static str {
        match self {
            Self::Token { .. } => "the access token is not valid here, or not without a proof by its own key",
            Self::Proof(why) => why,
            Self::Nonce(_) => OAuthError::UseDpopNonce.description(),
        }
    }

    /// The value of `WWW-Authenticate`.
    pub(super) fn challenge(&self) -> String {
        let (algs, code, description) = (PROOF_ALGORITHMS.join(" "), self.code(), self.description());
        format!("DPoP realm=\"claviger\", algs=\"{algs}\", error=\"{code}\", error_description=\"{description}\"")
    }
}
