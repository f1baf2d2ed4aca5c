//! A new secret on its way to the one page that shows it. The change answers it, the browser is sent on (POST then
//! redirect), and the page there takes it out of a cookie that only this server can read: sealed with a key of its own,
//! bound to the session and to the thing that the secret is of, good for two minutes, and cleared by the page that shows it.
//! So it stands in no URL, table, log or history, and going back or reloading does not bring it again.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::error::PageError;
use super::visit::Visit;
use crate::crypto::{CryptoError, Envelope};
use crate::domain::id::SessionId;
use crate::domain::time::Timestamp;
use crate::web::api::ApiError;

/// One for each thing, so that two windows do not take each other's.
const NAME: &str = "__Host-claviger_shown_";

/// From the change to the page, in seconds.
const VALID_SECONDS: i64 = 120;

/// The header that hands `secret`, which is of `object_id`, over to the page that will [`take`] it.
pub(super) fn hand_over(visit: &Visit, object_id: &str, secret: &str) -> Result<(&'static str, String), PageError> {
    let session = visit.current()?.session.id;
    let sealed = seal(&visit.state.people.shown_secrets, session, object_id, secret, visit.inside.now);
    let value = sealed.map_err(ApiError::internal)?;
    let name = cookie_name(object_id);
    Ok(("set-cookie", format!("{name}={value}; Path=/; Max-Age={VALID_SECONDS}; Secure; HttpOnly; SameSite=Strict")))
}

/// The secret of `object_id` that was handed over to this session a moment ago. The page that shows it also
/// [`clear`]s it.
pub(super) fn take(visit: &Visit, object_id: &str) -> Option<Zeroizing<String>> {
    let session = visit.current().ok()?.session.id;
    let name = cookie_name(object_id);
    let (_, value) = visit.cookies.iter().find(|(given, _)| *given == name)?;
    open(&visit.state.people.shown_secrets, session, object_id, value, visit.inside.now)
}

/// The header that makes the browser forget it.
pub(super) fn clear(object_id: &str) -> (&'static str, String) {
    ("set-cookie", format!("{}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict", cookie_name(object_id)))
}

/// An id comes out of an address too: nothing but its letters goes into a header.
fn cookie_name(object_id: &str) -> String {
    let id: String = object_id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(64).collect();
    format!("{NAME}{id}")
}

fn seal(envelope: &Envelope, session: SessionId, object_id: &str, secret: &str, now: Timestamp) -> Result<String, CryptoError> {
    let ends = now.plus_seconds(VALID_SECONDS).unix();
    let mut plain = Zeroizing::new(Vec::with_capacity(size_of::<i64>() + secret.len()));
    plain.extend_from_slice(&ends.to_be_bytes());
    plain.extend_from_slice(secret.as_bytes());
    Ok(URL_SAFE_NO_PAD.encode(envelope.seal(&plain, bound_to(session, object_id).as_bytes())?))
}

fn open(envelope: &Envelope, session: SessionId, object_id: &str, value: &str, now: Timestamp) -> Option<Zeroizing<String>> {
    let sealed = URL_SAFE_NO_PAD.decode(value).ok()?;
    let plain = envelope.open(&sealed, bound_to(session, object_id).as_bytes()).ok()?;
    let (ends, secret) = plain.split_first_chunk::<{ size_of::<i64>() }>()?;
    let is_fresh = now.unix() < i64::from_be_bytes(*ends);
    is_fresh.then(|| str::from_utf8(secret).map(|text| Zeroizing::new(text.to_owned())).ok()).flatten()
}

/// A session's id has no NUL.
fn bound_to(session: SessionId, object_id: &str) -> String {
    format!("{session}\0{object_id}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::master_key::MasterKey;

    const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

    #[test]
    fn mg3_a_secret_reaches_its_own_page_of_its_own_session_in_time_and_nobody_else() {
        let envelope = || MasterKey::generate().unwrap().shown_secret_envelope().unwrap();
        let (own, other) = (envelope(), envelope());
        let (mine, yours) = (SessionId::from_parts(1, 1), SessionId::from_parts(1, 2));
        let value = seal(&own, mine, "key_a", "clv_secret", NOW).unwrap();
        assert!(!value.contains("clv") && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)));
        let shown = |envelope, session, id, value: &str, at: i64| {
            open(envelope, session, id, value, NOW.plus_seconds(at)).map(|secret| secret.to_string())
        };
        assert_eq!(shown(&own, mine, "key_a", &value, 0).as_deref(), Some("clv_secret"));
        assert_eq!(shown(&own, mine, "key_a", &value, VALID_SECONDS - 1).as_deref(), Some("clv_secret"));
        assert_eq!(shown(&own, mine, "key_a", &value, VALID_SECONDS), None);
        assert_eq!(shown(&own, yours, "key_a", &value, 0), None);
        assert_eq!(shown(&own, mine, "key_b", &value, 0), None);
        assert_eq!(shown(&other, mine, "key_a", &value, 0), None);
        for broken in ["", "AA", &value[1..], &format!("{value}A"), "clv_secret"] {
            assert_eq!(shown(&own, mine, "key_a", broken, 0), None, "{broken}");
        }
    }

    #[test]
    fn nothing_of_an_address_alters_the_header() {
        let (_, header) = clear("key_a; Domain=evil.example\r\nx: y");
        assert_eq!(
            header,
            "__Host-claviger_shown_key_aDomainevilexamplexy=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict"
        );
    }
}
