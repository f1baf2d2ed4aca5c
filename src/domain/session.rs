//! Sessions of people: the secret that the cookie holds, and how long it is good for.

use std::fmt;
use std::net::IpAddr;

use zeroize::Zeroizing;

use super::client_secret::SecretDigest;
use super::id::{SessionId, UserId};
use super::time::Timestamp;
use super::token_text;

/// How long a session lasts at most.
pub const SESSION_SECONDS: i64 = 12 * 3_600;
/// How long a session lasts without a request.
pub const SESSION_IDLE_SECONDS: i64 = 3_600;
/// How long a password given is a fresh proof.
pub const PROOF_SECONDS: i64 = 300;
/// `last_seen_at` is written this often at most.
pub const SEEN_EVERY_SECONDS: i64 = 60;
/// How far the clocks of two nodes may be apart.
const CLOCK_TOLERANCE_SECONDS: i64 = 60;
/// The longest `User-Agent` that is kept, in characters.
pub const MAX_USER_AGENT_CHARACTERS: usize = 256;

/// What the cookie holds: `ses_` and 256 random bits. Never stored, never prints itself.
#[derive(Clone)]
pub struct SessionToken(Zeroizing<String>);

impl SessionToken {
    const PREFIX: &'static str = "ses_";

    /// Spells 256 random bits as a session's token.
    pub fn from_random(bytes: &[u8; 32]) -> Self {
        Self(token_text::spell(Self::PREFIX, bytes))
    }

    /// Reads what a browser sent; `None` when it has not the form of one.
    pub fn parse(text: &str) -> Option<Self> {
        token_text::has_form(text, Self::PREFIX).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The token itself, for the cookie and for its digest.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken([redacted])")
    }
}

/// A session as it is kept.
#[derive(Clone, Debug)]
pub struct Session {
    /// `sess_…`, for the list of sessions; not what the cookie holds.
    pub id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// What its token is recognised by.
    pub digest: SecretDigest,
    /// When the person signed in.
    pub created_at: Timestamp,
    /// When it was last used; may lag by [`SEEN_EVERY_SECONDS`].
    pub last_seen_at: Timestamp,
    /// When it ends, used or not.
    pub expires_at: Timestamp,
    /// When the password was last given.
    pub proved_at: Timestamp,
    /// From where the person signed in.
    pub address: Option<IpAddr>,
    /// With what.
    pub user_agent: Option<String>,
}

impl Session {
    /// Whether it is over. A clock that is set back does not bring it to life again: one from the future is over too.
    pub fn is_over(&self, now: Timestamp) -> bool {
        let from_the_future = self.created_at > now.plus_seconds(CLOCK_TOLERANCE_SECONDS);
        now >= self.expires_at || now >= self.last_seen_at.plus_seconds(SESSION_IDLE_SECONDS) || from_the_future
    }

    /// Whether the password was given a moment ago.
    pub fn has_fresh_proof(&self, now: Timestamp) -> bool {
        let from_the_future = self.proved_at > now.plus_seconds(CLOCK_TOLERANCE_SECONDS);
        now < self.proved_at.plus_seconds(PROOF_SECONDS) && !from_the_future
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(at: i64) -> Session {
        let at = Timestamp::from_unix(at);
        Session {
            id: SessionId::from_parts(1, 1),
            user_id: UserId::from_parts(1, 1),
            digest: SecretDigest::from_bytes([0; 32]),
            created_at: at,
            last_seen_at: at,
            expires_at: at.plus_seconds(SESSION_SECONDS),
            proved_at: at,
            address: None,
            user_agent: None,
        }
    }

    #[test]
    fn mg4_a_session_ends_unused_and_used() {
        let mut session = session(1_000_000);
        let at = |seconds: i64| Timestamp::from_unix(1_000_000 + seconds);
        assert!(!session.is_over(at(SESSION_IDLE_SECONDS - 1)));
        assert!(session.is_over(at(SESSION_IDLE_SECONDS)));
        session.last_seen_at = at(SESSION_SECONDS - 1);
        assert!(!session.is_over(at(SESSION_SECONDS - 1)));
        assert!(session.is_over(at(SESSION_SECONDS)));
    }

    #[test]
    fn mg6_a_proof_lasts_five_minutes() {
        let session = session(1_000_000);
        let at = |seconds: i64| Timestamp::from_unix(1_000_000 + seconds);
        assert!(session.has_fresh_proof(at(0)) && session.has_fresh_proof(at(299)));
        assert!(!session.has_fresh_proof(at(300)));
    }

    #[test]
    fn a_clock_that_is_set_back_gives_neither_a_session_nor_a_proof() {
        let session = session(1_000_000);
        let at = |seconds: i64| Timestamp::from_unix(1_000_000 + seconds);
        assert!(!session.is_over(at(-60)) && session.has_fresh_proof(at(-60)), "another node's clock");
        assert!(session.is_over(at(-7_200)) && !session.has_fresh_proof(at(-7_200)));
        assert!(session.is_over(Timestamp::from_unix(0)));
    }

    #[test]
    fn rs6_a_token_has_one_form_and_never_prints_itself() {
        let token = SessionToken::from_random(&[7; 32]);
        assert_eq!(token.expose().len(), 47);
        assert_eq!(SessionToken::parse(token.expose()).unwrap().expose(), token.expose());
        assert_eq!(format!("{token:?}"), "SessionToken([redacted])");
        let link = token.expose().replace("ses_", "lnk_");
        for wrong in ["", "ses_", &token.expose()[..46], &format!("{}0", token.expose()), link.as_str()] {
            assert!(SessionToken::parse(wrong).is_none(), "{wrong}");
        }
    }
}
