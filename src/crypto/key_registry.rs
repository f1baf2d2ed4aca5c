//! The one `jsonwebtoken` provider of this process. As shipped, that crate parses an RSA key anew for every signature,
//! which costs 1.5 times the signature itself; this provider keeps parsed keys and looks them up.
//!
//! 1. [`register`] keeps a parsed key and hands out a [`Registration`], whose `EncodingKey` holds not a key but a handle;
//! 2. jsonwebtoken passes that `EncodingKey` to [`signer`], which finds the key and checks the algorithm;
//! 3. a dropped `Registration` takes its key out. Handles are numbered and never used twice.
//!
//! The map is replaced, never changed, so a signature waits for nothing. A real private key in an `EncodingKey` is
//! refused: this process signs with registered keys alone. Whoever verifies holds a parsed key already.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};

use arc_swap::ArcSwap;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair};
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, EncodingKey};
use signature::Signer;

use super::CryptoError;
use crate::domain::signing_key::SigningAlgorithm;

/// No DER begins with this byte string, so that a handle and a key cannot be taken for each other.
const HANDLE_TAG: &[u8] = b"claviger signing key handle ";

static KEYS: LazyLock<ArcSwap<HashMap<u64, Arc<ParsedKey>>>> = LazyLock::new(ArcSwap::default);
static NEXT_HANDLE: AtomicU64 = AtomicU64::new(1);

/// A private key, parsed, with the one algorithm that it signs with.
pub(crate) enum ParsedKey {
    Rs256(RsaKeyPair),
    Ps256(RsaKeyPair),
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
}

impl ParsedKey {
    pub(crate) const fn algorithm(&self) -> SigningAlgorithm {
        match self {
            Self::Rs256(_) => SigningAlgorithm::RS256,
            Self::Ps256(_) => SigningAlgorithm::PS256,
            Self::Es256(_) => SigningAlgorithm::ES256,
            Self::EdDsa(_) => SigningAlgorithm::EdDSA,
        }
    }
}

/// jsonwebtoken's name of an algorithm.
pub(crate) const fn jwt_algorithm(algorithm: SigningAlgorithm) -> Algorithm {
    match algorithm {
        SigningAlgorithm::RS256 => Algorithm::RS256,
        SigningAlgorithm::PS256 => Algorithm::PS256,
        SigningAlgorithm::ES256 => Algorithm::ES256,
        SigningAlgorithm::EdDSA => Algorithm::EdDSA,
    }
}

/// Keeps a key registered for as long as it lives.
pub(crate) struct Registration {
    handle: u64,
    encoding_key: EncodingKey,
}

impl Registration {
    /// What jsonwebtoken is given in place of the key.
    pub(crate) const fn encoding_key(&self) -> &EncodingKey {
        &self.encoding_key
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        KEYS.rcu(|keys| {
            let mut keys = HashMap::clone(keys);
            keys.remove(&self.handle);
            keys
        });
    }
}

/// Keeps `key` for signing through jsonwebtoken until the answer is dropped.
pub(crate) fn register(key: ParsedKey) -> Result<Registration, CryptoError> {
    install()?;
    let handle = NEXT_HANDLE.fetch_add(1, Ordering::Relaxed);
    let content = [HANDLE_TAG, &handle.to_be_bytes()].concat();
    let encoding_key = match key.algorithm() {
        SigningAlgorithm::RS256 | SigningAlgorithm::PS256 => EncodingKey::from_rsa_der(&content),
        SigningAlgorithm::ES256 => EncodingKey::from_ec_der(&content),
        SigningAlgorithm::EdDSA => EncodingKey::from_ed_der(&content),
    };
    let key = Arc::new(key);
    KEYS.rcu(|keys| {
        let mut keys = HashMap::clone(keys);
        keys.insert(handle, Arc::clone(&key));
        keys
    });
    Ok(Registration { handle, encoding_key })
}

