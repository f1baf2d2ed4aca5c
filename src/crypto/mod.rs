//! Cryptography: the only home of jsonwebtoken, ring, aws-lc-rs, argon2, bcrypt and signature. No I/O but the system's
//! randomness, no clock, no database.
//!
//! - [`random`]: the system's randomness, and token ids made of it;
//! - [`master_key`]: the one secret of an installation, and the keys derived from it (HKDF, RFC 5869);
//! - [`audit_chain`]: the hash chain of the audit log;
//! - [`digest`]: what is stored of an API secret, and how one is recognised;
//! - [`password_hash`]: how people's passwords are kept, [`login_key`] what is kept of their sessions and links;
//! - [`foreign_hash`]: secrets hashed by other servers, until each is first used;
//! - [`envelope`]: how private keys and foreign hashes are encrypted at rest;
//! - [`jwk`]: public keys as the JWKS shows them (RFC 7517, RFC 7638);
//! - [`signing`]: key pairs, made, imported and signing; [`pem`] reads what an operator brings;
//! - [`dpop_proof`]: the strict verifier of clients' proofs, [`dpop_nonce`] what they must be fresh by (RFC 9449);
//! - [`client_certificate`]: certificates of clients (RFC 8705), [`client_ca`] who issues them;
//! - [`webhook_secret`]: what webhooks are signed with (Standard Webhooks);
//! - [`jwt`]: the strict verifier of our own tokens (RFC 7515, RFC 8725), [`client_jwt`] that of what clients sign, with the
//!   keys of [`client_jwk`].

use std::fmt;

pub mod audit_chain;
pub mod client_ca;
pub mod client_certificate;
pub mod client_jwk;
pub mod client_jwt;
pub mod digest;
pub mod dpop_nonce;
pub mod dpop_proof;
pub mod envelope;
pub mod foreign_hash;
pub mod jwk;
pub mod jwt;
mod key_registry;
pub mod login_key;
pub mod master_key;
pub mod password_hash;
pub mod pem;
pub mod random;
pub mod signing;
pub use claviger_resource_server::strict_json;
#[cfg(test)]
pub(crate) mod test_keys;
pub mod verifying_key;
pub mod webhook_secret;

pub use envelope::Envelope;
pub use pem::KeyRefused;

/// Why something cryptographic could not be done. Never holds or shows a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CryptoError {
    /// The system gave no randomness.
    Randomness,
    /// A master key's text does not have the one form that it can have.
    MasterKeyForm,
    /// A sub-key could not be derived.
    Derivation,
    /// Encryption failed.
    Seal,
    /// What is sealed was sealed by another master key, for something else, or was altered since.
    Open,
    /// A key pair could not be made.
    KeyGeneration,
    /// A private key is not one that this server can sign with.
    KeyRefused(KeyRefused),
    /// A public key breaks a rule of its JWK form; says which.
    PublicJwk(&'static str),
    /// The claims have no JSON form.
    Claims,
    /// The signature could not be made.
    Signature,
    /// A password could not be hashed: there was not enough memory.
    PasswordHash,
    /// Another part of the program has told jsonwebtoken to sign with something else.
    ProviderTaken,
}

impl fmt::Display for CryptoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Randomness => f.write_str("the operating system gave no randomness"),
            Self::MasterKeyForm => f.write_str("a master key is 64 lower-case hexadecimal digits and, in a file, one newline"),
            Self::Derivation => f.write_str("a key could not be derived from the master key"),
            Self::Seal => f.write_str("encryption failed"),
            Self::Open => f.write_str("decryption failed: another master key sealed this, or it was altered since"),
            Self::KeyGeneration => f.write_str("no key pair could be generated"),
            Self::KeyRefused(why) => write!(f, "the private key is refused: {why}"),
            Self::PublicJwk(why) => write!(f, "the public key is refused: {why}"),
            Self::Claims => f.write_str("the claims have no written form"),
            Self::Signature => f.write_str("the signature could not be made"),
            Self::PasswordHash => f.write_str("a password could not be hashed: there is not enough memory"),
            Self::ProviderTaken => f.write_str("another cryptographic provider is installed in this process"),
        }
    }
}

impl std::error::Error for CryptoError {}

impl From<KeyRefused> for CryptoError {
    fn from(why: KeyRefused) -> Self {
        Self::KeyRefused(why)
    }
}
