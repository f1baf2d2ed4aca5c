//! Key pairs for tests: one per algorithm and process, since an RSA key takes a while to make.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

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

pub(super) fn pair(algorithm: SigningAlgorithm) -> &'static SigningPair {
    &made(algorithm).0
}

/// A token signed by `pair`.
pub(super) fn signed(pair: &SigningPair, typ: &str, claims: &serde_json::Value) -> String {
    let mut token = Vec::new();
    pair.sign_onto(typ, &claims.to_string(), &mut token).unwrap();
    String::from_utf8(token).unwrap()
}

pub(super) fn pkcs8(algorithm: SigningAlgorithm) -> &'static [u8] {
    &made(algorithm).1
}

/// The armour is put on here, so that no scanner takes this source for a leaked key.
pub(super) fn pem(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let lines: Vec<_> = base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
