//! A public key that is ready to verify: parsed once, for reading an RSA key costs as much as a signature's verification.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents,
};

use super::CryptoError;
use super::jwk::{Numbers, PublicJwk, decoded};
use crate::domain::signing_key::SigningAlgorithm;

/// A public key and what it was read from.
pub struct VerifyingKey {
    jwk: PublicJwk,
    parsed: ParsedPublicKey,
}

impl VerifyingKey {
    /// Reads the numbers of `jwk`.
    ///
    /// # Errors
    /// [`CryptoError::PublicJwk`] when they are no key: a point that is not on the curve.
    pub fn new(jwk: PublicJwk) -> Result<Self, CryptoError> {
        let parsed = match jwk.numbers() {
            Numbers::Rsa { n, e } => {
                let padding = match jwk.algorithm() {
                    SigningAlgorithm::PS256 => &RSA_PSS_2048_8192_SHA256,
                    _ => &RSA_PKCS1_2048_8192_SHA256,
                };
                RsaPublicKeyComponents { n: decoded(n)?, e: decoded(e)? }.to_parsed_public_key(padding)
            }
            Numbers::P256 { x, y } => {
                // SEC 1 section 2.3.3: an uncompressed point.
                let point = [&[4], &*decoded(x)?, &*decoded(y)?].concat();
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            }
            Numbers::Ed25519 { x } => ParsedPublicKey::new(&ED25519, decoded(x)?),
        };
        match parsed {
            Ok(parsed) => Ok(Self { jwk, parsed }),
            Err(_) => Err(CryptoError::PublicJwk("its numbers are no public key")),
        }
    }

    /// What it was read from.
    pub const fn jwk(&self) -> &PublicJwk {
        &self.jwk
    }

    /// The key's name in token headers.
    pub fn kid(&self) -> &str {
        self.jwk.kid()
    }

    /// The one algorithm that it verifies.
    pub const fn algorithm(&self) -> SigningAlgorithm {
        self.jwk.algorithm()
    }

    /// Whether its other half has signed `message`.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.parsed.verify_sig(message, signature).is_ok()
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VerifyingKey").field(&self.jwk).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_no_key_are_refused() {
        let no_point = PublicJwk::p256(&[1; 32], &[2; 32]).unwrap();
        assert!(matches!(VerifyingKey::new(no_point), Err(CryptoError::PublicJwk(_))));
    }

    #[test]
    fn an_even_modulus_verifies_nothing() {
        let even = [&[0xff; 255][..], &[0xfe]].concat();
        let even = PublicJwk::rsa(SigningAlgorithm::RS256, &even, &[1, 0, 1]).unwrap();
        assert!(!VerifyingKey::new(even).is_ok_and(|key| key.verifies(b"", &[0; 256]) || key.verifies(b"", &[1; 256])));
    }
}
