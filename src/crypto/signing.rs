//! Signing keys: made here or imported, kept parsed, and signing tokens (RFC 7515) through jsonwebtoken.

use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use zeroize::Zeroizing;

use super::jwk::{PublicJwk, RSA_MODULUS_BITS, bits};
use super::jwt::ACCESS_TOKEN_TYPE;
use super::key_registry::{ParsedKey, Registration, jwt_algorithm, register};
use super::pem::{self, KeyRefused};
use super::verifying_key::VerifyingKey;
use super::{CryptoError, jwk};
use crate::domain::signing_key::SigningAlgorithm;

/// Characters of an RSA signature of 4096 bits.
const LONGEST_RSA_SIGNATURE: usize = 683;
/// Characters of a signature on an elliptic curve.
const SHORT_SIGNATURE: usize = 86;

/// RFC 8017 allows 3; FIPS 186-5 section A.1.1 asks for more than 2^16, and so do some verifiers.
const SMALLEST_RSA_EXPONENT: u64 = 65_537;

/// A private key ready to sign, its public half, and the algorithm that it is used with. Never prints its private half.
pub struct SigningPair {
    verifying_key: VerifyingKey,
    registration: Registration,
    /// The header of access tokens, in base64url: the same for every one that this key signs.
    access_token_header: String,
}

/// RFC 7515 section 4.1.
#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    typ: &'a str,
    kid: &'a str,
}

impl SigningPair {
    /// A new key pair (RSA of 2048 bits, P-256 or Ed25519) and its private half, unencrypted PKCS#8 DER, for the
    /// envelope.
    ///
    /// # Errors
    /// [`CryptoError::KeyGeneration`]; [`CryptoError::ProviderTaken`].
    pub fn generate(algorithm: SigningAlgorithm) -> Result<(Self, Zeroizing<Vec<u8>>), CryptoError> {
        let key = match algorithm {
            SigningAlgorithm::RS256 => RsaKeyPair::generate(KeySize::Rsa2048).map(ParsedKey::Rs256),
            SigningAlgorithm::PS256 => RsaKeyPair::generate(KeySize::Rsa2048).map(ParsedKey::Ps256),
            SigningAlgorithm::ES256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map(ParsedKey::Es256),
            SigningAlgorithm::EdDSA => Ed25519KeyPair::generate().map(ParsedKey::EdDsa),
        }
        .map_err(|_| CryptoError::KeyGeneration)?;
        Self::with_pkcs8(key)
    }

    /// Reads a private key from PKCS#8 DER.
    ///
    /// # Errors
    /// [`CryptoError::KeyRefused`] says what is wrong with the key; [`CryptoError::ProviderTaken`].
    pub fn from_pkcs8(algorithm: SigningAlgorithm, pkcs8: &[u8]) -> Result<Self, CryptoError> {
        Self::new(parse(algorithm, pkcs8)?)
    }

    /// Reads a private key that an operator brought: one PEM block `PRIVATE KEY`. RSA of 2048 to 4096 bits signs with
    /// RS256 or, when `wanted`, PS256; P-256 with ES256; Ed25519 with EdDSA. Answers with the private half as
    /// [`generate`](Self::generate) does, re-encoded, so that attributes in the file are not kept.
    ///
    /// # Errors
    /// As [`from_pkcs8`](Self::from_pkcs8); each cause has its own [`KeyRefused`].
    pub fn import_pem(pem: &str, wanted: Option<SigningAlgorithm>) -> Result<(Self, Zeroizing<Vec<u8>>), CryptoError> {
        let pkcs8 = pem::private_key(pem)?;
        let algorithm = match wanted {
            Some(wanted) => wanted,
            None => pem::algorithm_of(&pkcs8)?,
        };
        Self::with_pkcs8(parse(algorithm, &pkcs8)?)
    }

