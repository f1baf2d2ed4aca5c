//! What is stored of an API secret: HMAC-SHA-256 under the server's pepper (RFC 2104). A secret carries 256 random bits,
//! so a fast keyed hash is right, and a slow one would only serve an attacker who floods us.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

use crate::domain::client_secret::SecretDigest;

/// The key of secret digests, derived from the master key; its two inner blocks are computed once.
#[derive(Clone)]
pub struct Pepper(hmac::Key);

impl Pepper {
    pub(crate) fn from_key(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The digest of `secret`, for storing.
    pub fn digest(&self, secret: &[u8]) -> SecretDigest {
        let tag = hmac::sign(&self.0, secret);
        let mut bytes = [0; 32];
        for (to, from) in bytes.iter_mut().zip(tag.as_ref()) {
            *to = *from;
        }
        SecretDigest::from_bytes(bytes)
    }

    /// Whether `digest` is that of `secret`, in a time that does not depend on where they differ.
    pub fn matches(&self, secret: &[u8], digest: &SecretDigest) -> bool {
        hmac::verify(&self.0, secret, digest.as_bytes()).is_ok()
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pepper([redacted])")
    }
}

/// What a request is recognised by: SHA-256 over its parts, each with its length.
pub fn fingerprint<const N: usize>(parts: [&[u8]; N]) -> [u8; 32] {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    for part in parts {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part);
    }
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    bytes
}

/// What a DPoP proof says of the access token that it comes with: its SHA-256 in base64url (RFC 9449 section 4.2, `ath`).
pub fn access_token_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, token.as_bytes()))
}

/// A strong entity tag (RFC 9110 section 8.8.3) of a document: the same for the same bytes on every node.
pub fn entity_tag(document: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, document);
    let half: String = digest.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{half}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ca14_a_digest_is_hmac_sha_256() {
        // RFC 4231 test case 1, its 20-byte key padded to 32 with zeros, which RFC 2104 does anyway.
        let mut key = [0_u8; 32];
        key[..20].fill(0x0b);
        let expected = [
            0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb, 0x38, 0x53, 0x5c, 0xa8, 0xaf, 0xce, 0xaf, 0x0b, 0xf1, 0x2b, 0x88, 0x1d, 0xc2,
            0x00, 0xc9, 0x83, 0x3d, 0xa7, 0x26, 0xe9, 0x37, 0x6c, 0x2e, 0x32, 0xcf, 0xf7,
        ];
        assert_eq!(Pepper::from_key(&key).digest(b"Hi There").as_bytes(), &expected);
    }

    #[test]
    fn only_the_same_secret_under_the_same_pepper_matches() {
        let pepper = Pepper::from_key(&[1; 32]);
        let digest = pepper.digest(b"clv_a");
        assert!(pepper.matches(b"clv_a", &digest));
        for wrong in [&b"clv_b"[..], b"", b"clv_", b"clv_a\0"] {
            assert!(!pepper.matches(wrong, &digest));
        }
        assert!(!Pepper::from_key(&[2; 32]).matches(b"clv_a", &digest));
        for at in 0..32 {
            let mut bytes = *digest.as_bytes();
            bytes[at] ^= 1;
            assert!(!pepper.matches(b"clv_a", &SecretDigest::from_bytes(bytes)));
        }
    }

    #[test]
    fn a_pepper_never_prints_itself() {
        assert_eq!(format!("{:?}", Pepper::from_key(&[1; 32])), "Pepper([redacted])");
    }
}
