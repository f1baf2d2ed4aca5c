//! Proofs that verify, and a table of those that must not.

use super::*;
use crate::crypto::digest::access_token_hash;
use crate::crypto::test_keys::{bare_jwk, pair, proof, signed_with_header};

/// RFC 9449 section 4.1.
const OF_THE_RFC: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscE\
     JoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0\
     VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8\
     v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";

fn claims() -> Value {
    json!({"jti": "x", "htm": "POST", "htu": "https://auth.example/connect/token", "iat": 1_800_000_000})
}

/// A header for the ES256 key, with these members put in or, with `null`, taken out.
fn header(changes: Value) -> Value {
    let mut header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": bare_jwk(SigningAlgorithm::ES256)});
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(header.as_object_mut().unwrap().remove(name)),
            value => header[name] = value.clone(),
        }
    }
    header
}

fn with_header(header: &Value) -> Result<SignedProof, ProofError> {
    verify(&signed_with_header(SigningAlgorithm::ES256, &header.to_string(), &claims().to_string()))
}

fn with_jwk(changes: Value) -> Result<SignedProof, ProofError> {
    let mut jwk = bare_jwk(SigningAlgorithm::ES256);
    jwk.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    with_header(&header(json!({"jwk": jwk})))
}

#[test]
fn dp1_the_proof_of_rfc_9449_verifies() {
    let signed = verify(OF_THE_RFC).unwrap();
    // Section 6.1.
    assert_eq!(signed.thumbprint, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    assert_eq!(signed.claims["htu"], "https://server.example.com/token");
    // Section 7.1.
    let ath = access_token_hash("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU");
    assert_eq!(ath, "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
}

#[test]
fn dp1_a_proof_of_each_algorithm_verifies() {
    for algorithm in SigningAlgorithm::ALL {
        let signed = verify(&proof(algorithm, &claims())).unwrap();
        assert_eq!(signed.thumbprint, pair(algorithm).public_jwk().thumbprint());
        assert_eq!(Value::Object(signed.claims), claims());
        assert!(PROOF_ALGORITHMS.contains(&algorithm.as_str()));
    }
    // RFC 9864 section 2.2.
    let header = json!({"typ": "dpop+jwt", "alg": "Ed25519", "jwk": bare_jwk(SigningAlgorithm::EdDSA)});
    let proof = signed_with_header(SigningAlgorithm::EdDSA, &header.to_string(), &claims().to_string());
    assert_eq!(verify(&proof).unwrap().thumbprint, pair(SigningAlgorithm::EdDSA).public_jwk().thumbprint());
}

#[test]
fn dp2_what_a_key_says_of_itself_must_allow_it() {
    for fine in [
        json!({"use": "sig", "alg": "ES256", "kid": "mine"}),
        json!({"key_ops": ["verify"], "ext": true}),
        json!({"x5c": ["AAAA"], "x5u": "http://127.0.0.1:1/", "future": {"a": 1}}),
    ] {
        assert!(with_jwk(fine.clone()).is_ok(), "{fine}");
    }
    for wrong in [
        json!({"use": "enc"}),
        json!({"use": 1}),
        json!({"alg": "ES384"}),
        json!({"key_ops": ["sign"]}),
        json!({"key_ops": "verify"}),
    ] {
        assert_eq!(with_jwk(wrong.clone()), Err(ProofError::UnusableKey), "{wrong}");
    }
}

#[test]
fn dp2_each_refusal_has_its_cause() {
    let rsa = bare_jwk(SigningAlgorithm::RS256);
    let short = json!({"kty": "RSA", "e": "AQAB", "n": format!("{}w", "_".repeat(170))});
    for (changes, expected) in [
        (json!({"typ": null}), ProofError::WrongType),
        (json!({"typ": "jwt"}), ProofError::WrongType),
        (json!({"typ": "at+jwt"}), ProofError::WrongType),
        (json!({"typ": "DPoP+JWT"}), ProofError::WrongType),
        (json!({"alg": null}), ProofError::UnsupportedAlgorithm),
        (json!({"alg": "none"}), ProofError::UnsupportedAlgorithm),
        (json!({"alg": "nOnE"}), ProofError::UnsupportedAlgorithm),
        (json!({"alg": "HS256"}), ProofError::UnsupportedAlgorithm),
        (json!({"alg": "ES384"}), ProofError::UnsupportedAlgorithm),
        (json!({"alg": 1}), ProofError::UnsupportedAlgorithm),
        (json!({"crit": []}), ProofError::Extension),
        (json!({"b64": false, "crit": ["b64"]}), ProofError::Extension),
        (json!({"kid": 1}), ProofError::NotAJwt),
        (json!({"jwk": null}), ProofError::NoKey),
        (json!({"jwk": "key"}), ProofError::NoKey),
        (json!({"jwk": {}}), ProofError::UnusableKey),
        (json!({"jwk": {"kty": "oct"}}), ProofError::UnusableKey),
        (json!({"jwk": {"kty": "oct", "k": "AAAA"}}), ProofError::PrivateKey),
        // PK6: a key of one kind under an algorithm of another.
        (json!({"alg": "RS256"}), ProofError::UnusableKey),
        (json!({"jwk": rsa}), ProofError::UnusableKey),
        (json!({"alg": "RS256", "jwk": short}), ProofError::UnusableKey),
        (json!({"alg": "RS256", "jwk": rsa}), ProofError::InvalidSignature),
        (json!({"alg": "EdDSA", "jwk": bare_jwk(SigningAlgorithm::EdDSA)}), ProofError::InvalidSignature),
    ] {
        assert_eq!(with_header(&header(changes.clone())), Err(expected), "{changes}");
    }
    for member in PRIVATE {
        assert_eq!(with_jwk(json!({member: "AAAA"})), Err(ProofError::PrivateKey), "{member}");
    }
    for (name, value) in [("x", json!("AAAA")), ("y", json!(1)), ("crv", json!("P-384")), ("crv", json!("secp256k1"))] {
        assert_eq!(with_jwk(json!({name: value})), Err(ProofError::UnusableKey), "{name}");
    }
    // Not on the curve.
    assert_eq!(with_jwk(json!({"x": "A".repeat(43)})), Err(ProofError::UnusableKey), "a point that is not on the curve");
}

#[test]
fn pk6_an_rsa_key_signs_with_the_algorithm_of_the_header_alone() {
    let header = json!({"typ": "dpop+jwt", "alg": "PS256", "jwk": bare_jwk(SigningAlgorithm::RS256)});
    let proof = signed_with_header(SigningAlgorithm::RS256, &header.to_string(), &claims().to_string());
    assert_eq!(verify(&proof), Err(ProofError::InvalidSignature));
}

#[test]
fn pk8_what_is_no_jwt_is_refused() {
    let good = proof(SigningAlgorithm::ES256, &claims());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let header = header(json!({})).to_string();
    let twice = header.replacen('{', r#"{"alg":"none","#, 1);
    let zeros = "A".repeat(86);
    for (text, expected) in [
        (String::new(), ProofError::NotAJwt),
        ("x".to_owned(), ProofError::NotAJwt),
        (message.to_owned(), ProofError::NotAJwt),
        (format!("{good}.x"), ProofError::NotAJwt),
        (format!("{good}.x.y"), ProofError::NotAJwt),
        (format!("{good}, {good}"), ProofError::NotAJwt),
        (format!("{good}="), ProofError::InvalidSignature),
        (format!("{message}."), ProofError::InvalidSignature),
        (format!("{message}.{zeros}"), ProofError::InvalidSignature),
        (format!("{message}.{}", signature.replace(|c: char| c.is_ascii_digit(), "A")), ProofError::InvalidSignature),
        (".".repeat(MAX_PROOF_BYTES), ProofError::NotAJwt),
        (".".repeat(MAX_PROOF_BYTES + 1), ProofError::TooLong),
        (signed_with_header(SigningAlgorithm::ES256, &twice, &claims().to_string()), ProofError::NotAJwt),
        (signed_with_header(SigningAlgorithm::ES256, &header, r#"{"jti":"a","jti":"b"}"#), ProofError::NotAJwt),
        (signed_with_header(SigningAlgorithm::ES256, &header, "[]"), ProofError::NotAJwt),
        (signed_with_header(SigningAlgorithm::ES256, &header, &"[".repeat(5_000)), ProofError::NotAJwt),
        (signed_with_header(SigningAlgorithm::ES256, &format!("\u{feff}{header}"), "{}"), ProofError::NotAJwt),
    ] {
        assert_eq!(verify(&text), Err(expected), "{text:.200}");
    }
}
