//! Signing keys and their life, derived from three dates so that every node sees the same and a crash leaves nothing
//! half done.
//!
//! 1. *published*: in the JWKS, not yet signing, until `signs_from`;
//! 2. *signing*: the published key with the latest `signs_from` that has come;
//! 3. *retired*: a later key signs; still in the JWKS until the last token that it signed has expired;
//! 4. *expired*: no longer in the JWKS;
//! 5. *revoked*: taken out at once (`rotate --now`).

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::Invalid;
use super::api_key::MAX_TOKEN_LIFETIME_SECONDS;
use super::time::Timestamp;

/// Signature algorithms of access tokens (RFC 7518, RFC 8037).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256; every verifier has it (RFC 9068 section 2.1).
    #[default]
    RS256,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// ECDSA with P-256 and SHA-256.
    ES256,
    /// Ed25519.
    EdDSA,
}

impl SigningAlgorithm {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::RS256, Self::PS256, Self::ES256, Self::EdDSA];

    /// The registered name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::PS256 => "PS256",
            Self::ES256 => "ES256",
            Self::EdDSA => "EdDSA",
        }
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SigningAlgorithm {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL
            .into_iter()
            .find(|a| a.as_str() == text)
            .ok_or_else(|| Invalid::new("signing_algorithm", "unsupported", "must be RS256, PS256, ES256 or EdDSA"))
    }
}

/// The dates of a signing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyDates {
    /// When it entered the JWKS.
    pub created_at: Timestamp,
    /// From when on it signs, unless a later one does.
    pub signs_from: Timestamp,
    /// When it was taken out at once.
    pub revoked_at: Option<Timestamp>,
}

/// A signing key as it is stored.
#[derive(Clone, Debug)]
pub struct StoredSigningKey {
    /// RFC 7638 thumbprint of the public half.
    pub kid: String,
    /// What it signs with.
    pub algorithm: SigningAlgorithm,
    /// The public half: a JWK as the JWKS shows it.
    pub public_jwk: String,
    /// The private half (PKCS#8), encrypted under the master key.
    pub encrypted_private_key: Vec<u8>,
    /// Its life.
    pub dates: KeyDates,
}

/// Where a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// In the JWKS, not signing yet.
    Published,
    /// In the JWKS, signing.
    Signing,
    /// In the JWKS, not signing any more.
    Retired,
    /// Out of the JWKS: all its tokens have expired.
    Expired,
    /// Out of the JWKS at once; its tokens are not to be trusted.
    Revoked,
}

impl KeyState {
    /// Whether the JWKS shows the key.
    pub const fn is_published(self) -> bool {
        matches!(self, Self::Published | Self::Signing | Self::Retired)
    }

