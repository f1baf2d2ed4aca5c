//! The master key: the one secret of an installation, and the keys derived from it (HKDF-SHA-256, RFC 5869).
//!
//! Each use has a key of its own, so that what leaks from one says nothing about another. Where the text comes from (a
//! file, the environment) is not known here.

use std::fmt;

use ring::hkdf;
use zeroize::Zeroizing;

use super::audit_chain::AuditChain;
use super::digest::Pepper;
use super::dpop_nonce::NonceKey;
use super::envelope::Envelope;
use super::login_key::LoginKey;
use super::{CryptoError, random};

const KEY_BYTES: usize = 32;
const HEX_DIGITS: &[u8; 16] = b"0123456789abcdef";
/// Separates our derivations from any other program's that was given the same 32 bytes.
const SALT: &[u8] = b"claviger/v1";

/// What a derived key is for. Changing a label makes everything under it unreadable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The key of the digests of API secrets.
    SecretPepper,
    /// The key that seals private signing keys.
    SigningKeyEnvelope,
    /// The key that seals secret hashes brought from other servers.
    ForeignSecretEnvelope,
    /// The value by which a database recognises its master key.
    KeyCheck,
    /// The key of what is kept of people's sessions and links.
    Cookie,
    /// The key of the audit log's hash chain.
    AuditChain,
    /// The key that seals the secrets of webhooks.
    WebhookSecretEnvelope,
    /// The key that seals a secret on its way to the page that shows it once.
    ShownSecretEnvelope,
    /// The key of the nonces for DPoP proofs.
    DpopNonce,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::SecretPepper => b"secret-pepper",
            Self::SigningKeyEnvelope => b"signing-key-envelope",
            Self::ForeignSecretEnvelope => b"foreign-secret-envelope",
            Self::KeyCheck => b"key-check",
            Self::Cookie => b"cookie",
            Self::AuditChain => b"audit-chain",
            Self::WebhookSecretEnvelope => b"webhook-secret-envelope",
            Self::ShownSecretEnvelope => b"shown-secret-envelope",
            Self::DpopNonce => b"dpop-nonce",
        }
    }
}

/// 32 secret bytes, wiped when dropped. Never prints itself.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; KEY_BYTES]>);

