//! The strict verifier of our own tokens (RFC 7515 section 5.2, RFC 8725), in this order:
//!
//! 1. *size*: at most 16 KiB, before anything is split;
//! 2. *form*: three segments;
//! 3. *header*: an object without repeated members; an algorithm of ours, no `crit`, no `b64`, the expected `typ`, a
//!    `kid`. Keys in the header (`jwk`, `jku`, `x5c`, `x5u`) are never looked at;
//! 4. *key*: the one that `kid` names, and its `alg` is the header's;
//! 5. *signature*;
//! 6. *claims*: only now parsed; `iss`, `exp`, `nbf`. Who may use the token (`aud`) is the caller's to judge.
//!
//! Not jsonwebtoken's `decode`, so that no leniency of its header and claims types is inherited.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::signing::SigningPair;
use super::strict_json::{self, NotStrict};
use super::verifying_key::VerifyingKey;
use crate::domain::signing_key::SigningAlgorithm;
use crate::domain::time::Timestamp;

/// The longest token that is looked at, in bytes.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// The `typ` of access tokens (RFC 9068 section 2.1).
pub const ACCESS_TOKEN_TYPE: &str = "at+jwt";

/// What a token must say of itself to be taken for what it is meant as.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The header's `typ`, compared byte for byte: tokens of another kind are refused (RFC 8725 section 3.11).
    pub typ: &'a str,
    /// The `iss` claim, compared byte for byte.
    pub issuer: &'a str,
    /// How far another clock may be off, in seconds; 0 for tokens of this server.
    pub leeway_seconds: u32,
}

impl<'a> Expected<'a> {
    /// An access token of `issuer`, without leeway.
    pub const fn access_token(issuer: &'a str) -> Self {
        Self { typ: ACCESS_TOKEN_TYPE, issuer, leeway_seconds: 0 }
    }
}

/// The header of a verified token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedHeader {
    /// `alg`
    pub algorithm: SigningAlgorithm,
    /// `typ`
    pub typ: String,
    /// `kid`
    pub kid: String,
}

/// A token whose signature, type, issuer and times are right.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    /// What was checked of the header.
    pub header: VerifiedHeader,
    /// All claims.
    pub claims: Map<String, Value>,
}

/// Why a token is refused. Never holds the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyError {
    /// Longer than [`MAX_TOKEN_BYTES`], or whatever was allowed.
    TooLong,
    /// Not three segments.
    NotThreeSegments,
    /// The header is not base64url of a JSON object.
    MalformedHeader,
    /// A member of the header or of the claims appears twice.
    DuplicateMember,
    /// `alg` is missing or none of ours; `none` and the HMAC family among them.
    UnsupportedAlgorithm,
    /// The header has `crit`: no extension is understood (RFC 7515 section 4.1.11).
    CriticalExtension,
    /// The header has `b64` (RFC 7797).
    UnencodedPayload,
    /// `typ` is missing or another.
    WrongType,
    /// `kid` is missing or not a string.
    MissingKeyId,
    /// No published key has this `kid`.
    UnknownKey,
    /// The key is for another algorithm.
    AlgorithmMismatch,
    /// The signature does not fit.
    InvalidSignature,
    /// The payload is not base64url of a JSON object.
    MalformedClaims,
    /// `iss` is missing or another.
    WrongIssuer,
    /// `exp` is missing or not an integer.
    InvalidExpiry,
    /// `nbf` is not an integer.
    InvalidNotBefore,
    /// `exp` has come.
    Expired,
    /// `nbf` has not come.
    NotYetValid,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the token is too long",
            Self::NotThreeSegments => "the token does not have three segments separated by dots",
            Self::MalformedHeader => "the header is not base64url of a JSON object",
            Self::DuplicateMember => "a member of the header or of the claims appears twice",
            Self::UnsupportedAlgorithm => "alg is not RS256, PS256, ES256 or EdDSA",
            Self::CriticalExtension => "the header has crit, and no extension is understood",
            Self::UnencodedPayload => "the header has b64, which is not supported",
            Self::WrongType => "typ is not the expected one: this is a token of another kind",
            Self::MissingKeyId => "kid is missing or not a string",
            Self::UnknownKey => "no published key has this kid",
            Self::AlgorithmMismatch => "alg is not the algorithm of the key that kid names",
            Self::InvalidSignature => "the signature does not fit",
            Self::MalformedClaims => "the payload is not base64url of a JSON object",
            Self::WrongIssuer => "iss is missing or another issuer",
            Self::InvalidExpiry => "exp is missing or not an integer",
            Self::InvalidNotBefore => "nbf is not an integer",
            Self::Expired => "the token has expired",
            Self::NotYetValid => "the token is not valid yet",
        })
    }
}

impl std::error::Error for VerifyError {}

/// Verifies `token` with the published `keys` (whose `kid`s are distinct) at `now`.
///
/// # Errors
/// The first thing that is wrong, in the order of the module's list.
pub fn verify<'k>(
    token: &str,
    keys: impl IntoIterator<Item = &'k VerifyingKey>,
    expected: &Expected<'_>,
    now: Timestamp,
) -> Result<Verified, VerifyError> {
    verify_long(token, keys, expected, now, MAX_TOKEN_BYTES)
}

