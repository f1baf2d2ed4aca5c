//! One kept key of each kind, and the signature as a JWS holds it. Straight calls of aws-lc-rs: the least that signing
//! can cost with this library.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use clap::ValueEnum;

/// What an answer is signed with.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Algorithm {
    /// Nothing: the body is static.
    None,
    /// RSA-2048, PKCS #1 v1.5, SHA-256.
    Rs256,
    /// P-256, SHA-256.
    Es256,
    /// Ed25519.
    Eddsa,
}

/// A key that is parsed once and kept.
pub(crate) enum Signer {
    None,
    Rs256(Box<RsaKeyPair>, SystemRandom),
    Es256(Box<EcdsaKeyPair>, SystemRandom),
    Eddsa(Box<Ed25519KeyPair>),
}

/// The longest signature of these: RSA-2048.
const LONGEST: usize = 256;

impl Signer {
    /// Generates a key for the algorithm.
    pub(crate) fn new(algorithm: Algorithm) -> Result<Self, Unspecified> {
        Ok(match algorithm {
            Algorithm::None => Self::None,
            Algorithm::Rs256 => {
                // Read back from its encoding, as a server that keeps its keys in a database would.
                let key = RsaKeyPair::generate(KeySize::Rsa2048)?;
                let der = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&key)?;
                Self::Rs256(Box::new(RsaKeyPair::from_pkcs8(der.as_ref()).map_err(|_| Unspecified)?), SystemRandom::new())
            }
            Algorithm::Es256 => {
                Self::Es256(Box::new(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?), SystemRandom::new())
            }
            Algorithm::Eddsa => Self::Eddsa(Box::new(Ed25519KeyPair::generate()?)),
        })
    }

    /// Bytes of a signature.
    pub(crate) const fn signature_bytes(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Rs256(..) => LONGEST,
            Self::Es256(..) | Self::Eddsa(..) => 64,
        }
    }

    /// Signs `input` and hands the signature's bytes on; `None` when the library refused.
    ///
    /// By a call, because the library's own signature type has room for every kind of signature and is costly to move.
    pub(crate) fn sign<T>(&self, input: &[u8], take: impl FnOnce(&[u8]) -> T) -> Option<T> {
        Some(match self {
            Self::None => take(&[]),
            Self::Rs256(key, random) => {
                let mut signature = [0_u8; LONGEST];
                key.sign(&RSA_PKCS1_SHA256, random, input, &mut signature).ok()?;
                take(&signature)
            }
            Self::Es256(key, random) => take(key.sign(random, input).ok()?.as_ref()),
            Self::Eddsa(key) => take(key.sign(input).as_ref()),
        })
    }
}
