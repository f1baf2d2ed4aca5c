//! The form of a signed token and its header, strictly (RFC 7515 section 5.2, RFC 8725), in this order: *size*, before
//! anything is split; *three segments*; *header*: no member twice, no `crit`, no `b64`, the expected `typ`, an accepted `alg`.
//! Keys in a header (`jwk`, `jku`, `x5c`, `x5u`) name nothing here; only a proof of possession brings its own key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::key::PublicKey;
use crate::strict_json;

/// The longest token that is looked at, in bytes.
pub(super) const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// The longest key id.
const MAX_KEY_ID_BYTES: usize = 256;

/// A token whose form and header are right, and whose signature nobody has looked at.
pub(super) struct Unverified<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) header: Map<String, Value>,
    message: &'a str,
    payload: &'a str,
    signature: Vec<u8>,
}

/// What is wrong; never holds the token.
pub(super) type Wrong = &'static str;

/// Reads a token that must be of this type, signed with one of these algorithms.
pub(super) fn read<'a>(token: &'a str, max_bytes: usize, typ: &str, accepted: &[Algorithm]) -> Result<Unverified<'a>, Wrong> {
    if token.len() > max_bytes {
        return Err("the token is too long");
    }
    let (message, signature) = token.rsplit_once('.').ok_or("the token has no three segments")?;
    let (header, payload) = message.split_once('.').ok_or("the token has no three segments")?;
    if payload.contains('.') {
        return Err("the token has no three segments");
    }
    let header = object(header)?;
    let text = |name| header.get(name).and_then(Value::as_str);
    if header.contains_key("crit") || header.contains_key("b64") {
        return Err("the header asks for an extension that is not understood");
    }
    if !text("typ").is_some_and(|found| is_type(found, typ)) {
        return Err("typ is not the expected one: this is a token of another kind");
    }
    let algorithm = text("alg").and_then(Algorithm::named).filter(|algorithm| accepted.contains(algorithm));
    let algorithm = algorithm.ok_or("alg is missing or not accepted")?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| "the signature is not base64url")?;
    Ok(Unverified { algorithm, header, message, payload, signature })
}

/// A media type, with or without `application/` (RFC 7515 section 4.1.9, RFC 9068 section 4).
fn is_type(found: &str, typ: &str) -> bool {
    const PREFIX: &str = "application/";
    let short = found.split_at_checked(PREFIX.len()).filter(|(prefix, _)| prefix.eq_ignore_ascii_case(PREFIX));
    short.map_or(found, |(_, short)| short).eq_ignore_ascii_case(typ)
}

fn object(segment: &str) -> Result<Map<String, Value>, Wrong> {
    let text = URL_SAFE_NO_PAD.decode(segment).map_err(|_| "a segment is not base64url")?;
    strict_json::object(&text).map_err(|_| "a segment is not a JSON object, or has a member twice")
}

impl Unverified<'_> {
    /// The key that it says to be signed with.
    pub(super) fn key_id(&self) -> Result<&str, Wrong> {
        let kid = self.header.get("kid").and_then(Value::as_str).ok_or("kid is missing or not text")?;
        if kid.len() > MAX_KEY_ID_BYTES { Err("kid is too long") } else { Ok(kid) }
    }

    /// The claims, once the key has verified the signature.
    pub(super) fn verified_by(&self, key: &PublicKey) -> Result<Map<String, Value>, Wrong> {
        if key.algorithm() != self.algorithm {
            return Err("alg is not the algorithm of the key that kid names");
        }
        if !key.verifies(self.message.as_bytes(), &self.signature) {
            return Err("the signature does not fit");
        }
        object(self.payload)
    }
}

/// Unix seconds of a claim. A time that is text or a fraction is none (CVE-2026-25537).
pub(super) fn time(claims: &Map<String, Value>, name: &str) -> Option<i64> {
    claims.get(name).and_then(Value::as_i64)
}

/// Holds the times of a token against the clock (RFC 7519 sections 4.1.4 and 4.1.5).
pub(super) fn check_times(claims: &Map<String, Value>, now: i64, leeway_seconds: u32) -> Result<(), Wrong> {
    let leeway = i64::from(leeway_seconds);
    let expires_at = time(claims, "exp").ok_or("exp is missing or not a whole number")?;
    if now >= expires_at.saturating_add(leeway) {
        return Err("the token has expired");
    }
    if claims.contains_key("nbf") {
        let not_before = time(claims, "nbf").ok_or("nbf is not a whole number")?;
        if now < not_before.saturating_sub(leeway) {
            return Err("the token is not valid yet");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_has_two_spellings() {
        for good in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/at+JWT"] {
            assert!(is_type(good, "at+jwt"), "{good}");
        }
        for bad in ["", "jwt", "at+jwt ", "application/", "text/at+jwt", "application/application/at+jwt", "JWT"] {
            assert!(!is_type(bad, "at+jwt"), "{bad}");
        }
    }

    #[test]
    fn times_at_their_edges() {
        let claims = |exp: Value, nbf: Value| {
            let claims = serde_json::json!({"exp": exp, "nbf": nbf});
            claims.as_object().unwrap().iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), v.clone())).collect()
        };
        for (exp, nbf, now, good) in [
            (Value::from(100), Value::Null, 109, true),
            (Value::from(100), Value::Null, 110, false),
            (Value::from(100), Value::from(50), 40, true),
            (Value::from(100), Value::from(50), 39, false),
            (Value::from(i64::MAX), Value::from(i64::MIN), 0, true),
            (Value::from("100"), Value::Null, 0, false),
            (Value::from(100.5), Value::Null, 0, false),
            (Value::Null, Value::Null, 0, false),
            (Value::from(100), Value::from("0"), 0, false),
        ] {
            assert_eq!(check_times(&claims(exp.clone(), nbf), now, 10).is_ok(), good, "{exp} {now}");
        }
    }
}
