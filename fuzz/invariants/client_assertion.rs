//! `crypto::client_jwt` and `oauth::client_auth::assertion`.

use std::sync::OnceLock;

use claviger::crypto::client_jwk::ClientJwks;
use claviger::crypto::client_jwt::Unverified;
use claviger::crypto::jwt::MAX_TOKEN_BYTES;
use claviger::crypto::signing::SigningPair;
use claviger::crypto::strict_json;
use claviger::domain::public_credential::{PublicCredential, TrustedIssuer};
use claviger::domain::signing_key::SigningAlgorithm;
use claviger::domain::time::Timestamp;
use claviger::oauth::client_auth::assertion::{self, UsedAssertion};
use claviger::oauth::error::ClientRefusal;
use serde_json::{Map, Value, json};

use super::base64::{self, URL_SAFE};

const CLIENT: &str = "key_01hf7yat00000000000000000a";
const ISSUER: &str = "https://auth.example";
const NOW: i64 = 1_800_000_000;
const TRUSTED: &str = r#"{"trusted_issuer": {"issuer": "https://cluster.example", "subject": "workload",
    "audience": "https://auth.example", "jwks_uri": "https://cluster.example/keys"}}"#;
/// Right base64url, and no right signature.
const ZEROS: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Checks a whole assertion; the texts of a header and, in the next line, of claims; and claims that the client has signed.
pub fn check(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    check_form(text);
    let (header, claims) = text.split_once('\n').unwrap_or((r#"{"alg":"EdDSA"}"#, text));
    check_form(&format!("{}.{}.{ZEROS}", encoded(header), encoded(claims)));
    let mut signed = Vec::new();
    known().pair.sign_onto("JWT", claims, &mut signed).unwrap();
    check_claims(&String::from_utf8(signed).unwrap(), claims);
}

/// Whom everything is held against.
struct Known {
    pair: SigningPair,
    keys: ClientJwks,
    trusted: TrustedIssuer,
}

fn known() -> &'static Known {
    static KNOWN: OnceLock<Known> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let (pair, _) = SigningPair::generate(SigningAlgorithm::EdDSA).unwrap();
        let set = json!({"keys": [pair.public_jwk()]});
        let Ok(PublicCredential::TrustedIssuer(trusted)) = PublicCredential::from_stored(TRUSTED) else { panic!() };
        Known { keys: ClientJwks::read(set.as_object().unwrap()).unwrap(), pair, trusted }
    })
}

fn check_own(assertion: Unverified<'_>) -> Result<UsedAssertion, ClientRefusal> {
    assertion::check_own(assertion, CLIENT, ISSUER, &known().keys, Timestamp::from_unix(NOW))
}

fn check_of_workload(assertion: Unverified<'_>) -> Result<UsedAssertion, ClientRefusal> {
    let Known { keys, trusted, .. } = known();
    assertion::check_of_workload(assertion, trusted, keys, || "print".to_owned(), Timestamp::from_unix(NOW))
}

/// What has a form is taken apart rightly; without a right signature nothing of it is believed.
fn check_form(text: &str) {
    let read = Unverified::read(text);
    let Some((header, claims)) = naive(text) else {
        assert!(read.is_err() && assertion::read(text).is_err(), "{text}");
        return;
    };
    let read = read.unwrap_or_else(|error| panic!("{error:?}: {text}"));
    for (name, value) in &claims {
        assert_eq!(read.claim(name), Some(value));
    }
    assert_eq!(read.kid(), header.get("kid").and_then(Value::as_str));
    assert_eq!((read.has_typ(), read.typ()), (header.contains_key("typ"), header.get("typ").and_then(Value::as_str)));
    let own_types = ["jwt", "client-authentication+jwt"];
    let is_own = |typ: &Value| typ.as_str().is_some_and(|typ| own_types.contains(&typ.to_ascii_lowercase().as_str()));
    let taken = assertion::read(text);
    assert_eq!(taken.is_ok(), header.get("typ").is_none_or(is_own), "{text}");
    if let Ok(taken) = taken {
        // The key is made anew for every process: nobody else has signed with it.
        assert_eq!(check_own(taken.clone()), Err(ClientRefusal::AssertionSignature));
        assert_eq!(check_of_workload(taken), Err(ClientRefusal::AssertionSignature));
    }
}

