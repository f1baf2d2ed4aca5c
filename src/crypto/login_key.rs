//! What is stored of the secrets of people's sessions and links, and the token against forged requests. All of them are
//! HMAC-SHA-256 under one key, each with its own label, so that none can stand for another.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use zeroize::Zeroizing;

use super::{CryptoError, random};
use crate::domain::client_secret::SecretDigest;
use crate::domain::id::SessionId;
use crate::domain::one_time_link::{LinkPurpose, LinkToken};
use crate::domain::session::SessionToken;
use crate::domain::setup_token::SetupToken;
use crate::domain::time::Timestamp;

/// The key, derived from the master key.
#[derive(Clone)]
pub struct LoginKey(hmac::Key);

impl LoginKey {
    pub(crate) fn from_key(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    fn tag(&self, label: &str, text: &str) -> hmac::Tag {
        hmac::sign(&self.0, &message(label, text))
    }

    fn digest(&self, label: &str, text: &str) -> SecretDigest {
        let mut bytes = [0; 32];
        for (to, from) in bytes.iter_mut().zip(self.tag(label, text).as_ref()) {
            *to = *from;
        }
        SecretDigest::from_bytes(bytes)
    }

    /// A new session's token and its digest.
    ///
    /// # Errors
    /// [`CryptoError::Randomness`].
    pub fn mint_session(&self) -> Result<(SessionToken, SecretDigest), CryptoError> {
        let token = SessionToken::from_random(&random::bytes::<32>()?);
        let digest = self.session_digest(&token);
        Ok((token, digest))
    }

    /// What a session is recognised by.
    pub fn session_digest(&self, token: &SessionToken) -> SecretDigest {
        self.digest("session", token.expose())
    }

    /// What the page of a session sends back with every change, and another site's page cannot know.
    pub fn csrf_token(&self, token: &SessionToken) -> String {
        URL_SAFE_NO_PAD.encode(self.tag(CSRF, token.expose()))
    }

    /// Whether `presented` is that session's, in a time that does not depend on where they differ.
    pub fn is_csrf_token(&self, token: &SessionToken, presented: &[u8]) -> bool {
        URL_SAFE_NO_PAD.decode(presented).is_ok_and(|tag| hmac::verify(&self.0, &message(CSRF, token.expose()), &tag).is_ok())
    }

    /// What the forms of a session's pages send back. It stays the same while the session goes on under other tokens, so
    /// that giving the password again in one window does not spoil the forms of another.
    pub fn form_token(&self, session: SessionId) -> String {
        URL_SAFE_NO_PAD.encode(self.tag(FORM, &session.to_string()))
    }

    /// Whether `presented` is that session's, in a time that does not depend on where they differ.
    pub fn is_form_token(&self, session: SessionId, presented: &[u8]) -> bool {
        let message = message(FORM, &session.to_string());
        URL_SAFE_NO_PAD.decode(presented).is_ok_and(|tag| hmac::verify(&self.0, &message, &tag).is_ok())
    }

    /// What lets somebody set the platform up until `expires_at`. It is stored nowhere: every node that holds the key makes
    /// one that all of them take.
    pub fn setup_token(&self, expires_at: Timestamp) -> SetupToken {
        let time = expires_at.unix().to_string();
        SetupToken::of(expires_at, self.tag(SETUP, &time).as_ref())
    }

    /// Until when a token for setting up works; `None` when it is not one of this key, in a time that does not depend on
    /// where it differs.
    pub fn verify_setup_token(&self, token: &SetupToken) -> Option<Timestamp> {
        let expires_at = token.expires_at();
        let message = message(SETUP, &expires_at.unix().to_string());
        hmac::verify(&self.0, &message, &token.tag()?).ok().map(|()| expires_at)
    }

    /// A new link's token and its digest.
    ///
    /// # Errors
    /// [`CryptoError::Randomness`].
    pub fn mint_link(&self, purpose: LinkPurpose) -> Result<(LinkToken, SecretDigest), CryptoError> {
        let token = LinkToken::from_random(&random::bytes::<32>()?);
        let digest = self.link_digest(purpose, &token);
        Ok((token, digest))
    }

    /// What a link is recognised by: a link for one purpose is none for another.
    pub fn link_digest(&self, purpose: LinkPurpose, token: &LinkToken) -> SecretDigest {
        self.digest(purpose.as_str(), token.expose())
    }
}

const CSRF: &str = "csrf";
const FORM: &str = "form";
const SETUP: &str = "setup";

/// No label contains the NUL that ends it.
fn message(label: &str, text: &str) -> Zeroizing<Vec<u8>> {
    let mut message = Zeroizing::new(Vec::with_capacity(label.len() + 1 + text.len()));
    message.extend_from_slice(label.as_bytes());
    message.push(0);
    message.extend_from_slice(text.as_bytes());
    message
}

impl fmt::Debug for LoginKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rs6_no_digest_stands_for_another() {
        let key = LoginKey::from_key(&[3; 32]);
        let session = SessionToken::from_random(&[9; 32]);
        let link = LinkToken::from_random(&[9; 32]);
        let digests = [
            *key.session_digest(&session).as_bytes(),
            *key.link_digest(LinkPurpose::Invitation, &link).as_bytes(),
            *key.link_digest(LinkPurpose::PasswordReset, &link).as_bytes(),
            *LoginKey::from_key(&[4; 32]).session_digest(&session).as_bytes(),
        ];
        let distinct: std::collections::HashSet<[u8; 32]> = digests.into_iter().collect();
        assert_eq!(distinct.len(), digests.len());
        assert_ne!(key.csrf_token(&session), URL_SAFE_NO_PAD.encode(key.session_digest(&session).as_bytes()));
    }

    #[test]
    fn mg5_only_the_sessions_own_token_is_taken() {
        let key = LoginKey::from_key(&[3; 32]);
        let (mine, other) = (SessionToken::from_random(&[1; 32]), SessionToken::from_random(&[2; 32]));
        let token = key.csrf_token(&mine);
        assert_eq!(token.len(), 43);
        assert!(key.is_csrf_token(&mine, token.as_bytes()));
        for wrong in ["", &token[..42], &format!("{token}A"), key.csrf_token(&other).as_str(), mine.expose()] {
            assert!(!key.is_csrf_token(&mine, wrong.as_bytes()), "{wrong}");
        }
    }

    #[test]
    fn mg7_a_token_for_setting_up_is_this_keys_and_has_its_own_time() {
        let (key, other) = (LoginKey::from_key(&[3; 32]), LoginKey::from_key(&[4; 32]));
        let at = Timestamp::from_unix(1_900_000_000);
        let token = key.setup_token(at);
        let parsed = SetupToken::parse(token.expose()).unwrap();
        assert_eq!(key.verify_setup_token(&parsed), Some(at));
        assert_eq!(other.verify_setup_token(&parsed), None);
        let later = token.expose().replace("1900000000", "1900000001");
        assert_eq!(key.verify_setup_token(&SetupToken::parse(&later).unwrap()), None);
    }

    #[test]
    fn sessions_and_links_do_not_repeat() {
        let key = LoginKey::from_key(&[3; 32]);
        let mut seen = std::collections::HashSet::new();
        for _ in 0..10_000 {
            assert!(seen.insert(key.mint_session().unwrap().0.expose().to_owned()));
            assert!(seen.insert(key.mint_link(LinkPurpose::Invitation).unwrap().0.expose().to_owned()));
        }
    }
}