impl MasterKey {
    /// A new master key.
    ///
    /// # Errors
    /// [`CryptoError::Randomness`].
    pub fn generate() -> Result<Self, CryptoError> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        random::fill(key.as_mut_slice())?;
        Ok(Self(key))
    }

    /// Reads the content of `master.key`: exactly 64 lower-case hexadecimal digits and one newline, 65 bytes.
    ///
    /// # Errors
    /// [`CryptoError::MasterKeyForm`] for anything else; a file cut short by a full disk must not become another key.
    pub fn parse_file(content: &[u8]) -> Result<Self, CryptoError> {
        content.strip_suffix(b"\n").ok_or(CryptoError::MasterKeyForm).and_then(Self::parse_digits)
    }

    /// Reads the value of an environment variable: 64 lower-case hexadecimal digits, with or without one newline.
    ///
    /// # Errors
    /// [`CryptoError::MasterKeyForm`] for anything else.
    pub fn parse_text(text: &str) -> Result<Self, CryptoError> {
        Self::parse_digits(text.strip_suffix('\n').unwrap_or(text).as_bytes())
    }

    fn parse_digits(digits: &[u8]) -> Result<Self, CryptoError> {
        let (pairs, rest) = digits.as_chunks::<2>();
        if pairs.len() != KEY_BYTES || !rest.is_empty() {
            return Err(CryptoError::MasterKeyForm);
        }
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        for (byte, [high, low]) in key.iter_mut().zip(pairs) {
            *byte = (hex_value(*high)? << 4) | hex_value(*low)?;
        }
        Ok(Self(key))
    }

    /// What [`parse_file`](Self::parse_file) reads, for writing the file; wiped when dropped.
    pub fn to_file_text(&self) -> Zeroizing<String> {
        // Reserved in full, so that no half-filled copy stays behind in freed memory.
        let mut text = Zeroizing::new(String::with_capacity(2 * KEY_BYTES + 1));
        push_hex(&mut text, self.0.as_slice());
        text.push('\n');
        text
    }

    /// The 32-byte key for `purpose`, wiped when dropped.
    ///
    /// # Errors
    /// [`CryptoError::Derivation`], which 32 bytes never cause.
    pub fn derive(&self, purpose: Purpose) -> Result<Zeroizing<[u8; KEY_BYTES]>, CryptoError> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        hkdf::Salt::new(hkdf::HKDF_SHA256, SALT)
            .extract(self.0.as_slice())
            .expand(&[purpose.label()], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(key.as_mut_slice()))
            .map_err(|_| CryptoError::Derivation)?;
        Ok(key)
    }

    /// The key of the digests of API secrets.
    ///
    /// # Errors
    /// As [`derive`](Self::derive).
    pub fn pepper(&self) -> Result<Pepper, CryptoError> {
        Ok(Pepper::from_key(&*self.derive(Purpose::SecretPepper)?))
    }

    /// The key that seals private signing keys.
    ///
    /// # Errors
    /// As [`derive`](Self::derive).
    pub fn envelope(&self) -> Result<Envelope, CryptoError> {
        Envelope::from_key(&*self.derive(Purpose::SigningKeyEnvelope)?)
    }

    /// The key of what is kept of people's sessions and links.
    ///
    /// # Errors
    /// As [`derive`](Self::derive).
    pub fn login_key(&self) -> Result<LoginKey, CryptoError> {
        Ok(LoginKey::from_key(&*self.derive(Purpose::Cookie)?))
    }

    /// The key that seals secret hashes brought from other servers.
    ///
    /// # Errors
    /// As [`derive`](Self::derive).
    pub fn foreign_secret_envelope(&self) -> Result<Envelope, CryptoError> {
        Envelope::from_key(&*self.derive(Purpose::ForeignSecretEnvelope)?)
    }

    /// The key that seals the secrets of webhooks.
    ///
    /// # Errors
    /// As [`derive`](Self::derive).
    pub fn webhook_secret_envelope(&self) -> Result<Envelope, CryptoError> {
        Envelope::from_key(&*self.derive(Purpose::WebhookSecretEnvelope)?)
    }

    /// The key that seals a secret on its way to the page that shows it once.
    ///
    /// # Errors
    /// As [`derive`](Self::derive).
    pub fn shown_secret_envelope(&self) -> Result<Envelope, CryptoError> {
        Envelope::from_key(&*self.derive(Purpose::ShownSecretEnvelope)?)
    }

    /// The key of the nonces for DPoP proofs.
    ///
    /// # Errors
    /// As [`derive`](Self::derive).
    pub fn nonce_key(&self) -> Result<NonceKey, CryptoError> {
        Ok(NonceKey::from_key(&*self.derive(Purpose::DpopNonce)?))
    }

    /// The key of the audit log's hash chain.
    ///
    /// # Errors
    /// As [`derive`](Self::derive).
    pub fn audit_chain(&self) -> Result<AuditChain, CryptoError> {
        Ok(AuditChain::from_key(&*self.derive(Purpose::AuditChain)?))
    }

    /// 64 hexadecimal digits that a database keeps to recognise its master key; they reveal nothing about it.
    ///
    /// # Errors
    /// As [`derive`](Self::derive).
    pub fn check_value(&self) -> Result<String, CryptoError> {
        let mut text = String::with_capacity(2 * KEY_BYTES);
        push_hex(&mut text, self.derive(Purpose::KeyCheck)?.as_slice());
        Ok(text)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey([redacted])")
    }
}

