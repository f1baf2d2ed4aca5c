//! The signature of a DPoP proof, by the public key in its own header (RFC 9449 section 4.3, checks 2 and 4 to 7), in the order
//! of [`jwt`](super::jwt): size, form, header, key, signature, and only then the claims, of which nothing is judged here.
//!
//! Whoever signs brings the key along, so that a proof says one thing: its maker had the private half. `kid`, `jku`, `x5u` and
//! `x5c` are never looked at.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::CryptoError;
use super::jwk::PublicJwk;
use super::jwt::{VerifyError, check_signature, object, segments};
use super::signing::SigningPair;
use crate::domain::signing_key::SigningAlgorithm;

/// The `typ` of proofs (RFC 9449 section 4.2).
pub const PROOF_TYPE: &str = "dpop+jwt";
/// The longest proof that is looked at, in bytes: several times what a key of 4096 bits needs.
pub const MAX_PROOF_BYTES: usize = 8 * 1024;
/// The names of the algorithms that proofs may be signed with: ours, and the name that RFC 9864 gives EdDSA with Ed25519.
pub const PROOF_ALGORITHMS: [&str; 5] = [
    SigningAlgorithm::ES256.as_str(),
    SigningAlgorithm::EdDSA.as_str(),
    ED25519,
    SigningAlgorithm::PS256.as_str(),
    SigningAlgorithm::RS256.as_str(),
];

const ED25519: &str = "Ed25519";
/// The private members of RFC 7518 sections 6.2.2, 6.3.2 and 6.4, and of RFC 8037.
const PRIVATE_MEMBERS: [&str; 9] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];
/// What a public key is made of.
const PUBLIC_MEMBERS: [&str; 6] = ["kty", "crv", "x", "y", "n", "e"];

/// A proof with a right signature.
#[derive(Clone, Debug, PartialEq)]
pub struct SignedProof {
    /// The RFC 7638 thumbprint of the key that signed it.
    pub thumbprint: String,
    /// All claims.
    pub claims: Map<String, Value>,
}

/// Why a text is no signed proof. Never holds the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofError {
    /// Longer than [`MAX_PROOF_BYTES`].
    TooLong,
    /// Not a signed JWT, or with a member that appears twice.
    NotAJwt,
    /// `alg` is missing or none of [`PROOF_ALGORITHMS`].
    UnsupportedAlgorithm,
    /// The header has `crit` or `b64`: no extension is understood.
    Extension,
    /// `typ` is missing or another.
    WrongType,
    /// `jwk` is missing or not an object.
    NoKey,
    /// `jwk` has a private member.
    PrivateKey,
    /// `jwk` is no public key for this `alg`.
    UnusableKey,
    /// The signature does not fit.
    InvalidSignature,
}

impl ProofError {
    /// For whoever made the proof.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooLong => "the proof is longer than 8 KiB",
            Self::NotAJwt => "the proof is not a JWT",
            Self::UnsupportedAlgorithm => "alg is missing or not in dpop_signing_alg_values_supported",
            Self::Extension => "the header has crit or b64, and no extension is understood",
            Self::WrongType => "typ is not dpop+jwt",
            Self::NoKey => "the header has no jwk",
            Self::PrivateKey => "jwk has a private member; make a new key",
            Self::UnusableKey => "jwk is not a public key for alg, or too short",
            Self::InvalidSignature => "the signature of the proof does not fit its jwk",
        }
    }
}

impl From<VerifyError> for ProofError {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::InvalidSignature | VerifyError::Unavailable => Self::InvalidSignature,
            _ => Self::NotAJwt,
        }
    }
}

/// Verifies the signature of a proof by the key in its header.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify(proof: &str) -> Result<SignedProof, ProofError> {
    if proof.len() > MAX_PROOF_BYTES {
        return Err(ProofError::TooLong);
    }
    let (message, header, payload, signature) = segments(proof).ok_or(ProofError::NotAJwt)?;
    let key = key_of(&object(header, VerifyError::MalformedHeader)?)?;
    check_signature(&key, message, signature)?;
    Ok(SignedProof { thumbprint: key.thumbprint(), claims: object(payload, VerifyError::MalformedClaims)? })
}

/// Makes a proof of these claims by that key: the client's side.
///
/// # Errors
/// [`CryptoError::Claims`]; [`CryptoError::Signature`].
pub fn sign(pair: &SigningPair, claims: &impl Serialize) -> Result<String, CryptoError> {
    let header = json!({"typ": PROOF_TYPE, "alg": pair.algorithm().as_str(), "jwk": bare(pair.public_jwk())?});
    let claims = serde_json::to_vec(claims).map_err(|_| CryptoError::Claims)?;
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims));
    let signature = pair.sign_raw(message.as_bytes())?;
    Ok(format!("{message}.{signature}"))
}

/// A public key's numbers alone.
fn bare(jwk: &PublicJwk) -> Result<Value, CryptoError> {
    let mut members = serde_json::to_value(jwk).map_err(|_| CryptoError::Claims)?;
    if let Some(members) = members.as_object_mut() {
        members.retain(|name, _| PUBLIC_MEMBERS.contains(&name.as_str()));
    }
    Ok(members)
}

fn key_of(header: &Map<String, Value>) -> Result<PublicJwk, ProofError> {
    let text = |name| header.get(name).and_then(Value::as_str);
    let alg = text("alg").unwrap_or_default();
    let algorithm = if alg == ED25519 { Ok(SigningAlgorithm::EdDSA) } else { alg.parse() };
    let algorithm: SigningAlgorithm = algorithm.map_err(|_| ProofError::UnsupportedAlgorithm)?;
    if header.contains_key("crit") || header.contains_key("b64") {
        return Err(ProofError::Extension);
    }
    if text("typ") != Some(PROOF_TYPE) {
        return Err(ProofError::WrongType);
    }
    let jwk = header.get("jwk").and_then(Value::as_object).ok_or(ProofError::NoKey)?;
    if PRIVATE_MEMBERS.iter().any(|name| jwk.contains_key(*name)) {
        return Err(ProofError::PrivateKey);
    }
    if !may_verify(jwk, alg) {
        return Err(ProofError::UnusableKey);
    }
    // The key's own name means nothing here.
    let mut members = json!({"use": "sig", "alg": algorithm.as_str(), "kid": ""});
    for name in PUBLIC_MEMBERS {
        if let (Some(members), Some(value)) = (members.as_object_mut(), jwk.get(name)) {
            members.insert(name.to_owned(), value.clone());
        }
    }
    serde_json::from_value(members).map_err(|_| ProofError::UnusableKey)
}

/// Whether what a key says of itself, if it says it, allows signatures with that algorithm (RFC 7517 sections 4.2 to 4.4).
fn may_verify(jwk: &Map<String, Value>, alg: &str) -> bool {
    let says = |name: &str, allowed: &[&str]| jwk.get(name).is_none_or(|v| v.as_str().is_some_and(|v| allowed.contains(&v)));
    let is_same = if alg == ED25519 || alg == SigningAlgorithm::EdDSA.as_str() { &["EdDSA", ED25519][..] } else { &[alg][..] };
    let operations = jwk.get("key_ops").is_none_or(|v| v.as_array().is_some_and(|all| all.contains(&json!("verify"))));
    says("use", &["sig"]) && says("alg", is_same) && operations
}

#[cfg(test)]
mod tests;
