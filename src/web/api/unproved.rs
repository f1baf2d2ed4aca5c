//! Tokens that need a proof, or come with one, and are not accepted: the challenge of RFC 9449 section 7.1.

use claviger_resource_server::challenge::Challenge;

use crate::domain::profile::Profile;
use crate::oauth::dpop;
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

    /// The value of `WWW-Authenticate`, for whoever is held to that profile.
    pub(super) fn challenge(&self, profile: Profile) -> Challenge {
        let challenge = Challenge::dpop("claviger").with("algs", &dpop::algorithms(profile).join(" "));
        challenge.with("error", self.code()).with("error_description", self.description())
    }
}
