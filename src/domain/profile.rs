//! How strict a server is, and each organization by itself.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::Invalid;
use super::api_key::AuthMethod;
use super::signing_key::SigningAlgorithm;

/// What is taken from clients and signed with.
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

    /// What both demand.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Standard, Self::Standard) => Self::Standard,
            (Self::Fapi2, _) | (_, Self::Fapi2) => Self::Fapi2,
        }
    }

    /// Whether clients may prove themselves so (FAPI 2.0 section 5.3.2.1).
    pub const fn takes(self, method: AuthMethod) -> bool {
        match (self, method) {
            (Self::Standard, _)
            | (Self::Fapi2, AuthMethod::PrivateKeyJwt | AuthMethod::TlsClientAuth | AuthMethod::SelfSignedTlsClientAuth) => true,
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

/// What an organization demands of its keys besides what the server demands of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OrganizationProfile {
    /// Nothing.
    #[default]
    Default,
    /// [`Profile::Fapi2`].
    Fapi2,
}

impl OrganizationProfile {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Default, Self::Fapi2];

    /// `default` or `fapi2`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Fapi2 => "fapi2",
        }
    }

    /// What is demanded.
    pub const fn demands(self) -> Profile {
        match self {
            Self::Default => Profile::Standard,
            Self::Fapi2 => Profile::Fapi2,
        }
    }
}

impl fmt::Display for OrganizationProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for OrganizationProfile {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL
            .into_iter()
            .find(|profile| profile.as_str() == text)
            .ok_or_else(|| Invalid::new("profile", "unsupported", "must be default or fapi2"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jk4_an_organization_can_be_stricter_than_the_server_and_never_weaker() {
        for server in [Profile::Standard, Profile::Fapi2] {
            for own in OrganizationProfile::ALL {
                let both = server.and(own.demands());
                for method in AuthMethod::ALL {
                    assert_eq!(both.takes(method), server.takes(method) && own.demands().takes(method), "{method}");
                }
                for algorithm in SigningAlgorithm::ALL {
                    assert_eq!(both.signs_with(algorithm), server.signs_with(algorithm) && own.demands().signs_with(algorithm));
                }
                assert_eq!(both.requires_bound_tokens(), server.requires_bound_tokens() || own.demands().requires_bound_tokens());
                assert_eq!(own.as_str().parse(), Ok(own));
            }
        }
        assert!("standard".parse::<OrganizationProfile>().is_err() && "default".parse::<Profile>().is_err());
    }
}