/// [`verify`] for tokens that may be longer: those that hold a whole document.
///
/// # Errors
/// As for [`verify`].
pub fn verify_long<'k>(
    token: &str,
    keys: impl IntoIterator<Item = &'k VerifyingKey>,
    expected: &Expected<'_>,
    now: Timestamp,
    max_bytes: usize,
) -> Result<Verified, VerifyError> {
    if token.len() > max_bytes {
        return Err(VerifyError::TooLong);
    }
    let (message, header, payload, signature) = segments(token).ok_or(VerifyError::NotThreeSegments)?;
    let header = check_header(&object(header, VerifyError::MalformedHeader)?, expected.typ)?;
    let key = keys.into_iter().find(|key| key.kid() == header.kid).ok_or(VerifyError::UnknownKey)?;
    if key.algorithm() != header.algorithm {
        return Err(VerifyError::AlgorithmMismatch);
    }
    let claims = verified_claims(key, message, payload, signature, expected, now)?;
    Ok(Verified { header, claims })
}

/// [`verify`] for access tokens that this process may have signed itself: one whose header is, byte for byte, the one that a
/// pair writes needs no other look at it. Answers the claims.
///
/// # Errors
/// As for [`verify`].
pub fn verify_own<'k>(
    token: &str,
    pairs: impl Iterator<Item = &'k SigningPair> + Clone,
    issuer: &str,
    now: Timestamp,
) -> Result<Map<String, Value>, VerifyError> {
    let expected = Expected::access_token(issuer);
    if token.len() <= MAX_TOKEN_BYTES
        && let Some((message, header, payload, signature)) = segments(token)
        && let Some(pair) = pairs.clone().find(|pair| pair.access_token_header() == header)
    {
        return verified_claims(pair.verifying_key(), message, payload, signature, &expected, now);
    }
    Ok(verify(token, pairs.map(SigningPair::verifying_key), &expected, now)?.claims)
}

fn verified_claims(
    key: &VerifyingKey,
    message: &str,
    payload: &str,
    signature: &str,
    expected: &Expected<'_>,
    now: Timestamp,
) -> Result<Map<String, Value>, VerifyError> {
    check_signature(key, message, signature)?;
    let claims = object(payload, VerifyError::MalformedClaims)?;
    check_claims(&claims, expected, now)?;
    Ok(claims)
}

/// The signed message (header, dot, payload), its two halves, and the signature.
pub(super) fn segments(token: &str) -> Option<(&str, &str, &str, &str)> {
    let (message, signature) = token.rsplit_once('.')?;
    let (header, payload) = message.split_once('.')?;
    (!payload.contains('.')).then_some((message, header, payload, signature))
}

pub(super) fn object(segment: &str, malformed: VerifyError) -> Result<Map<String, Value>, VerifyError> {
    let text = URL_SAFE_NO_PAD.decode(segment).map_err(|_| malformed)?;
    strict_json::object(&text).map_err(|why| match why {
        NotStrict::Malformed => malformed,
        NotStrict::DuplicateMember => VerifyError::DuplicateMember,
    })
}

fn check_header(header: &Map<String, Value>, typ: &str) -> Result<VerifiedHeader, VerifyError> {
    let text = |name| header.get(name).and_then(Value::as_str);
    let algorithm = text("alg").and_then(|alg| alg.parse().ok()).ok_or(VerifyError::UnsupportedAlgorithm)?;
    if header.contains_key("crit") {
        return Err(VerifyError::CriticalExtension);
    }
    if header.contains_key("b64") {
        return Err(VerifyError::UnencodedPayload);
    }
    if text("typ") != Some(typ) {
        return Err(VerifyError::WrongType);
    }
    let kid = text("kid").ok_or(VerifyError::MissingKeyId)?.to_owned();
    Ok(VerifiedHeader { algorithm, typ: typ.to_owned(), kid })
}

pub(super) fn check_signature(key: &VerifyingKey, message: &str, signature: &str) -> Result<(), VerifyError> {
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| VerifyError::InvalidSignature)?;
    if key.verifies(message.as_bytes(), &signature) { Ok(()) } else { Err(VerifyError::InvalidSignature) }
}

fn check_claims(claims: &Map<String, Value>, expected: &Expected<'_>, now: Timestamp) -> Result<(), VerifyError> {
    if claims.get("iss").and_then(Value::as_str) != Some(expected.issuer) {
        return Err(VerifyError::WrongIssuer);
    }
    let leeway = i64::from(expected.leeway_seconds);
    let expires = claims.get("exp").and_then(Value::as_i64).ok_or(VerifyError::InvalidExpiry)?;
    // RFC 7519 section 4.1.4: not accepted on or after `exp`.
    if now.unix() >= expires.saturating_add(leeway) {
        return Err(VerifyError::Expired);
    }
    if let Some(not_before) = claims.get("nbf") {
        let not_before = not_before.as_i64().ok_or(VerifyError::InvalidNotBefore)?;
        if now.unix() < not_before.saturating_sub(leeway) {
            return Err(VerifyError::NotYetValid);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
