//! `private_key_jwt` and `workload_jwt`: an assertion in place of a secret (RFC 7521, RFC 7523 and its update, OpenID
//! Connect Core section 9). The client has signed it, or the platform on which it runs.

use serde_json::{Map, Value};

use crate::crypto::client_jwk::ClientJwks;
use crate::crypto::client_jwt::Unverified;
use crate::domain::public_credential::TrustedIssuer;
use crate::domain::time::Timestamp;
use crate::oauth::error::ClientRefusal;

/// How far a client's clock may be ahead, in seconds (FAPI 2.0 section 5.3.2.1 asks for 10 at least).
const CLOCK_AHEAD_SECONDS: i64 = 60;
/// How far `exp` of a client's own assertion may lie ahead, in seconds.
const LONGEST_SECONDS: i64 = 300;
/// The same, counted from `iat`, of what a workload's platform has signed: Kubernetes writes an hour unless told otherwise.
const LONGEST_OF_WORKLOAD_SECONDS: i64 = 3_600;
/// What clocks that differ may add to these, in seconds.
const TOLERANCE_SECONDS: i64 = 10;
/// The longest `jti`, in bytes.
const MAX_JTI_BYTES: usize = 256;

/// The `typ` of what may be an assertion: none, that of every JWT, and the one that RFC 7523's update gives it.
const OWN_TYPES: [&str; 2] = ["JWT", "client-authentication+jwt"];

/// What must not be accepted again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedAssertion {
    /// Its name, or what stands for it.
    pub jti: String,
    /// Until when it would be accepted.
    pub expires_at: Timestamp,
}

/// Takes an assertion apart; nothing of it is believed yet.
///
/// # Errors
/// [`ClientRefusal::MalformedAssertion`].
pub fn read(assertion: &str) -> Result<Unverified<'_>, ClientRefusal> {
    let read = Unverified::read(assertion).map_err(|_| ClientRefusal::MalformedAssertion)?;
    let is_own = read.typ().is_some_and(|typ| OWN_TYPES.iter().any(|own| own.eq_ignore_ascii_case(typ)));
    if read.has_typ() && !is_own { Err(ClientRefusal::MalformedAssertion) } else { Ok(read) }
}

/// Checks an assertion that the client `client_id` has signed with one of `keys` for the server `issuer`.
///
/// # Errors
/// Why the client is refused; it is told none of it.
pub fn check_own(
    assertion: Unverified<'_>,
    client_id: &str,
    issuer: &str,
    keys: &ClientJwks,
    now: Timestamp,
) -> Result<UsedAssertion, ClientRefusal> {
    let claims = verified(assertion, keys)?;
    let is = |name: &str, expected: &str| claims.get(name).and_then(Value::as_str) == Some(expected);
    // A list of audiences, even of this one, may be for others too (CVE-2025-27370).
    if !is("iss", client_id) || !is("sub", client_id) || !is("aud", issuer) {
        return Err(ClientRefusal::AssertionClaims);
    }
    let jti = jti(&claims)?.ok_or(ClientRefusal::AssertionClaims)?;
    let times = Times::of(&claims, now)?;
    if times.expires > now.unix().saturating_add(LONGEST_SECONDS + TOLERANCE_SECONDS) {
        return Err(ClientRefusal::AssertionTime);
    }
    Ok(UsedAssertion { jti, expires_at: Timestamp::from_unix(times.expires) })
}

/// Checks what a workload's platform has signed with one of `keys`. It is used once, too: without a `jti` the token itself
/// is remembered, by `fingerprint`.
///
/// # Errors
/// As for [`check_own`].
pub fn check_of_workload(
    assertion: Unverified<'_>,
    trusted: &TrustedIssuer,
    keys: &ClientJwks,
    fingerprint: impl FnOnce() -> String,
    now: Timestamp,
) -> Result<UsedAssertion, ClientRefusal> {
    let claims = verified(assertion, keys)?;
    let is = |name: &str, expected: &str| claims.get(name).and_then(Value::as_str) == Some(expected);
    let is_for_us = match claims.get("aud") {
        Some(Value::String(audience)) => *audience == trusted.audience,
        // Kubernetes and SPIFFE write a list; of more than one, others could use it too.
        Some(Value::Array(several)) => matches!(several.as_slice(), [Value::String(one)] if *one == trusted.audience),
        _ => false,
    };
    if !is("iss", trusted.issuer.as_str()) || !is("sub", &trusted.subject) || !is_for_us {
        return Err(ClientRefusal::AssertionClaims);
    }
    let jti = jti(&claims)?.unwrap_or_else(fingerprint);
    let times = Times::of(&claims, now)?;
    let issued = times.issued.ok_or(ClientRefusal::AssertionClaims)?;
    if times.expires > issued.saturating_add(LONGEST_OF_WORKLOAD_SECONDS + TOLERANCE_SECONDS) {
        return Err(ClientRefusal::AssertionTime);
    }
    Ok(UsedAssertion { jti, expires_at: Timestamp::from_unix(times.expires) })
}

fn verified(assertion: Unverified<'_>, keys: &ClientJwks) -> Result<Map<String, Value>, ClientRefusal> {
    let kid = assertion.kid().map(str::to_owned);
    let candidates = keys.candidates(assertion.algorithm(), kid.as_deref());
    assertion.verify(candidates).map_err(|_| ClientRefusal::AssertionSignature)
}

fn jti(claims: &Map<String, Value>) -> Result<Option<String>, ClientRefusal> {
    match claims.get("jti") {
        None => Ok(None),
        Some(Value::String(jti)) if (1..=MAX_JTI_BYTES).contains(&jti.len()) => Ok(Some(jti.clone())),
        Some(_) => Err(ClientRefusal::AssertionClaims),
    }
}

struct Times {
    expires: i64,
    issued: Option<i64>,
}

impl Times {
    fn of(claims: &Map<String, Value>, now: Timestamp) -> Result<Self, ClientRefusal> {
        let time = |name: &str| match claims.get(name) {
            None => Ok(None),
            // RFC 7519 section 2: a NumericDate may have a fraction.
            Some(Value::Number(number)) => number.as_i64().or_else(|| whole(number.as_f64()?)).ok_or(()).map(Some),
            Some(_) => Err(()),
        };
        let time = |name: &str| time(name).map_err(|()| ClientRefusal::AssertionClaims);
        let expires = time("exp")?.ok_or(ClientRefusal::AssertionClaims)?;
        let issued = time("iat")?;
        let latest = now.unix().saturating_add(CLOCK_AHEAD_SECONDS);
        let is_early = [issued, time("nbf")?].into_iter().flatten().any(|begins| begins > latest);
        if expires <= now.unix() || is_early { Err(ClientRefusal::AssertionTime) } else { Ok(Self { expires, issued }) }
    }
}

/// The second that a time with a fraction lies in, when it is one that a clock can show.
#[expect(clippy::cast_possible_truncation, reason = "the range was looked at")]
fn whole(time: f64) -> Option<i64> {
    (0.0..=1e12).contains(&time).then_some(time as i64)
}

#[cfg(test)]
mod tests;
