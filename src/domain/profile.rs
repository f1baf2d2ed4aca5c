//! How strict a server is.

use std::fmt;
use std::str::FromStr;

use super::Invalid;
use super::api_key::AuthMethod;
use super::signing_key::SigningAlgorithm;

/// What a server takes from clients and signs with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Everything that this server has, as each key wants it.
    #[default]
    Standard,
    /// The FAPI 2.0 Security Profile as far as it concerns the client credentials grant: clients prove themselves
    /// asymmetrically, every token is bound to a key of the client, and nobody signs with RS256.
    Fapi2,
}

impl Profile {
    /// `standard` or `fapi2`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Fapi2 => "fapi2",
        }
    }

    /// Whether clients may prove themselves so (FAPI 2.0 section 5.3.2.1).
    pub const fn takes(self, method: AuthMethod) -> bool {
        match (self, method) {
            (Self::Standard, _) | (Self::Fapi2, AuthMethod::PrivateKeyJwt) => true,
            (Self::Fapi2, AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost | AuthMethod::WorkloadJwt) => false,
        }
    }

    /// Whether something may be signed so, by this server or by a client (FAPI 2.0 section 5.4.1).
    pub const fn signs_with(self, algorithm: SigningAlgorithm) -> bool {
        match (self, algorithm) {
            (Self::Fapi2, SigningAlgorithm::RS256) => false,
            (Self::Standard | Self::Fapi2, _) => true,
        }
    }

    /// Whether every token must be bound, whatever its key says.
    pub const fn requires_bound_tokens(self) -> bool {
        matches!(self, Self::Fapi2)
    }

    /// What a first signing key signs with, unless said.
    pub const fn default_algorithm(self) -> Option<SigningAlgorithm> {
        match self {
            Self::Standard => None,
            Self::Fapi2 => Some(SigningAlgorithm::PS256),
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Profile {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        [Self::Standard, Self::Fapi2]
            .into_iter()
            .find(|profile| profile.as_str() == text)
            .ok_or_else(|| Invalid::new("profile", "unsupported", "must be standard or fapi2"))
    }
}
