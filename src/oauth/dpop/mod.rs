//! Proofs of possession (RFC 9449): what comes in the header `DPoP` and who signed it. The checks of section 4.3, in an order
//! in which nothing of a proof is believed before its signature:
//!
//! 1. one header (check 1), a signed JWT of the right type with a public key in it ([`dpop_proof`]: checks 2 and 4 to 7);
//! 2. the claims that must be there (check 3);
//! 3. for this request: `htm`, `htu` (checks 8 and 9) and, with an access token, `ath` (check 12);
//! 4. `nonce`, where this server gives nonces (check 10);
//! 5. the time: `iat`, and `exp` and `nbf` where a proof has them (check 11).
//!
//! That a proof is used once, and by whom, is for the caller to see to: that needs a memory.

pub mod own_urls;

use serde_json::{Map, Value};

use self::own_urls::OwnUrls;
use crate::crypto::client_jwk::algorithm_of;
use crate::crypto::digest::access_token_hash;
use crate::crypto::dpop_nonce::{NonceAge, NonceKey};
use crate::crypto::dpop_proof::{self, PROOF_ALGORITHMS};
use crate::domain::profile::Profile;
use crate::domain::time::Timestamp;

/// How far `iat` may be off either way, in seconds.
const IAT_LEEWAY_SECONDS: i64 = 60;
/// The same for a proof with one of this server's nonces, which says better than the client's clock how old it is.
const IAT_LEEWAY_WITH_NONCE_SECONDS: i64 = 300;
/// How far the client's clock may be off where a proof has `exp` or `nbf`, in seconds.
const CLOCK_LEEWAY_SECONDS: i64 = 10;
/// The longest `jti`, in bytes.
const MAX_JTI_BYTES: usize = 256;

/// What proofs are held against.
#[derive(Clone, Debug)]
pub struct ProofRules {
    urls: OwnUrls,
    nonces: Option<NonceKey>,
}

/// The request that a proof came with.
#[derive(Clone, Copy, Debug)]
pub struct ProvenRequest<'a> {
    /// Every `DPoP` line.
    pub proofs: &'a [&'a [u8]],
    /// The method, as sent.
    pub method: &'a str,
    /// The path, as sent.
    pub path: &'a str,
    /// The access token that it is about; `None` at the token endpoint.
    pub access_token: Option<&'a str>,
}

/// A proof that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The RFC 7638 thumbprint of the key that signed it.
    pub jkt: String,
    /// Its name.
    pub jti: String,
    /// From when on it would be refused anyway.
    pub ends_at: Timestamp,
    /// The nonce for the next one, when this one's will soon be too old.
    pub next_nonce: Option<String>,
}

/// Why a proof does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProofRefused {
    /// `invalid_dpop_proof`; the text says why.
    Invalid(&'static str),
    /// `use_dpop_nonce`: it must be made again with this nonce.
    UseNonce(String),
}

/// The names of the algorithms that proofs may be signed with.
pub fn algorithms(profile: Profile) -> Vec<&'static str> {
    let taken = |name: &&str| algorithm_of(name).is_some_and(|algorithm| profile.signs_with(algorithm));
    PROOF_ALGORITHMS.into_iter().filter(taken).collect()
}

const fn invalid<T>(why: &'static str) -> Result<T, ProofRefused> {
    Err(ProofRefused::Invalid(why))
}

impl ProofRules {
    /// The rules of the server of that issuer; with a key, every proof needs a nonce.
    pub fn new(issuer: &str, nonces: Option<NonceKey>) -> Self {
        Self { urls: OwnUrls::new(issuer), nonces }
    }

    /// Whether the proof of a request holds for whoever is held to that profile.
    ///
    /// # Errors
    /// [`ProofRefused`].
    pub fn check(&self, request: &ProvenRequest<'_>, profile: Profile, now: Timestamp) -> Result<Proof, ProofRefused> {
        let line = match request.proofs {
            [line] => line,
            [] => return invalid("the header DPoP with a proof is missing"),
            _ => return invalid("there is more than one DPoP header"),
        };
        let text = str::from_utf8(line).or(invalid("the proof is not a JWT"))?;
        let signed = dpop_proof::verify(text.trim_ascii()).map_err(|error| ProofRefused::Invalid(error.as_str()))?;
        if !profile.signs_with(signed.algorithm) {
            return invalid("alg is not one of the profile that holds here");
        }
        let claims = Claims::read(&signed.claims)?;
        if claims.htm != request.method {
            return invalid("htm is not the method of the request");
        }
        if !self.urls.names(claims.htu, request.path) {
            return invalid("htu is not the URL of the request at this issuer");
        }
        if let Some(token) = request.access_token {
            check_ath(&signed.claims, token)?;
        }
        let next_nonce = self.check_nonce(&signed.claims, now)?;
        let ends_at = self.check_time(&claims, now)?;
        Ok(Proof { jkt: signed.thumbprint, jti: claims.jti.to_owned(), ends_at, next_nonce })
    }

