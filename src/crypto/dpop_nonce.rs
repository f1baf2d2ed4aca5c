//! Nonces for DPoP proofs (RFC 9449 section 8): the HMAC of a window of time under a key of their own. Nothing is kept, and
//! every node that has the master key takes what another one gave.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

use crate::domain::time::Timestamp;

/// How long a nonce is given out, in seconds; it is taken for one window more.
pub const NONCE_WINDOW_SECONDS: i64 = 60;

/// The key, derived from the master key.
#[derive(Clone)]
pub struct NonceKey(hmac::Key);

/// How a nonce that is taken stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NonceAge {
    /// It is the one that is given out now.
    Current,
    /// It was given out before, and will not be taken much longer.
    Previous,
}

impl NonceKey {
    pub(crate) fn from_key(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The nonce that is given out at `now`: 43 characters of base64url, which the grammar of nonces has.
    pub fn nonce(&self, now: Timestamp) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.0, &message(window(now))))
    }

    /// How `nonce` stands; `None` when it is too old or was never given. Takes the next window's too, for another node's clock
    /// may be ahead. The time that this takes does not depend on where a nonce is wrong.
    pub fn check(&self, nonce: &str, now: Timestamp) -> Option<NonceAge> {
        let tag = URL_SAFE_NO_PAD.decode(nonce).ok()?;
        let window = window(now);
        [(window, NonceAge::Current), (window - 1, NonceAge::Previous), (window + 1, NonceAge::Current)]
            .into_iter()
            .find(|(window, _)| hmac::verify(&self.0, &message(*window), &tag).is_ok())
            .map(|(_, age)| age)
    }
}

const fn window(now: Timestamp) -> i64 {
    now.unix().div_euclid(NONCE_WINDOW_SECONDS)
}

const fn message(window: i64) -> [u8; 8] {
    window.to_be_bytes()
}

impl fmt::Debug for NonceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NonceKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: i64 = 1_900_000_020;

    fn at(unix: i64) -> Timestamp {
        Timestamp::from_unix(unix)
    }

    #[test]
    fn dp3_a_nonce_is_taken_in_its_window_and_the_next() {
        let key = NonceKey::from_key(&[3; 32]);
        assert_eq!(T % NONCE_WINDOW_SECONDS, 0, "the test begins with a window");
        let nonce = key.nonce(at(T));
        assert_eq!(nonce, key.nonce(at(T + 59)));
        assert_ne!(nonce, key.nonce(at(T + 60)));
        for (later, age) in [
            (0, Some(NonceAge::Current)),
            (59, Some(NonceAge::Current)),
            (60, Some(NonceAge::Previous)),
            (119, Some(NonceAge::Previous)),
            (120, None),
            (3_600, None),
            // A node whose clock is behind.
            (-60, Some(NonceAge::Current)),
            (-61, None),
        ] {
            assert_eq!(key.check(&nonce, at(T + later)), age, "{later}");
        }
    }

    #[test]
    fn dp3_nodes_take_each_others_nonces_and_nobody_elses() {
        let nonce = NonceKey::from_key(&[3; 32]).nonce(at(T));
        assert!(NonceKey::from_key(&[3; 32]).check(&nonce, at(T)).is_some());
        let key = NonceKey::from_key(&[4; 32]);
        for wrong in [nonce.as_str(), "", "x", &key.nonce(at(T))[..42], &format!("{}=", key.nonce(at(T)))] {
            assert_eq!(key.check(wrong, at(T)), None, "{wrong}");
        }
    }

    #[test]
    fn dp3_a_nonce_has_the_characters_of_nqchar() {
        let nonce = NonceKey::from_key(&[3; 32]).nonce(at(T));
        assert_eq!(nonce.len(), 43);
        assert!(nonce.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)));
    }
}
