//! Proofs of possession (RFC 9449 section 4.2), made by whoever asks for a token.

use serde::Serialize;

use crate::crypto::signing::SigningPair;
use crate::crypto::{CryptoError, dpop_proof, random};

/// A client's own key.
#[derive(Debug)]
pub struct ProofKey(SigningPair);

#[derive(Serialize)]
struct Claims<'a> {
    jti: String,
    htm: &'a str,
    htu: &'a str,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
}

impl ProofKey {
    /// Reads a private key: one PEM block `PRIVATE KEY` (PKCS#8) with an RSA, P-256 or Ed25519 key.
    ///
    /// # Errors
    /// [`CryptoError::KeyRefused`] says what is wrong with it.
    pub fn from_pem(pem: &str) -> Result<Self, CryptoError> {
        SigningPair::import_pem(pem, None).map(|(pair, _)| Self(pair))
    }

    /// A proof for one request at `unix_now`, with the server's nonce when it has given one.
    ///
    /// # Errors
    /// [`CryptoError`].
    pub fn prove(&self, method: &str, url: &str, unix_now: i64, nonce: Option<&str>) -> Result<String, CryptoError> {
        let claims = Claims { jti: random::name()?, htm: method, htu: url, iat: unix_now, nonce };
        dpop_proof::sign(&self.0, &claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::test_keys::{pair, private_pem};
    use crate::domain::profile::Profile;
    use crate::domain::signing_key::SigningAlgorithm;
    use crate::domain::time::Timestamp;
    use crate::oauth::dpop::{ProofRules, ProvenRequest};

    #[test]
    fn dp1_the_server_takes_what_the_client_makes() {
        const NOW: i64 = 1_800_000_000;
        let rules = ProofRules::new("https://auth.example", None);
        for algorithm in [SigningAlgorithm::RS256, SigningAlgorithm::ES256, SigningAlgorithm::EdDSA] {
            let key = ProofKey::from_pem(&private_pem(algorithm)).unwrap();
            let prove = || key.prove("POST", "https://auth.example/connect/token", NOW, Some("x")).unwrap();
            let check = |proof: &str| {
                let request =
                    ProvenRequest { proofs: &[proof.as_bytes()], method: "POST", path: "/connect/token", access_token: None };
                rules.check(&request, Profile::Standard, Timestamp::from_unix(NOW)).unwrap()
            };
            let (one, two) = (check(&prove()), check(&prove()));
            assert_eq!(one.jkt, pair(algorithm).public_jwk().thumbprint());
            assert_ne!(one.jti, two.jti);
        }
    }
}
