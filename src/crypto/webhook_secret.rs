//! The secrets of webhooks, and what is signed with them: Standard Webhooks 1.0.0, symmetric signatures.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use zeroize::Zeroizing;

use super::{CryptoError, Envelope, random};

const PREFIX: &str = "whsec_";
/// The standard wants 24 to 64.
const SECRET_BYTES: usize = 32;
const VERSION: &str = "v1";

/// A webhook's secret in the clear. Never prints itself.
#[derive(Clone)]
pub struct WebhookSecret(Zeroizing<Vec<u8>>);

impl WebhookSecret {
    /// A new one.
    ///
    /// # Errors
    /// [`CryptoError::Randomness`].
    pub fn generate() -> Result<Self, CryptoError> {
        Ok(Self(Zeroizing::new(random::bytes::<SECRET_BYTES>()?.to_vec())))
    }

    /// The text that the receiver is given, for the one answer that shows it: `whsec_` and base64.
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{PREFIX}{}", STANDARD.encode(self.0.as_slice())))
    }

    /// The form in which it is shown ever after: `whsec_...Ab1=`.
    pub fn hint(&self) -> String {
        let text = self.reveal();
        format!("{PREFIX}...{}", text.get(text.len().saturating_sub(4)..).unwrap_or_default())
    }

    /// Encrypts it for the row `id`.
    ///
    /// # Errors
    /// As [`Envelope::seal`].
    pub fn seal(&self, envelope: &Envelope, id: &str) -> Result<Vec<u8>, CryptoError> {
        envelope.seal(&self.0, id.as_bytes())
    }

    /// Decrypts what [`seal`](Self::seal) made.
    ///
    /// # Errors
    /// [`CryptoError::Open`].
    pub fn open(envelope: &Envelope, sealed: &[u8], id: &str) -> Result<Self, CryptoError> {
        envelope.open(sealed, id.as_bytes()).map(Self)
    }

    /// The signature of a message: `v1,` and the base64 of the HMAC-SHA-256 of `id.timestamp.body`.
    pub fn sign(&self, id: &str, unix_seconds: i64, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &self.0));
        context.update(format!("{id}.{unix_seconds}.").as_bytes());
        context.update(body);
        format!("{VERSION},{}", STANDARD.encode(context.sign()))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_published_libraries() {
        // The example in the tests of the standard's own libraries.
        let secret = WebhookSecret(Zeroizing::new(STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()));
        let signature = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_shown_once_and_hinted_at_later() {
        let secret = WebhookSecret::generate().unwrap();
        let text = secret.reveal();
        assert_eq!(STANDARD.decode(text.strip_prefix("whsec_").unwrap()).unwrap().len(), 32);
        assert_eq!(secret.hint(), format!("whsec_...{}", &text[text.len() - 4..]));
        assert_eq!(format!("{secret:?}"), "WebhookSecret([redacted])");
        assert_ne!(*text, *WebhookSecret::generate().unwrap().reveal());
    }

    #[test]
    fn a_sealed_secret_opens_in_its_own_row_alone() {
        let envelope = Envelope::from_key(&[7; 32]).unwrap();
        let secret = WebhookSecret::generate().unwrap();
        let sealed = secret.seal(&envelope, "whs_1").unwrap();
        assert_eq!(*WebhookSecret::open(&envelope, &sealed, "whs_1").unwrap().reveal(), *secret.reveal());
        assert_eq!(WebhookSecret::open(&envelope, &sealed, "whs_2").unwrap_err(), CryptoError::Open);
    }
}