    fn with_pkcs8(key: ParsedKey) -> Result<(Self, Zeroizing<Vec<u8>>), CryptoError> {
        let pkcs8 = match &key {
            ParsedKey::Rs256(key) | ParsedKey::Ps256(key) => key.as_der().map(|der| der.as_ref().to_vec()),
            ParsedKey::Es256(key) => key.to_pkcs8v1().map(|der| der.as_ref().to_vec()),
            ParsedKey::EdDsa(key) => key.to_pkcs8v1().map(|der| der.as_ref().to_vec()),
        };
        let pkcs8 = Zeroizing::new(pkcs8.map_err(|_| CryptoError::KeyGeneration)?);
        Ok((Self::new(key)?, pkcs8))
    }

    fn new(key: ParsedKey) -> Result<Self, CryptoError> {
        let verifying_key = VerifyingKey::new(public_jwk(&key)?)?;
        let access_token_header = encoded_header(verifying_key.jwk(), ACCESS_TOKEN_TYPE)?;
        Ok(Self { verifying_key, registration: register(key)?, access_token_header })
    }

    /// The key's name: the RFC 7638 thumbprint of its public half.
    pub fn kid(&self) -> &str {
        self.verifying_key.kid()
    }

    /// What the key signs with.
    pub const fn algorithm(&self) -> SigningAlgorithm {
        self.verifying_key.algorithm()
    }

    /// The public half, for the JWKS.
    pub const fn public_jwk(&self) -> &PublicJwk {
        self.verifying_key.jwk()
    }

    /// The public half, for verifying.
    pub const fn verifying_key(&self) -> &VerifyingKey {
        &self.verifying_key
    }

    /// The header of the access tokens that it signs, in base64url.
    pub fn access_token_header(&self) -> &str {
        &self.access_token_header
    }

    /// The most bytes that an access token with claims of so many bytes has.
    pub const fn longest_token(&self, claims_bytes: usize) -> usize {
        let signature = match self.algorithm() {
            SigningAlgorithm::RS256 | SigningAlgorithm::PS256 => LONGEST_RSA_SIGNATURE,
            SigningAlgorithm::ES256 | SigningAlgorithm::EdDSA => SHORT_SIGNATURE,
        };
        self.access_token_header.len() + (claims_bytes * 4).div_ceil(3) + signature + 2
    }

    /// Adds a signed token (RFC 7515 section 7.1) with the header `{alg, typ, kid}` and `claims`, the text of a JSON
    /// object, as its payload to `answer`: a token is as long as all the rest of an answer, and is not copied.
    ///
    /// # Errors
    /// [`CryptoError::Signature`]; part of the token has been added then.
    pub fn sign_onto(&self, typ: &str, claims: &str, answer: &mut Vec<u8>) -> Result<(), CryptoError> {
        // Not `jsonwebtoken::encode`: it would serialize this same header for every token.
        let start = answer.len();
        if typ == ACCESS_TOKEN_TYPE {
            answer.extend_from_slice(self.access_token_header.as_bytes());
        } else {
            answer.extend_from_slice(encoded_header(self.public_jwk(), typ)?.as_bytes());
        }
        answer.push(b'.');
        push_base64(claims.as_bytes(), answer)?;
        let signature = self.sign_raw(answer.get(start..).unwrap_or_default())?;
        answer.push(b'.');
        answer.extend_from_slice(signature.as_bytes());
        Ok(())
    }

    /// The signature of `message` (RFC 7515 section 5.1, step 5) in base64url.
    pub(crate) fn sign_raw(&self, message: &[u8]) -> Result<String, CryptoError> {
        jsonwebtoken::crypto::sign(message, self.registration.encoding_key(), jwt_algorithm(self.algorithm()))
            .map_err(|_| CryptoError::Signature)
    }
}

impl fmt::Debug for SigningPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningPair").field("kid", &self.kid()).field("algorithm", &self.algorithm()).finish_non_exhaustive()
    }
}