/// Header and claims, when there is nothing to say against the form.
fn naive(text: &str) -> Option<(Map<String, Value>, Map<String, Value>)> {
    if text.len() > MAX_TOKEN_BYTES {
        return None;
    }
    let parts: Vec<&str> = text.split('.').collect();
    let [header, claims, _] = parts.as_slice() else { return None };
    let object = |part: &str| base64::decode(part, URL_SAFE, false).and_then(|bytes| strict_json::object(&bytes).ok());
    let (header, claims) = (object(header)?, object(claims)?);
    let names = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"];
    let has_algorithm = names.iter().any(|name| header.get("alg") == Some(&Value::from(*name)));
    let has_extension = header.contains_key("crit") || header.contains_key("b64");
    let has_kid = header.get("kid").is_none_or(|kid| kid.as_str().is_some_and(|kid| kid.len() <= 256));
    (has_algorithm && !has_extension && has_kid).then_some((header, claims))
}

/// Claims with a right signature are judged as a second reader judges them; with other claims the signature is wrong.
fn check_claims(signed: &str, claims: &str) {
    let Ok(read) = assertion::read(signed) else {
        assert!(signed.len() > MAX_TOKEN_BYTES || strict_json::object(claims.as_bytes()).is_err(), "{claims}");
        return;
    };
    let members = strict_json::object(claims.as_bytes()).unwrap();
    let own = check_own(read.clone());
    assert_eq!(own.as_ref().ok().map(named), naive_own(&members), "{claims}");
    let of_workload = check_of_workload(read);
    assert_eq!(of_workload.as_ref().ok().map(named), naive_of_workload(&members), "{claims}");
    assert!(own.is_err() || of_workload.is_err(), "one issuer is not the other");
    let (header, rest) = signed.split_once('.').unwrap();
    let signature = rest.rsplit_once('.').unwrap().1;
    let altered = format!("{header}.{}.{signature}", encoded(&format!("{claims} ")));
    if let Ok(altered) = assertion::read(&altered) {
        assert_eq!(check_own(altered), Err(ClientRefusal::AssertionSignature));
    }
}

fn named(used: &UsedAssertion) -> (String, i64) {
    (used.jti.clone(), used.expires_at.unix())
}

fn naive_own(claims: &Map<String, Value>) -> Option<(String, i64)> {
    let is = |name: &str, text: &str| claims.get(name) == Some(&Value::from(text));
    let jti = claims.get("jti").and_then(Value::as_str).filter(|jti| (1..=256).contains(&jti.len()))?;
    let (expires, _) = times(claims)?;
    let fits = is("iss", CLIENT) && is("sub", CLIENT) && is("aud", ISSUER) && expires <= NOW + 310;
    fits.then(|| (jti.to_owned(), expires))
}

fn naive_of_workload(claims: &Map<String, Value>) -> Option<(String, i64)> {
    let is = |name: &str, text: &str| claims.get(name) == Some(&Value::from(text));
    let jti = match claims.get("jti") {
        None => "print".to_owned(),
        Some(jti) => jti.as_str().filter(|jti| (1..=256).contains(&jti.len()))?.to_owned(),
    };
    let is_for_us = is("aud", ISSUER) || claims.get("aud") == Some(&json!([ISSUER]));
    let (expires, issued) = times(claims)?;
    let is_short = i128::from(expires) <= i128::from(issued?) + 3_610;
    (is("iss", "https://cluster.example") && is("sub", "workload") && is_for_us && is_short).then_some((jti, expires))
}

/// `exp` and `iat`, when the assertion holds now.
fn times(claims: &Map<String, Value>) -> Option<(i64, Option<i64>)> {
    let time = |name: &str| match claims.get(name) {
        None => Some(None),
        Some(Value::Number(number)) => match number.as_i64() {
            Some(whole) => Some(Some(whole)),
            None => number.as_f64().filter(|time| (0.0..=1e12).contains(time)).map(|time| Some(time.trunc() as i64)),
        },
        Some(_) => None,
    };
    let (expires, issued, begins) = (time("exp")??, time("iat")?, time("nbf")?);
    let has_begun = [issued, begins].into_iter().flatten().all(|moment| moment <= NOW + 60);
    (expires > NOW && has_begun).then_some((expires, issued))
}

fn encoded(text: &str) -> String {
    let bits: String = text.bytes().map(|byte| format!("{byte:08b}")).collect();
    let digit = |bits: &[u8]| {
        let padded = format!("{:0<6}", str::from_utf8(bits).unwrap());
        URL_SAFE.chars().nth(usize::from_str_radix(&padded, 2).unwrap()).unwrap()
    };
    bits.as_bytes().chunks(6).map(digit).collect()
}
