//! `crypto::client_jwk`.

use claviger::crypto::client_jwk::{ClientJwks, algorithm_of};
use claviger::crypto::strict_json;
use claviger::domain::signing_key::SigningAlgorithm;
use serde_json::{Map, Value, json};

use super::base64::{self, URL_SAFE};

/// The members that make a key one that nobody may have sent.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Checks a JSON object as a JWK Set, and as the one key of such a set.
pub fn check(data: &[u8]) {
    let Ok(object) = strict_json::object(data) else { return };
    check_set(&object);
    check_set(&set([Value::Object(object)]));
}

fn check_set(all: &Map<String, Value>) {
    let strict = ClientJwks::read(all);
    let keys = all.get("keys").and_then(Value::as_array).cloned().unwrap_or_default();
    let alone = |key: &Value| ClientJwks::read(&set([key.clone()])).ok();
    let good: Vec<Value> = keys.iter().filter(|key| alone(key).is_some()).cloned().collect();
    // A set is what its keys are one by one; what was registered must be good as a whole, what was fetched in part.
    let is_small = (1..=10).contains(&keys.len());
    assert_eq!(strict.is_ok(), is_small && good.len() == keys.len(), "{all:?}");
    let lenient = ClientJwks::read_leniently(all);
    assert_eq!(lenient.is_ok(), is_small && !good.is_empty(), "{all:?}");
    if let Ok(lenient) = &lenient {
        assert_eq!(found(lenient), found(&ClientJwks::read(&set(good.clone())).unwrap()));
    }
    if let Ok(strict) = &strict {
        assert_eq!(found(strict), found(lenient.as_ref().unwrap()));
    }
    for key in &good {
        check_key(key.as_object().unwrap(), &alone(key).unwrap());
    }
}

/// What must be so of a key that is taken.
fn check_key(key: &Map<String, Value>, read: &ClientJwks) {
    assert!(PRIVATE.iter().all(|name| !key.contains_key(*name)), "{key:?}");
    assert!(key.get("use").is_none_or(|usage| usage == "sig"), "{key:?}");
    let is_kid = |kid: &Value| kid.as_str().is_some_and(|kid| (1..=256).contains(&kid.len()));
    assert!(key.get("kid").is_none_or(is_kid), "{key:?}");
    let text = |name: &str| key.get(name).and_then(Value::as_str).unwrap_or_default();
    let bytes = |name: &str| base64::decode(text(name), URL_SAFE, false).unwrap().len();
    let possible: &[&str] = match (text("kty"), text("crv")) {
        ("RSA", _) => {
            assert!((256..=512).contains(&bytes("n")), "{key:?}");
            &["PS256", "RS256"]
        }
        ("EC", "P-256") => {
            assert_eq!((bytes("x"), bytes("y")), (32, 32), "{key:?}");
            &["ES256"]
        }
        ("OKP", "Ed25519") => {
            assert_eq!(bytes("x"), 32, "{key:?}");
            &["EdDSA"]
        }
        other => panic!("{other:?} is taken: {key:?}"),
    };
    // One algorithm, when it names one.
    let named = key.get("alg").map(|alg| if alg == "Ed25519" { "EdDSA" } else { alg.as_str().unwrap() });
    let mut usable: Vec<&str> = possible.iter().copied().filter(|one| named.is_none_or(|named| named == *one)).collect();
    usable.sort_unstable();
    let mut algorithms: Vec<String> = found(read).into_iter().map(|(algorithm, _)| algorithm).collect();
    algorithms.sort_unstable();
    assert_eq!(algorithms, usable, "{key:?}");
    // Under its own name it is found, and under no other.
    for algorithm in SigningAlgorithm::ALL {
        let all = read.candidates(algorithm, None).count();
        let own = key.get("kid").and_then(Value::as_str);
        assert_eq!(own.map_or(all, |kid| read.candidates(algorithm, Some(kid)).count()), all);
        assert_eq!(read.candidates(algorithm, Some("another name than that")).count(), 0);
    }
    for name in PRIVATE {
        let mut private = key.clone();
        private.insert(name.to_owned(), json!("AQAB"));
        let private = set([Value::Object(private)]);
        assert!(ClientJwks::read(&private).is_err() && ClientJwks::read_leniently(&private).is_err(), "{private:?}");
    }
}

/// Each key with what it verifies.
fn found(keys: &ClientJwks) -> Vec<(String, Value)> {
    let names = ["RS256", "PS256", "ES256", "EdDSA"];
    let of = |name: &str| {
        let algorithm = algorithm_of(name).unwrap();
        let all = keys.candidates(algorithm, None).map(|key| serde_json::to_value(key.jwk()).unwrap());
        all.map(|key| (name.to_owned(), key)).collect::<Vec<_>>()
    };
    names.into_iter().flat_map(of).collect()
}

fn set(keys: impl IntoIterator<Item = Value>) -> Map<String, Value> {
    let keys: Vec<Value> = keys.into_iter().collect();
    Map::from_iter([("keys".to_owned(), json!(keys))])
}