fn hex_value(digit: u8) -> Result<u8, CryptoError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(CryptoError::MasterKeyForm),
    }
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        for digit in [byte >> 4, byte & 0x0f] {
            text.extend(HEX_DIGITS.get(usize::from(digit)).map(|&d| char::from(d)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNTING: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    #[test]
    fn a_key_reads_back_as_it_was_written() {
        let key = MasterKey::generate().unwrap();
        let text = key.to_file_text();
        assert_eq!(text.len(), 65);
        assert_eq!(*MasterKey::parse_file(text.as_bytes()).unwrap().0, *key.0);
        assert_eq!(*MasterKey::parse_text(&text).unwrap().0, *key.0);
        assert_eq!(*MasterKey::parse_text(text.trim_end()).unwrap().0, *key.0);
        assert_ne!(*MasterKey::generate().unwrap().0, *key.0);
    }

    #[test]
    fn a_file_has_exactly_one_form() {
        assert!(MasterKey::parse_file(format!("{COUNTING}\n").as_bytes()).is_ok());
        let upper = COUNTING.to_uppercase();
        for wrong in [
            String::new(),
            "\n".to_owned(),
            COUNTING.to_owned(),
            format!("{COUNTING}\n\n"),
            format!("{COUNTING}\r\n"),
            format!(" {COUNTING}\n"),
            format!("{COUNTING} \n"),
            format!("{upper}\n"),
            format!("{}\n", &COUNTING[1..]),
            format!("{}\n", &COUNTING[2..]),
            format!("{COUNTING}00\n"),
            format!("{}g\n", &COUNTING[1..]),
            format!("0x{}\n", &COUNTING[2..]),
            format!("\u{feff}{COUNTING}\n"),
            format!("{COUNTING}\0\n"),
        ] {
            assert_eq!(MasterKey::parse_file(wrong.as_bytes()).unwrap_err(), CryptoError::MasterKeyForm, "{wrong:?}");
        }
        for wrong in [format!("{COUNTING}\n\n"), format!("{COUNTING} "), upper, String::new()] {
            assert!(MasterKey::parse_text(&wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn derived_keys_are_those_of_hkdf_sha_256() {
        // Computed with Python's cryptography.hazmat HKDF.
        let key = MasterKey::parse_text(COUNTING).unwrap();
        for (purpose, expected) in [
            (Purpose::SecretPepper, "7a428dd74eae6b5a44b3d9c8a2d2d0506d32ff94791c3d2b84ad68af12aa0891"),
            (Purpose::SigningKeyEnvelope, "6d07cc27347251e50ca1048601fa15be2563ce3adb906eedbcc6ef594b0b678e"),
            (Purpose::ForeignSecretEnvelope, "da261823d565f7599cdbe98368368df6daf3afd80148f71c13f9373e054399c5"),
            (Purpose::KeyCheck, "eb61a7c9fda0188e9e0c1b51ff54bf2037fa243d597aff61e4c711f6efda1a2a"),
            (Purpose::Cookie, "aaeada50e07cf0e0064c3ace6bc22a8d42f0aab81c752208fd464338b34b0cb0"),
            (Purpose::AuditChain, "f8d8596bdb89d8a0c69e34c3f3a024d904aa05c5925d508cf085a9e9d1a02276"),
            (Purpose::WebhookSecretEnvelope, "c6a8283a86374579d867edf527650b9321d2032be43c9cf72c09f52e4cd8ef3a"),
            (Purpose::ShownSecretEnvelope, "ab3f95e2bb472ab0dade4fcecc9b299122b1f0aa3c4d60f34440c44575dd0c60"),
            (Purpose::DpopNonce, "78bf4e9b673fce1c9ae2991549d72c86d2256bbb991bd71691bdcf1a412df563"),
        ] {
            let mut text = String::new();
            push_hex(&mut text, key.derive(purpose).unwrap().as_slice());
            assert_eq!(text, expected, "{purpose:?}");
        }
        assert_eq!(key.check_value().unwrap(), "eb61a7c9fda0188e9e0c1b51ff54bf2037fa243d597aff61e4c711f6efda1a2a");
    }

    #[test]
    fn the_keys_in_use_are_the_derived_ones() {
        let (key, other) = (MasterKey::parse_text(COUNTING).unwrap(), MasterKey::generate().unwrap());
        let digest = key.pepper().unwrap().digest(b"secret");
        assert!(key.pepper().unwrap().matches(b"secret", &digest));
        assert!(!other.pepper().unwrap().matches(b"secret", &digest));
        let sealed = key.envelope().unwrap().seal(b"plain", b"kid").unwrap();
        assert!(key.envelope().unwrap().open(&sealed, b"kid").is_ok());
        assert!(other.envelope().unwrap().open(&sealed, b"kid").is_err());
        assert_ne!(key.check_value().unwrap(), other.check_value().unwrap());
    }

    #[test]
    fn a_master_key_never_prints_itself() {
        assert_eq!(format!("{:?}", MasterKey::parse_text(COUNTING).unwrap()), "MasterKey([redacted])");
    }
}
