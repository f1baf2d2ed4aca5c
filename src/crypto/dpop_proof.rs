//! The signature of a DPoP proof, by the public key in its own header (RFC 9449 section 4.3, checks 2 and 4 to 7): size, form,
//! header, key, signature. Of the claims nothing is judged here.
//!
//! Whoever signs brings the key along, so that a proof says one thing: its maker had the private half. `kid`, `jku`, `x5u` and
//! `x5c` are never followed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::CryptoError;
use super::client_jwk::{ClientJwk, PRIVATE};
use super::client_jwt::Unverified;
use super::jwk::PublicJwk;
use super::jwt::VerifyError;
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
    "Ed25519",
    SigningAlgorithm::PS256.as_str(),
    SigningAlgorithm::RS256.as_str(),
];

/// What a public key is made of.
const PUBLIC_MEMBERS: [&str; 6] = ["kty", "crv", "x", "y", "n", "e"];

/// A proof with a right signature.
#[derive(Clone, Debug, PartialEq)]
pub struct SignedProof {
    /// `alg`
    pub algorithm: SigningAlgorithm,
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
            VerifyError::UnsupportedAlgorithm => Self::UnsupportedAlgorithm,
            VerifyError::CriticalExtension | VerifyError::UnencodedPayload => Self::Extension,
            VerifyError::InvalidSignature => Self::InvalidSignature,
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
    let proof = Unverified::read(proof)?;
    if proof.typ() != Some(PROOF_TYPE) {
        return Err(ProofError::WrongType);
    }
    let jwk = proof.embedded_key().ok_or(ProofError::NoKey)?;
    if PRIVATE.iter().any(|name| jwk.contains_key(*name)) {
        return Err(ProofError::PrivateKey);
    }
    let key = ClientJwk::read(jwk).map_err(|_| ProofError::UnusableKey)?;
    let of_the_header = key.for_algorithm(proof.algorithm()).ok_or(ProofError::UnusableKey)?;
    let (thumbprint, algorithm) = (of_the_header.jwk().thumbprint(), proof.algorithm());
    Ok(SignedProof { thumbprint, algorithm, claims: proof.verify([of_the_header])? })
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

#[cfg(test)]
mod tests;
