//! `client_secret_basic` and `client_secret_post`: an id and a secret, in the header or in the body.

use crate::crypto::digest::Pepper;
use crate::domain::api_key::AuthMethod;
use crate::domain::id::SecretId;
use crate::domain::key_entry::KeyEntry;
use crate::domain::time::Timestamp;
use crate::oauth::error::ClientRefusal;

/// A secret of the key that was recognised in what the client sent.
#[derive(Clone, Copy, Debug)]
pub struct Recognised {
    /// Which one.
    pub id: SecretId,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
}

/// Checks a secret against a key, and the key's own state. Every live secret is compared, whatever the others say, so
/// that the time tells nothing. Secrets that another server has hashed are not looked at: they may take long.
///
/// # Errors
/// Why the client is refused; the caller is told none of it.
pub fn authenticate(
    key: &KeyEntry,
    method: AuthMethod,
    secret: &[u8],
    pepper: &Pepper,
    now: Timestamp,
) -> Result<SecretId, ClientRefusal> {
    let mut matching = None;
    for candidate in &key.secrets {
        if pepper.matches(secret, &candidate.digest) {
            matching = Some(Recognised { id: candidate.id, expires_at: candidate.expires_at });
        }
    }
    let Some(matching) = matching else { return Err(ClientRefusal::WrongSecret) };
    check_state(key, method, matching, now)
}

/// Whether a key may be used by this method, with the secret that was recognised.
///
/// # Errors
/// As [`authenticate`].
pub fn check_state(
    key: &KeyEntry,
    method: AuthMethod,
    recognised: Recognised,
    now: Timestamp,
) -> Result<SecretId, ClientRefusal> {
    if key.auth_method != method {
        return Err(ClientRefusal::OtherMethod);
    }
    check_key(key, now)?;
    match recognised.expires_at {
        Some(at) if at <= now => Err(ClientRefusal::ExpiredSecret),
        _ => Ok(recognised.id),
    }
}

/// Whether a key that has proved itself is accepted.
///
/// # Errors
/// [`ClientRefusal::Disabled`], [`ClientRefusal::ExpiredKey`].
pub fn check_key(key: &KeyEntry, now: Timestamp) -> Result<(), ClientRefusal> {
    if key.disabled {
        Err(ClientRefusal::Disabled)
    } else if key.expires_at.is_some_and(|at| at <= now) {
        Err(ClientRefusal::ExpiredKey)
    } else {
        Ok(())
    }
}
