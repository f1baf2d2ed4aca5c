//! How private keys and foreign secret hashes are encrypted at rest, and secrets in a cookie: AES-256-GCM (NIST SP
//! 800-38D) under keys derived from the master key, one for each use.
//!
//! Layout: one version byte (1), a random 12-byte nonce, the ciphertext and its 16-byte tag. The associated data (the
//! `kid`, the secret's id) is not stored: a sealed key moved to another row does not open.

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::{CryptoError, random};

const VERSION: u8 = 1;

/// A key that seals. Random nonces are safe for 2^32 sealings; an installation makes a few a year for its signing keys,
/// and one for each secret that it imports or that a page shows.
#[derive(Clone)]
pub struct Envelope(LessSafeKey);

impl Envelope {
    pub(crate) fn from_key(key: &[u8; 32]) -> Result<Self, CryptoError> {
        UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map(Self).map_err(|_| CryptoError::Derivation)
    }

    /// Encrypts `plain` and binds it to `associated_data`.
    ///
    /// # Errors
    /// [`CryptoError::Randomness`]; [`CryptoError::Seal`] for plaintexts beyond 64 GiB.
    pub fn seal(&self, plain: &[u8], associated_data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let nonce = random::bytes::<NONCE_LEN>()?;
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + plain.len() + AES_256_GCM.tag_len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let in_place = sealed.get_mut(1 + NONCE_LEN..).ok_or(CryptoError::Seal)?;
        let tag = self
            .0
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(associated_data), in_place)
            .map_err(|_| CryptoError::Seal)?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Decrypts what [`seal`](Self::seal) made with the same master key and associated data.
    ///
    /// # Errors
    /// [`CryptoError::Open`] for everything else, without saying how far it came.
    pub fn open(&self, sealed: &[u8], associated_data: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let (version, rest) = sealed.split_first().ok_or(CryptoError::Open)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LEN>().ok_or(CryptoError::Open)?;
        if *version != VERSION {
            return Err(CryptoError::Open);
        }
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        let length = self
            .0
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(associated_data), &mut buffer)
            .map_err(|_| CryptoError::Open)?
            .len();
        buffer.truncate(length);
        Ok(buffer)
    }
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Envelope([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(key: u8) -> Envelope {
        Envelope::from_key(&[key; 32]).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_and_no_two_sealings_are_alike() {
        let envelope = envelope(1);
        for plain in [&b""[..], b"x", &[7; 5000]] {
            let sealed = envelope.seal(plain, b"kid").unwrap();
            assert_eq!(sealed.len(), 1 + 12 + plain.len() + 16);
            assert_eq!(sealed[0], 1);
            assert_eq!(envelope.open(&sealed, b"kid").unwrap().as_slice(), plain);
            assert_ne!(sealed, envelope.seal(plain, b"kid").unwrap());
        }
    }

    #[test]
    fn an_independent_program_can_open_it() {
        // Sealed by Python's cryptography.hazmat AESGCM: key 32 times 01, nonce 12 times 02, data "kid".
        let mut sealed = vec![1];
        sealed.extend([2; 12]);
        sealed.extend(VECTOR);
        assert_eq!(envelope(1).open(&sealed, b"kid").unwrap().as_slice(), b"private key");
    }

    const VECTOR: [u8; 27] = [
        0x77, 0xa4, 0xa0, 0x3f, 0x2b, 0x23, 0xa4, 0xdd, 0xb8, 0xa9, 0xc5, 0xba, 0x19, 0x1a, 0xf9, 0xd6, 0xd5, 0xe9, 0x2c, 0xcb,
        0x73, 0x9e, 0x01, 0x6e, 0x02, 0xbc, 0x28,
    ];

    #[test]
    fn another_master_key_or_another_kid_does_not_open_it() {
        let sealed = envelope(1).seal(b"private key", b"kid").unwrap();
        assert_eq!(envelope(2).open(&sealed, b"kid").unwrap_err(), CryptoError::Open);
        for wrong in [&b"kie"[..], b"", b"kid ", b"ki"] {
            assert_eq!(envelope(1).open(&sealed, wrong).unwrap_err(), CryptoError::Open);
        }
    }

    #[test]
    fn each_flipped_bit_and_each_truncation_is_noticed() {
        let envelope = envelope(1);
        let sealed = envelope.seal(b"private key", b"kid").unwrap();
        for at in 0..sealed.len() {
            for bit in 0..8 {
                let mut altered = sealed.clone();
                altered[at] ^= 1 << bit;
                assert_eq!(envelope.open(&altered, b"kid").unwrap_err(), CryptoError::Open, "byte {at}, bit {bit}");
            }
            assert_eq!(envelope.open(&sealed[..at], b"kid").unwrap_err(), CryptoError::Open, "{at} bytes");
        }
        let longer = [&sealed[..], b"\0"].concat();
        assert_eq!(envelope.open(&longer, b"kid").unwrap_err(), CryptoError::Open);
    }

    #[test]
    fn an_envelope_never_prints_itself() {
        assert_eq!(format!("{:?}", envelope(1)), "Envelope([redacted])");
    }
}
