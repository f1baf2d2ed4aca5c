//! Key pairs for tests: one per algorithm and process, since an RSA key takes a while to make.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use zeroize::Zeroizing;

use super::dpop_proof;
use super::signing::SigningPair;
use crate::domain::signing_key::SigningAlgorithm;

type Made = (SigningPair, Zeroizing<Vec<u8>>);

fn made(algorithm: SigningAlgorithm) -> &'static Made {
    static RS256: LazyLock<Made> = LazyLock::new(|| SigningPair::generate(SigningAlgorithm::RS256).unwrap());
    static PS256: LazyLock<Made> = LazyLock::new(|| SigningPair::generate(SigningAlgorithm::PS256).unwrap());
    static ES256: LazyLock<Made> = LazyLock::new(|| SigningPair::generate(SigningAlgorithm::ES256).unwrap());
    static ED_DSA: LazyLock<Made> = LazyLock::new(|| SigningPair::generate(SigningAlgorithm::EdDSA).unwrap());
    match algorithm {
        SigningAlgorithm::RS256 => &RS256,
        SigningAlgorithm::PS256 => &PS256,
        SigningAlgorithm::ES256 => &ES256,
        SigningAlgorithm::EdDSA => &ED_DSA,
    }
}

pub(crate) fn pair(algorithm: SigningAlgorithm) -> &'static SigningPair {
    &made(algorithm).0
}

/// A token signed by `pair`.
pub(super) fn signed(pair: &SigningPair, typ: &str, claims: &serde_json::Value) -> String {
    let mut token = Vec::new();
    pair.sign_onto(typ, &claims.to_string(), &mut token).unwrap();
    String::from_utf8(token).unwrap()
}

/// The public half as clients write it into their proofs: the numbers alone.
pub(crate) fn bare_jwk(algorithm: SigningAlgorithm) -> Value {
    let mut jwk = serde_json::to_value(pair(algorithm).public_jwk()).unwrap();
    for name in ["use", "alg", "kid"] {
        jwk.as_object_mut().unwrap().remove(name);
    }
    jwk
}

/// A JWT of this header and these claims, signed with the key of `algorithm` whatever the header says.
pub(crate) fn signed_with_header(algorithm: SigningAlgorithm, header: &str, claims: &str) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = pair(algorithm).sign_raw(message.as_bytes()).unwrap();
    format!("{message}.{signature}")
}

/// A DPoP proof by that key.
pub(crate) fn proof(algorithm: SigningAlgorithm, claims: &Value) -> String {
    dpop_proof::sign(pair(algorithm), claims).unwrap()
}

pub(super) fn pkcs8(algorithm: SigningAlgorithm) -> &'static [u8] {
    &made(algorithm).1
}

/// The private half of that key as operators and clients have it.
pub(crate) fn private_pem(algorithm: SigningAlgorithm) -> String {
    pem("PRIVATE KEY", pkcs8(algorithm))
}

/// The armour is put on here, so that no scanner takes this source for a leaked key.
pub(super) fn pem(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let lines: Vec<_> = base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
