//! `crypto::client_jwk`, which reads clients' public keys.

use claviger::crypto::client_jwk::ClientJwks;
use claviger::crypto::strict_json;
use claviger::domain::signing_key::SigningAlgorithm;
use serde_json::{Map, Value, json};

use super::base64::{self, URL_SAFE};

const ALGORITHMS: [(SigningAlgorithm, &str); 4] = [
    (SigningAlgorithm::RS256, "RS256"),
    (SigningAlgorithm::PS256, "PS256"),
    (SigningAlgorithm::ES256, "ES256"),
    (SigningAlgorithm::EdDSA, "EdDSA"),
];

/// Checks a JWK Set; and a key, as a set of that one.
pub fn check(data: &[u8]) {
    let Ok(object) = strict_json::object(data) else { return };
    check_set(&object);
    check_set(json!({"keys": [object]}).as_object().unwrap());
}

fn check_set(set: &Map<String, Value>) {
    let keys: &[Value] = set.get("keys").and_then(Value::as_array).map_or(&[], Vec::as_slice);
    let keys = if keys.len() > 10 { &[] } else { keys };
    let uses: Vec<Option<Vec<&str>>> = keys.iter().map(uses_of).collect();
    let (strict, lenient) = (ClientJwks::read(set), ClientJwks::read_leniently(set));
    assert_eq!(strict.is_ok(), !uses.is_empty() && uses.iter().all(Option::is_some), "{set:?}");
    assert_eq!(lenient.is_ok(), uses.iter().any(Option::is_some), "{set:?}");
    for found in strict.iter().chain(&lenient) {
        for (algorithm, name) in ALGORITHMS {
            let expected = uses.iter().flatten().filter(|uses| uses.contains(&name)).count();
            assert_eq!(found.candidates(algorithm, None).count(), expected, "{name}: {set:?}");
            for key in found.candidates(algorithm, None) {
                assert_eq!((key.algorithm(), key.kid().len()), (algorithm, 43));
                let shown = serde_json::to_string(key.jwk()).unwrap();
                assert!(strict_json::object(shown.as_bytes()).unwrap().keys().all(|name| !PRIVATE.contains(&name.as_str())));
            }
            for kid in keys.iter().filter_map(|key| key.get("kid").and_then(Value::as_str)) {
                let named = |key: &Value| key.get("kid").and_then(Value::as_str) == Some(kid);
                let expected = keys
                    .iter()
                    .zip(&uses)
                    .filter(|(key, uses)| named(key) && uses.as_ref().is_some_and(|uses| uses.contains(&name)));
                assert_eq!(found.candidates(algorithm, Some(kid)).count(), expected.count(), "{name} {kid}: {set:?}");
            }
        }
    }
}

/// What a key may be used with, if its numbers are a key at all: that takes more arithmetic than belongs here.
fn uses_of(key: &Value) -> Option<Vec<&'static str>> {
    let expected = key.as_object().and_then(algorithms);
    let is_read = ClientJwks::read(json!({"keys": [key]}).as_object().unwrap()).is_ok();
    assert!(expected.is_some() || !is_read, "{key}");
    expected.filter(|_| is_read)
}

const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// What a key may be used with; `None`: it is of no use here.
fn algorithms(key: &Map<String, Value>) -> Option<Vec<&'static str>> {
    if PRIVATE.iter().any(|name| key.contains_key(*name)) || key.get("use").is_some_and(|usage| *usage != json!("sig")) {
        return None;
    }
    if let Some(operations) = key.get("key_ops")
        && !operations.as_array()?.contains(&json!("verify"))
    {
        return None;
    }
    if let Some(kid) = key.get("kid") {
        (1..=256).contains(&kid.as_str()?.len()).then_some(())?;
    }
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    let bytes = |name: &str| base64::decode(text(name)?, URL_SAFE, false);
    let coordinate = |name: &str| bytes(name).filter(|bytes| bytes.len() == 32);
    let possible: &[&str] = match (text("kty")?, text("crv")) {
        ("RSA", None) => {
            let (n, e) = (bytes("n")?, bytes("e")?);
            // 2048 to 4096 bits without a zero byte before them.
            let bits = n.len() * 8 - n.first()?.leading_zeros() as usize;
            ((2048..=4096).contains(&bits) && n[0] != 0 && *e.first()? != 0).then_some(())?;
            &["RS256", "PS256"]
        }
        ("EC", Some("P-256")) => {
            coordinate("x").and(coordinate("y"))?;
            &["ES256"]
        }
        ("OKP", Some("Ed25519")) => {
            coordinate("x")?;
            &["EdDSA"]
        }
        _ => return None,
    };
    let Some(alg) = key.get("alg") else { return Some(possible.to_vec()) };
    let alg = if *alg == json!("Ed25519") { "EdDSA" } else { alg.as_str()? };
    possible.iter().find(|possible| **possible == alg).map(|one| vec![*one])
}
