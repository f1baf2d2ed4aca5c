//! The secrets of API keys: `clv_`, 43 base62 characters of randomness, and a checksum that a scanner can verify
//! without asking anyone.

use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

use super::Invalid;
use super::id::SecretId;
use super::time::Timestamp;

/// What every secret begins with.
pub const SECRET_PREFIX: &str = "clv_";
const RANDOM_CHARACTERS: usize = 43;
const CHECKSUM_CHARACTERS: usize = 6;
const BODY_LENGTH: usize = SECRET_PREFIX.len() + RANDOM_CHARACTERS;
const SECRET_LENGTH: usize = BODY_LENGTH + CHECKSUM_CHARACTERS;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A secret in the clear: held only between minting and the one answer that shows it. Never prints itself.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientSecret(Zeroizing<String>);

impl ClientSecret {
    /// Spells 256 random bits as a secret.
    pub fn from_random(bytes: &[u8; 32]) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(SECRET_LENGTH));
        text.push_str(SECRET_PREFIX);
        push_base62(&mut text, &mut bytes.to_owned(), RANDOM_CHARACTERS);
        let checksum = crc32fast::hash(text.as_bytes());
        push_base62(&mut text, &mut checksum.to_be_bytes(), CHECKSUM_CHARACTERS);
        Self(text)
    }

    /// The secret itself, for the one answer that shows it and for its digest.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The form in which the secret is shown ever after: `clv_...x4f2`.
    pub fn hint(&self) -> SecretHint {
        let tail = self.0.get(SECRET_LENGTH - 4..).unwrap_or_default();
        SecretHint(format!("{SECRET_PREFIX}...{tail}"))
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret([redacted])")
    }
}

impl FromStr for ClientSecret {
    type Err = Invalid;

    /// Reads a secret and checks its checksum.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = || {
            Invalid::new("client_secret", "invalid_secret", "is not a secret of this kind of server (its checksum does not fit)")
        };
        let (body, checksum) = text.split_at_checked(BODY_LENGTH).ok_or_else(invalid)?;
        let base62 = |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric());
        let random = body.strip_prefix(SECRET_PREFIX).ok_or_else(invalid)?;
        let mut expected = String::with_capacity(CHECKSUM_CHARACTERS);
        push_base62(&mut expected, &mut crc32fast::hash(body.as_bytes()).to_be_bytes(), CHECKSUM_CHARACTERS);
        if base62(random) && checksum == expected { Ok(Self(Zeroizing::new(text.to_owned()))) } else { Err(invalid()) }
    }
}

/// Appends the big-endian number in `bytes` as `width` base62 digits, most significant first; leaves `bytes` zero.
pub(super) fn push_base62(text: &mut String, bytes: &mut [u8], width: usize) {
    let mut digits = Zeroizing::new([b'0'; RANDOM_CHARACTERS]);
    for digit in digits.iter_mut().take(width) {
        let mut remainder = 0_u32;
        for byte in bytes.iter_mut() {
            let value = (remainder << 8) | u32::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or(0);
            remainder = value % 62;
        }
        *digit = usize::try_from(remainder).ok().and_then(|i| ALPHABET.get(i)).copied().unwrap_or(b'0');
    }
    text.extend(digits.iter().take(width).rev().map(|&b| char::from(b)));
}

/// What is shown of a secret once it cannot be seen any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretHint(String);

impl SecretHint {
    /// The hint as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is shown of a secret that another server made: nobody here has seen it.
    pub fn of_imported() -> Self {
        Self("imported".to_owned())
    }

    /// A hint as the database holds it.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }
}

/// HMAC-SHA-256 of a secret under the server's pepper. Made and compared by `crypto::digest` alone: it has no `==`.
#[derive(Clone)]
pub struct SecretDigest([u8; 32]);

impl SecretDigest {
    /// Wraps the 32 bytes of a digest.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for storing and for the constant-time comparison.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretDigest([redacted])")
    }
}

/// Another server's hash of a secret, encrypted under a key of ours. Opened by `crypto::foreign_hash` alone.
#[derive(Clone)]
pub struct SealedHash(Box<[u8]>);

impl SealedHash {
    /// Wraps what the envelope made.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes.into_boxed_slice())
    }

    /// The bytes, for storing and for the envelope.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SealedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedHash([redacted])")
    }
}

/// What a secret is recognised by.
#[derive(Clone, Debug)]
pub enum SecretProof {
    /// Our own digest.
    Digest(SecretDigest),
    /// The hash that another server made of it: until it is first used, when we see it and make our own.
    Foreign(SealedHash),
}

/// A secret as it is kept: enough to recognise it, not to know it.
#[derive(Clone, Debug)]
pub struct StoredSecret {
    /// `sec_…`
    pub id: SecretId,
    /// What is shown of it.
    pub hint: SecretHint,
    /// What it is recognised by.
    pub proof: SecretProof,
    /// When it was minted.
    pub created_at: Timestamp,
    /// From when on it is refused; `None`: never.
    pub expires_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ca14_the_spelling_is_the_published_one() {
        // Both computed with another program's arithmetic.
        assert_eq!(ClientSecret::from_random(&[0; 32]).expose(), "clv_0000000000000000000000000000000000000000000216qKT");
        let ones = ClientSecret::from_random(&[0xff; 32]);
        assert_eq!(ones.expose().get(4..47), Some("yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1"));
        assert_eq!(ones.expose().len(), 53);
    }

    #[test]
    fn a_secret_never_prints_itself() {
        let secret = ClientSecret::from_random(&[7; 32]);
        assert!(!format!("{secret:?}").contains(secret.expose()));
        let hint = secret.hint();
        assert_eq!(hint.as_str(), format!("clv_...{}", &secret.expose()[49..]));
    }

    proptest! {
        #[test]
        fn ca14_a_flipped_character_is_noticed_offline(bytes: [u8; 32], at in 4_usize..53, to in 0_usize..62) {
            let secret = ClientSecret::from_random(&bytes);
            prop_assert_eq!(secret.expose().parse::<ClientSecret>().unwrap(), secret.clone());
            let mut text = secret.expose().to_owned().into_bytes();
            prop_assume!(text[at] != ALPHABET[to]);
            text[at] = ALPHABET[to];
            prop_assert!(String::from_utf8(text).unwrap().parse::<ClientSecret>().is_err());
        }

        #[test]
        fn different_bits_give_different_secrets(a: [u8; 32], b: [u8; 32]) {
            prop_assume!(a != b);
            prop_assert!(ClientSecret::from_random(&a) != ClientSecret::from_random(&b));
        }
    }
}