    /// Without a key there are no nonces, and one that another node gave while it had the key is passed over.
    fn check_nonce(&self, claims: &Map<String, Value>, now: Timestamp) -> Result<Option<String>, ProofRefused> {
        let Some(key) = &self.nonces else { return Ok(None) };
        let given = claims.get("nonce").and_then(Value::as_str);
        match given.and_then(|nonce| key.check(nonce, now)) {
            Some(NonceAge::Current) => Ok(None),
            Some(NonceAge::Previous) => Ok(Some(key.nonce(now))),
            None => Err(ProofRefused::UseNonce(key.nonce(now))),
        }
    }

    /// Answers with the time from which on the proof would be too old.
    fn check_time(&self, claims: &Claims<'_>, now: Timestamp) -> Result<Timestamp, ProofRefused> {
        let now = now.unix();
        let leeway = if self.nonces.is_some() { IAT_LEEWAY_WITH_NONCE_SECONDS } else { IAT_LEEWAY_SECONDS };
        if claims.iat.saturating_sub(now).saturating_abs() > leeway {
            return invalid("iat is not close enough to the time of this server");
        }
        if claims.exp.is_some_and(|exp| exp.saturating_add(CLOCK_LEEWAY_SECONDS) <= now) {
            return invalid("exp has come");
        }
        if claims.nbf.is_some_and(|nbf| nbf.saturating_sub(CLOCK_LEEWAY_SECONDS) > now) {
            return invalid("nbf has not come");
        }
        // A node that asks for nonces and one that does not, during a change, must not take the same proof one after the other.
        let longest = if claims.has_nonce { IAT_LEEWAY_WITH_NONCE_SECONDS } else { leeway };
        Ok(Timestamp::from_unix(claims.iat).plus_seconds(longest + 1))
    }
}

/// The claims of section 4.2, and those of RFC 7519 that say until when a proof is good.
struct Claims<'a> {
    jti: &'a str,
    htm: &'a str,
    htu: &'a str,
    iat: i64,
    exp: Option<i64>,
    nbf: Option<i64>,
    has_nonce: bool,
}

impl<'a> Claims<'a> {
    fn read(claims: &'a Map<String, Value>) -> Result<Self, ProofRefused> {
        let text = |name: &str, missing| claims.get(name).and_then(Value::as_str).ok_or(ProofRefused::Invalid(missing));
        let jti = text("jti", "jti is missing or not a string")?;
        if jti.is_empty() || jti.len() > MAX_JTI_BYTES {
            return invalid("jti must have 1 to 256 bytes");
        }
        let optional = |name: &str, wrong| match claims.get(name) {
            None => Ok(None),
            Some(value) => numeric_date(value).map(Some).ok_or(ProofRefused::Invalid(wrong)),
        };
        Ok(Self {
            jti,
            htm: text("htm", "htm is missing or not a string")?,
            htu: text("htu", "htu is missing or not a string")?,
            iat: optional("iat", "iat is not a number")?.ok_or(ProofRefused::Invalid("iat is missing"))?,
            exp: optional("exp", "exp is not a number")?,
            nbf: optional("nbf", "nbf is not a number")?,
            has_nonce: claims.contains_key("nonce"),
        })
    }
}

/// RFC 7519 section 2: seconds, perhaps with a fraction, which is dropped.
fn numeric_date(value: &Value) -> Option<i64> {
    const LATEST: f64 = 9_007_199_254_740_992.0;
    let fraction = || value.as_f64().filter(|seconds| seconds.abs() < LATEST);
    value.as_i64().or_else(|| fraction().map(|seconds| seconds.floor() as i64))
}

/// Section 4.2: the digest of the access token that comes with the proof.
fn check_ath(claims: &Map<String, Value>, token: &str) -> Result<(), ProofRefused> {
    match claims.get("ath").and_then(Value::as_str) {
        Some(ath) if ath == access_token_hash(token) => Ok(()),
        Some(_) => invalid("ath is not the digest of the access token"),
        None => invalid("ath is missing or not a string"),
    }
}

#[cfg(test)]
mod tests;
