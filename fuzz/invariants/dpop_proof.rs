//! `crypto::dpop_proof` and `oauth::dpop`.

use claviger::crypto::dpop_proof::{MAX_PROOF_BYTES, PROOF_ALGORITHMS, ProofError, SignedProof, verify};
use claviger::crypto::strict_json;
use claviger::domain::profile::Profile;
use claviger::domain::time::Timestamp;
use claviger::oauth::dpop::own_urls::OwnUrls;
use claviger::oauth::dpop::{ProofRefused, ProofRules, ProvenRequest};
use serde_json::{Map, Value};

use super::base64::{self, URL_SAFE, encode};

/// Checks a header's value; the same as the text of a JWT's header; and as the URL of a request.
pub fn check(data: &[u8]) {
    check_line(data);
    if let Ok(text) = str::from_utf8(data) {
        check_proof(text);
        let zeros = "A".repeat(86);
        check_proof(&format!("{}.e30.{zeros}", encode(data)));
        let (header, claims) = text.split_once('\n').unwrap_or((text, "{}"));
        check_proof(&format!("{}.{}.{zeros}", encode(header.as_bytes()), encode(claims.as_bytes())));
        check_url(text);
    }
}

/// No two lines are one proof, and what is no text is none.
fn check_line(line: &[u8]) {
    let rules = ProofRules::new("https://auth.example", None);
    let check = |proofs: &[&[u8]]| {
        let request = ProvenRequest { proofs, method: "POST", path: "/connect/token", access_token: None };
        rules.check(&request, Profile::Standard, Timestamp::from_unix(1_562_262_616))
    };
    assert!(matches!(check(&[line, line]), Err(ProofRefused::Invalid(_))));
    if check(&[line]).is_ok() {
        let signed = verify(str::from_utf8(line).unwrap().trim()).expect("nothing else is believed");
        assert_eq!(signed.claims["htm"], "POST");
    }
}

fn check_proof(text: &str) {
    let verified = verify(text);
    match naive(text) {
        Err(expected) => assert_eq!(verified.map(drop), Err(expected), "{text}"),
        Ok(claims) => match verified {
            Ok(SignedProof { thumbprint, claims: found, .. }) => {
                assert_eq!(thumbprint.len(), 43);
                assert_eq!(found, claims);
                assert!(verify(&altered(text)).is_err());
            }
            Err(error) => {
                assert!(matches!(error, ProofError::UnusableKey | ProofError::InvalidSignature), "{error:?}: {text}");
            }
        },
    }
}

/// What can be told without cryptography; the claims, if there is more to tell.
fn naive(text: &str) -> Result<Map<String, Value>, ProofError> {
    if text.len() > MAX_PROOF_BYTES {
        return Err(ProofError::TooLong);
    }
    let parts: Vec<&str> = text.split('.').collect();
    let [header, claims, _] = parts.as_slice() else { return Err(ProofError::NotAJwt) };
    let object = |part: &str| base64::decode(part, URL_SAFE, false).and_then(|bytes| strict_json::object(&bytes).ok());
    let header = object(header).ok_or(ProofError::NotAJwt)?;
    if !PROOF_ALGORITHMS.iter().any(|known| header.get("alg") == Some(&Value::from(*known))) {
        return Err(ProofError::UnsupportedAlgorithm);
    }
    if header.keys().any(|name| name == "crit" || name == "b64") {
        return Err(ProofError::Extension);
    }
    let is_short = |kid: &Value| kid.as_str().is_some_and(|kid| kid.len() <= 256);
    let claims = object(claims).filter(|_| header.get("kid").is_none_or(is_short)).ok_or(ProofError::NotAJwt)?;
    if header.get("typ") != Some(&Value::from("dpop+jwt")) {
        return Err(ProofError::WrongType);
    }
    let Some(Value::Object(jwk)) = header.get("jwk") else { return Err(ProofError::NoKey) };
    if jwk.keys().any(|name| ["d", "p", "q", "dp", "dq", "qi", "oth", "k"].contains(&name.as_str())) {
        return Err(ProofError::PrivateKey);
    }
    Ok(claims)
}

/// The same with another first byte in its claims.
fn altered(proof: &str) -> String {
    let (header, rest) = proof.split_once('.').unwrap();
    let first = if rest.starts_with('f') { 'e' } else { 'f' };
    format!("{header}.{first}{}", &rest[1..])
}

fn check_url(text: &str) {
    let own = OwnUrls::new("https://auth.example/t1");
    let path = "/connect/token";
    for exact in ["https://auth.example/t1/connect/token", "https://auth.example/connect/token"] {
        // A query or a fragment changes nothing, whatever stands in it, as long as it may stand there.
        let plain: String = text.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
        assert!(own.names(&format!("{exact}?{plain}"), path) && own.names(&format!("{exact}#{plain}"), path));
        assert!(!own.names(&format!("{exact}/{plain}x"), path));
    }
    if own.names(text, path) {
        let lower = text.to_ascii_lowercase();
        let rest = lower.strip_prefix("https://auth.example").unwrap_or_else(|| panic!("another host: {text:?}"));
        assert!(rest.starts_with(['/', ':']), "{text:?}");
        assert!(text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\'), "{text:?}");
    }
}