    /// The state's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Signing => "signing",
            Self::Retired => "retired",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// How far the clocks of two nodes and a verifier may differ, in seconds, before a retired key could be missed.
const CLOCK_MARGIN_SECONDS: i64 = 300;

/// How long after its publication a key begins to sign, in seconds: twice the JWKS's `max-age`, for a shared cache and
/// then the verifier may each keep a copy for that long, and one second for the nodes to read the feed.
pub const fn publish_before_use_seconds(jwks_max_age_seconds: u32) -> i64 {
    2 * jwks_max_age_seconds as i64 + 1
}

/// The state of the key at `index` of `keys` at `now`.
pub fn state(keys: &[KeyDates], index: usize, now: Timestamp) -> KeyState {
    let Some(key) = keys.get(index) else { return KeyState::Expired };
    if key.revoked_at.is_some() {
        return KeyState::Revoked;
    }
    if key.signs_from > now {
        return if is_first_in_line(keys, index, now) { KeyState::Signing } else { KeyState::Published };
    }
    match signs_until(keys, index) {
        None => KeyState::Signing,
        Some(until) if until > now => KeyState::Signing,
        Some(until) if after_last_token(until) > now => KeyState::Retired,
        Some(_) => KeyState::Expired,
    }
}

/// Until when the key at `index` signs: its successor begins then, or it was taken out; `None` while it has none.
pub fn signs_until(keys: &[KeyDates], index: usize) -> Option<Timestamp> {
    let key = keys.get(index)?;
    // Ties fall to the later row, so that exactly one key signs.
    let successors = keys
        .iter()
        .enumerate()
        .filter(|(at, other)| other.revoked_at.is_none() && (other.signs_from, *at) > (key.signs_from, index))
        .map(|(_, other)| other.signs_from);
    key.revoked_at.or_else(|| successors.min())
}

/// Until when the JWKS shows the key at `index`; `None` while nothing takes its place.
pub fn published_until(keys: &[KeyDates], index: usize) -> Option<Timestamp> {
    let is_revoked = keys.get(index)?.revoked_at.is_some();
    signs_until(keys, index).map(|until| if is_revoked { until } else { after_last_token(until) })
}

/// When the last token of a key that signed until then has expired.
fn after_last_token(until: Timestamp) -> Timestamp {
    until.plus_seconds(i64::from(MAX_TOKEN_LIFETIME_SECONDS) + CLOCK_MARGIN_SECONDS)
}

/// Whether every key in use lies in the future and this one is the next: clocks differ between hosts, and a key that
/// signs a little early is better than none.
fn is_first_in_line(keys: &[KeyDates], index: usize, now: Timestamp) -> bool {
    let in_use = || keys.iter().enumerate().filter(|(_, key)| key.revoked_at.is_none());
    in_use().all(|(_, key)| key.signs_from > now)
        && in_use().min_by_key(|(at, key)| (key.signs_from, *at)).is_some_and(|(at, _)| at == index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(created: i64, signs: i64) -> KeyDates {
        KeyDates { created_at: Timestamp::from_unix(created), signs_from: Timestamp::from_unix(signs), revoked_at: None }
    }

    fn states(keys: &[KeyDates], now: i64) -> Vec<&'static str> {
        (0..keys.len()).map(|i| state(keys, i, Timestamp::from_unix(now)).as_str()).collect()
    }

    #[test]
    fn a_key_is_published_signs_retires_and_expires() {
        let keys = [key(0, 0), key(1000, 1601)];
        assert_eq!(states(&keys, 500), ["signing", "published"]);
        assert_eq!(states(&keys, 1600), ["signing", "published"]);
        assert_eq!(states(&keys, 1601), ["retired", "signing"]);
        assert_eq!(states(&keys, 1601 + 3899), ["retired", "signing"]);
        assert_eq!(states(&keys, 1601 + 3900), ["expired", "signing"]);
        let at = |seconds| Some(Timestamp::from_unix(seconds));
        assert_eq!((signs_until(&keys, 0), published_until(&keys, 0)), (at(1601), at(1601 + 3900)));
        assert_eq!((signs_until(&keys, 1), published_until(&keys, 1)), (None, None));
    }

    #[test]
    fn a_clock_that_is_behind_leaves_no_moment_without_a_signer() {
        assert_eq!(states(&[key(1040, 1040)], 1000), ["signing"]);
        assert_eq!(states(&[key(1040, 1040), key(1041, 1642)], 1000), ["signing", "published"]);
    }

    #[test]
    fn a_revoked_key_is_out_at_once() {
        let mut keys = [key(0, 0), key(1000, 1000)];
        keys[0].revoked_at = Some(Timestamp::from_unix(1000));
        assert_eq!(states(&keys, 1000), ["revoked", "signing"]);
        assert_eq!(published_until(&keys, 0), Some(Timestamp::from_unix(1000)));
    }

    proptest! {
        #[test]
        fn one_key_signs_and_whatever_signed_within_the_hour_is_published(
            times in proptest::collection::vec((0_i64..5_000, 0_i64..700), 1..6), now in 0_i64..20_000,
        ) {
            let mut keys: Vec<KeyDates> = times.iter().map(|(at, gate)| key(*at, at + gate)).collect();
            keys.insert(0, key(0, 0));
            let signing_at = |t: i64| {
                let all: Vec<usize> = (0..keys.len()).filter(|i| state(&keys, *i, Timestamp::from_unix(t)) == KeyState::Signing).collect();
                assert_eq!(all.len(), 1);
                all[0]
            };
            signing_at(now);
            for earlier in [now - 3600, now - 1800, now - 1] {
                if earlier >= 0 {
                    prop_assert!(state(&keys, signing_at(earlier), Timestamp::from_unix(now)).is_published());
                }
            }
        }
    }
}
