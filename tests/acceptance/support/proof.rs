//! DPoP proofs (RFC 9449), made and signed by a path of our own.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use serde_json::{Value, json};

use super::jwt::thumbprint;
use super::server::Server;
use super::token::TokenRequest;
use super::tools::random_hex;

enum Pair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// A client's own key.
pub(crate) struct ProofKey {
    pub(crate) algorithm: &'static str,
    pair: Pair,
    /// The public half, with the members of RFC 7638 alone.
    pub(crate) jwk: Value,
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl ProofKey {
    /// A new key for `RS256`, `PS256`, `ES256`, `EdDSA` or `Ed25519`.
    pub(crate) fn new(algorithm: &'static str) -> Self {
        let (pair, jwk) = match algorithm {
            "RS256" | "PS256" => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
                let (n, e) = (pair.public_key().modulus(), pair.public_key().exponent());
                let (n, e) = (n.big_endian_without_leading_zero(), e.big_endian_without_leading_zero());
                let jwk = json!({"kty": "RSA", "n": encoded(n), "e": encoded(e)});
                (Pair::Rsa(pair), jwk)
            }
            "ES256" => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
                let point = pair.public_key().as_ref();
                let jwk = json!({"kty": "EC", "crv": "P-256", "x": encoded(&point[1..33]), "y": encoded(&point[33..])});
                (Pair::P256(pair), jwk)
            }
            _ => {
                let pair = Ed25519KeyPair::generate().unwrap();
                let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": encoded(pair.public_key())});
                (Pair::Ed25519(pair), jwk)
            }
        };
        Self { algorithm, pair, jwk }
    }

    /// What tokens are bound to.
    pub(crate) fn jkt(&self) -> String {
        thumbprint(&self.jwk)
    }

    /// A JWT of these texts, whatever they say, signed rightly.
    pub(crate) fn signed(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", encoded(header), encoded(claims));
        let (random, bytes) = (SystemRandom::new(), message.as_bytes());
        let signature = match &self.pair {
            Pair::Rsa(pair) => {
                let padding = if self.algorithm == "PS256" { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, bytes, &mut signature).unwrap();
                signature
            }
            Pair::P256(pair) => pair.sign(&random, bytes).unwrap().as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(bytes).as_ref().to_vec(),
        };
        format!("{message}.{}", encoded(signature))
    }

    /// The header of a good proof.
    pub(crate) fn header(&self) -> Value {
        json!({"typ": "dpop+jwt", "alg": self.algorithm, "jwk": self.jwk})
    }

    /// A good proof but for what its claims say.
    pub(crate) fn proof(&self, claims: &Value) -> String {
        self.signed(&self.header().to_string(), &claims.to_string())
    }

    /// A proof for the token endpoint.
    pub(crate) fn for_token(&self, server: &Server) -> String {
        self.proof(&token_claims(server))
    }

    /// A proof for a request with that access token to `path`.
    pub(crate) fn for_api(&self, server: &Server, method: &str, path: &str, token: &str) -> String {
        self.proof(&api_claims(server, method, path, token))
    }
}

pub(crate) fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// The claims of a good proof for that URL.
pub(crate) fn claims(method: &str, url: &str) -> Value {
    json!({"jti": random_hex(), "htm": method, "htu": url, "iat": unix_now()})
}

/// The claims of a good proof for the token endpoint.
pub(crate) fn token_claims(server: &Server) -> Value {
    claims("POST", &format!("{}/connect/token", server.issuer))
}

/// The claims of a good proof for a request to the management API with that access token.
pub(crate) fn api_claims(server: &Server, method: &str, path: &str, token: &str) -> Value {
    let path = path.split('?').next().unwrap();
    let mut claims = claims(method, &format!("{}/api/v1{path}", server.issuer));
    claims["ath"] = encoded(digest::digest(&digest::SHA256, token.as_bytes())).into();
    claims
}

/// `value` with these members put in or, with `null`, taken out.
pub(crate) fn with(mut value: Value, changes: &Value) -> Value {
    for (name, change) in changes.as_object().unwrap() {
        match change {
            Value::Null => drop(value.as_object_mut().unwrap().remove(name)),
            change => value[name] = change.clone(),
        }
    }
    value
}

impl TokenRequest<'_> {
    /// With a proof.
    pub(crate) fn proof(self, proof: impl AsRef<[u8]>) -> Self {
        self.header("DPoP", proof)
    }
}