fn push_base64(bytes: &[u8], text: &mut Vec<u8>) -> Result<(), CryptoError> {
    let start = text.len();
    text.resize(start + base64::encoded_len(bytes.len(), false).ok_or(CryptoError::Claims)?, 0);
    let room = text.get_mut(start..).unwrap_or_default();
    URL_SAFE_NO_PAD.encode_slice(bytes, room).map(drop).map_err(|_| CryptoError::Claims)
}

fn encoded_header(jwk: &PublicJwk, typ: &str) -> Result<String, CryptoError> {
    let header = Header { alg: jwk.algorithm().as_str(), typ, kid: jwk.kid() };
    serde_json::to_vec(&header).map(|json| URL_SAFE_NO_PAD.encode(json)).map_err(|_| CryptoError::Claims)
}

fn parse(algorithm: SigningAlgorithm, pkcs8: &[u8]) -> Result<ParsedKey, KeyRefused> {
    let possible = pem::algorithm_of(pkcs8)?;
    match (possible, algorithm) {
        (SigningAlgorithm::RS256, SigningAlgorithm::RS256) => rsa(pkcs8).map(ParsedKey::Rs256),
        (SigningAlgorithm::RS256, SigningAlgorithm::PS256) => rsa(pkcs8).map(ParsedKey::Ps256),
        (SigningAlgorithm::ES256, SigningAlgorithm::ES256) => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
            .map(ParsedKey::Es256)
            .map_err(|_| KeyRefused::Damaged),
        (SigningAlgorithm::EdDSA, SigningAlgorithm::EdDSA) => {
            Ed25519KeyPair::from_pkcs8(pkcs8).map(ParsedKey::EdDsa).map_err(|_| KeyRefused::Damaged)
        }
        (possible, wanted) => Err(KeyRefused::Algorithm { wanted, possible }),
    }
}

fn rsa(pkcs8: &[u8]) -> Result<RsaKeyPair, KeyRefused> {
    let key = RsaKeyPair::from_pkcs8(pkcs8).map_err(|rejected| match rejected.description_() {
        "TooSmall" | "TooLarge" => KeyRefused::RsaSize,
        _ => KeyRefused::Damaged,
    })?;
    let public = key.public_key();
    check_rsa_numbers(public.modulus().big_endian_without_leading_zero(), public.exponent().big_endian_without_leading_zero())?;
    Ok(key)
}

fn check_rsa_numbers(modulus: &[u8], exponent: &[u8]) -> Result<(), KeyRefused> {
    if !RSA_MODULUS_BITS.contains(&bits(modulus)) {
        return Err(KeyRefused::RsaSize);
    }
    let exponent = exponent.iter().fold(0_u64, |sum, byte| sum.saturating_mul(256).saturating_add(u64::from(*byte)));
    if exponent < SMALLEST_RSA_EXPONENT { Err(KeyRefused::RsaExponent) } else { Ok(()) }
}

fn public_jwk(key: &ParsedKey) -> Result<PublicJwk, CryptoError> {
    match key {
        ParsedKey::Rs256(pair) | ParsedKey::Ps256(pair) => {
            let public = pair.public_key();
            let (n, e) = (public.modulus(), public.exponent());
            PublicJwk::rsa(key.algorithm(), n.big_endian_without_leading_zero(), e.big_endian_without_leading_zero())
        }
        ParsedKey::Es256(pair) => {
            // SEC 1 section 2.3.3: 04, x, y.
            let point = pair.public_key().as_ref().strip_prefix(&[4]).map(<[u8]>::as_chunks::<{ jwk::COORDINATE_BYTES }>);
            match point {
                Some(([x, y], [])) => PublicJwk::p256(x, y),
                _ => Err(CryptoError::KeyGeneration),
            }
        }
        ParsedKey::EdDsa(pair) => {
            PublicJwk::ed25519(pair.public_key().as_ref().try_into().map_err(|_| CryptoError::KeyGeneration)?)
        }
    }
}

#[cfg(test)]
mod tests;