/// Makes jsonwebtoken use our provider. Once per process; called before anything that signs, since that crate otherwise
/// settles on its own.
pub(crate) fn install() -> Result<(), CryptoError> {
    static PROVIDER: LazyLock<CryptoProvider> =
        LazyLock::new(|| CryptoProvider { signer_factory: signer, ..DEFAULT_PROVIDER.clone() });
    static INSTALLED: OnceLock<bool> = OnceLock::new();
    let installed = INSTALLED.get_or_init(|| LazyLock::force(&PROVIDER).install_default().is_ok());
    if *installed { Ok(()) } else { Err(CryptoError::ProviderTaken) }
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    let handle = key.as_bytes().strip_prefix(HANDLE_TAG).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
    let parsed = handle.and_then(|handle| KEYS.load().get(&handle).cloned()).ok_or(ErrorKind::InvalidKeyFormat)?;
    if jwt_algorithm(parsed.algorithm()) != *algorithm {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    Ok(Box::new(RegisteredSigner(parsed)))
}

struct RegisteredSigner(Arc<ParsedKey>);

impl Signer<Vec<u8>> for RegisteredSigner {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        // aws-lc draws its own randomness and ignores this one.
        let random = SystemRandom::new();
        let rsa = |key: &RsaKeyPair, padding| {
            let mut signature = vec![0; key.public_modulus_len()];
            key.sign(padding, &random, message, &mut signature).map(|()| signature)
        };
        match &*self.0 {
            ParsedKey::Rs256(key) => rsa(key, &RSA_PKCS1_SHA256),
            ParsedKey::Ps256(key) => rsa(key, &RSA_PSS_SHA256),
            ParsedKey::Es256(key) => key.sign(&random, message).map(|signature| signature.as_ref().to_vec()),
            ParsedKey::EdDsa(key) => key.try_sign(message).map(|signature| signature.as_ref().to_vec()),
        }
        .map_err(|_| signature::Error::new())
    }
}

impl JwtSigner for RegisteredSigner {
    fn algorithm(&self) -> Algorithm {
        jwt_algorithm(self.0.algorithm())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registered() -> Registration {
        register(ParsedKey::EdDsa(Ed25519KeyPair::generate().unwrap())).unwrap()
    }

    fn signs(key: &EncodingKey, algorithm: Algorithm) -> bool {
        jsonwebtoken::crypto::sign(b"message", key, algorithm).is_ok()
    }

    #[test]
    fn a_key_signs_until_its_registration_is_dropped() {
        let (kept, dropped) = (registered(), registered());
        let key = dropped.encoding_key().clone();
        assert!(signs(&key, Algorithm::EdDSA));
        drop(dropped);
        assert!(!signs(&key, Algorithm::EdDSA));
        assert!(signs(kept.encoding_key(), Algorithm::EdDSA));
        assert_ne!(registered().encoding_key().as_bytes(), key.as_bytes());
    }

    #[test]
    fn a_handle_signs_with_the_algorithm_of_its_key_alone() {
        let kept = registered();
        for algorithm in [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::HS256, Algorithm::RS512] {
            assert!(!signs(kept.encoding_key(), algorithm), "{algorithm:?}");
        }
    }

    #[test]
    fn what_is_no_handle_does_not_sign() {
        let kept = registered();
        let handle = kept.encoding_key().as_bytes();
        let pkcs8 = Ed25519KeyPair::generate().unwrap().to_pkcs8v1().unwrap();
        for content in [b"", &handle[1..], &handle[..handle.len() - 1], &[handle, b"\0"].concat(), pkcs8.as_ref()] {
            assert!(!signs(&EncodingKey::from_ed_der(content), Algorithm::EdDSA));
        }
        assert!(!signs(&EncodingKey::from_secret(b"secret"), Algorithm::HS256));
    }

    #[test]
    fn many_threads_register_sign_and_drop_at_once() {
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let kept = registered();
                        assert!(signs(kept.encoding_key(), Algorithm::EdDSA));
                    }
                });
            }
        });
    }
}
