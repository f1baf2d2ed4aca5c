//! `crypto::client_jwt`, which reads clients' assertions.

use std::sync::OnceLock;

use claviger::crypto::client_jwt::Unverified;
use claviger::crypto::jwt::{MAX_TOKEN_BYTES, VerifyError};
use claviger::crypto::signing::SigningPair;
use claviger::crypto::strict_json;
use claviger::domain::signing_key::SigningAlgorithm;
use serde_json::{Map, Value};

use super::base64::{self, URL_SAFE, encode};

/// Checks an assertion; the same as a header, then claims in the next line; and as claims that a known key has signed.
pub fn check(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    check_text(text);
    let (header, claims) = text.split_once('\n').unwrap_or((text, "{}"));
    check_text(&format!("{}.{}.{}", encode(header.as_bytes()), encode(claims.as_bytes()), "A".repeat(86)));
    check_signed(claims);
}

/// A key that has signed nothing but what is made here.
fn pair() -> &'static SigningPair {
    static PAIR: OnceLock<SigningPair> = OnceLock::new();
    PAIR.get_or_init(|| SigningPair::generate(SigningAlgorithm::EdDSA).unwrap().0)
}

fn check_text(text: &str) {
    match (Unverified::read(text), naive(text)) {
        (Err(error), Err(expected)) => assert_eq!(error, expected, "{text}"),
        (Ok(read), Ok(Parts { algorithm, kid, claims })) => {
            let alg = if algorithm == "Ed25519" { "EdDSA" } else { algorithm.as_str() };
            assert_eq!((read.algorithm().to_string().as_str(), read.kid()), (alg, kid.as_deref()), "{text}");
            assert_eq!(Some(read.message()), text.rsplit_once('.').map(|(message, _)| message));
            assert!(claims.iter().all(|(name, value)| read.claim(name) == Some(value)), "{text}");
            let no_key = VerifyError::UnknownKey;
            assert_eq!(read.clone().verify([]).unwrap_err(), no_key);
            let refused = read.verify([pair().verifying_key()]).unwrap_err();
            assert_eq!(refused, if alg == "EdDSA" { VerifyError::InvalidSignature } else { no_key }, "{text}");
        }
        (read, expected) => panic!("{read:?} where {:?} was expected: {text}", expected.map(|parts| parts.algorithm)),
    }
}

struct Parts {
    algorithm: String,
    kid: Option<String>,
    claims: Map<String, Value>,
}

fn naive(text: &str) -> Result<Parts, VerifyError> {
    if text.len() > MAX_TOKEN_BYTES {
        return Err(VerifyError::TooLong);
    }
    let parts: Vec<&str> = text.split('.').collect();
    let [header, claims, _] = parts.as_slice() else { return Err(VerifyError::NotThreeSegments) };
    let object = |part: &str, malformed: VerifyError| {
        let bytes = base64::decode(part, URL_SAFE, false).ok_or(malformed)?;
        strict_json::object(&bytes).map_err(|why| match why {
            strict_json::NotStrict::Malformed => malformed,
            strict_json::NotStrict::DuplicateMember => VerifyError::DuplicateMember,
        })
    };
    let header = object(header, VerifyError::MalformedHeader)?;
    let known = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"];
    let algorithm = known.iter().find(|known| header.get("alg") == Some(&Value::from(**known)));
    let algorithm = algorithm.ok_or(VerifyError::UnsupportedAlgorithm)?;
    for (name, error) in [("crit", VerifyError::CriticalExtension), ("b64", VerifyError::UnencodedPayload)] {
        if header.keys().any(|member| member == name) {
            return Err(error);
        }
    }
    let kid = header.get("kid").map(|kid| kid.as_str().filter(|kid| kid.len() <= 256).ok_or(VerifyError::MissingKeyId));
    let kid = kid.transpose()?.map(str::to_owned);
    Ok(Parts { algorithm: (*algorithm).to_owned(), kid, claims: object(claims, VerifyError::MalformedClaims)? })
}

/// What a key has signed is believed as it stands, and not when one character of it is another.
fn check_signed(claims: &str) {
    let mut token = Vec::new();
    pair().sign_onto("JWT", claims, &mut token).unwrap();
    let token = String::from_utf8(token).unwrap();
    let verified = Unverified::read(&token).and_then(|read| read.verify([pair().verifying_key()]));
    let is_short = token.len() <= MAX_TOKEN_BYTES;
    assert_eq!(verified.ok(), strict_json::object(claims.as_bytes()).ok().filter(|_| is_short), "{claims}");
    let at = claims.len() * 31 % token.len();
    let other = if token.as_bytes()[at] == b'A' { "B" } else { "A" };
    let altered = format!("{}{other}{}", &token[..at], &token[at + 1..]);
    let verified = Unverified::read(&altered).and_then(|read| read.verify([pair().verifying_key()]));
    assert!(verified.is_err(), "{altered}");
}
