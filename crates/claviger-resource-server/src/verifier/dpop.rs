//! Proofs of possession (RFC 9449 sections 4.3 and 7): that whoever sent a request holds the key that its token is bound to.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::Value;
use url::Url;

use super::algorithm::Algorithm;
use super::jws::{self, Wrong};
use super::key::{self, PublicKey};

const TYPE: &str = "dpop+jwt";
const MAX_PROOF_BYTES: usize = 8 * 1024;
const MAX_ID_BYTES: usize = 256;
/// For how long after it was made a proof is taken, in seconds.
const MAX_AGE_SECONDS: i64 = 60;
/// Proofs that are remembered, so that none is taken twice. When there are more within a minute, proofs are refused.
const MAX_REMEMBERED: usize = 200_000;

/// The request that a proof has to name.
pub(super) struct Proved<'a> {
    pub(super) method: &'a str,
    /// Without query and fragment.
    pub(super) url: &'a Url,
    pub(super) token: &'a str,
    /// The `jkt` of the token.
    pub(super) key_thumbprint: &'a str,
}

/// The proofs that were seen, until they are too old anyway.
#[derive(Debug, Default)]
pub(super) struct Proofs {
    seen: Mutex<HashMap<[u8; 32], i64>>,
}

impl Proofs {
    /// Verifies a proof completely, and then spends it.
    pub(super) fn check(
        &self,
        proof: &str,
        proved: &Proved<'_>,
        accepted: &[Algorithm],
        now: i64,
        leeway_seconds: u32,
    ) -> Result<(), Wrong> {
        let unverified = jws::read(proof, MAX_PROOF_BYTES, TYPE, accepted)?;
        let jwk = unverified.header.get("jwk").and_then(Value::as_object).ok_or("the proof has no jwk")?;
        let key = PublicKey::read(jwk, unverified.algorithm).ok_or("the proof's jwk is not a public key of its alg")?;
        if key::thumbprint(jwk).as_deref() != Some(proved.key_thumbprint) {
            return Err("the token is bound to another key than the proof's");
        }
        let claims = unverified.verified_by(&key)?;
        let text = |name| claims.get(name).and_then(Value::as_str);
        if text("htm") != Some(proved.method) {
            return Err("the proof is for another method");
        }
        let url = text("htu").and_then(|url| Url::parse(url).ok()).map(without_query).ok_or("the proof has no htu")?;
        if url != *proved.url {
            return Err("the proof is for another address");
        }
        if text("ath") != Some(&*key::sha256(proved.token.as_bytes())) {
            return Err("the proof is for another token");
        }
        let made_at = jws::time(&claims, "iat").ok_or("the proof has no iat")?;
        let leeway = i64::from(leeway_seconds);
        let ends_at = made_at.saturating_add(MAX_AGE_SECONDS).saturating_add(leeway);
        if made_at.saturating_sub(leeway) > now || ends_at <= now {
            return Err("the proof is too old, or from the future");
        }
        let id = text("jti").filter(|id| !id.is_empty() && id.len() <= MAX_ID_BYTES).ok_or("the proof has no jti")?;
        self.spend(proved.key_thumbprint, id, ends_at, now)
    }

    fn spend(&self, key_thumbprint: &str, id: &str, ends_at: i64, now: i64) -> Result<(), Wrong> {
        let mut name = [0; 32];
        name.copy_from_slice(digest(&SHA256, format!("{key_thumbprint} {id}").as_bytes()).as_ref());
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MAX_REMEMBERED {
            seen.retain(|_, ends_at| *ends_at > now);
        }
        if seen.len() >= MAX_REMEMBERED {
            return Err("there are too many proofs");
        }
        match seen.insert(name, ends_at) {
            Some(until) if until > now => Err("the proof was used before"),
            _ => Ok(()),
        }
    }
}

/// `htu` is compared without query and fragment; parsing has normalised host, port and path (RFC 3986 section 6.2).
pub(super) fn without_query(mut url: Url) -> Url {
    url.set_query(None);
    url.set_fragment(None);
    url
}
