//! Links that are sent by mail, and what each is good for, once.

use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

use super::Invalid;
use super::client_secret::SecretDigest;
use super::id::UserId;
use super::time::Timestamp;
use super::token_text;

/// What a link is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkPurpose {
    /// To choose the first password.
    Invitation,
    /// To choose another password.
    PasswordReset,
}

impl LinkPurpose {
    /// Every purpose.
    pub const ALL: [Self; 2] = [Self::Invitation, Self::PasswordReset];

    /// The name in the database: `invitation` or `password_reset`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::PasswordReset => "password_reset",
        }
    }

    /// How long a link works.
    pub const fn lifetime_seconds(self) -> i64 {
        match self {
            Self::Invitation => 7 * 86_400,
            Self::PasswordReset => 3_600,
        }
    }
}

impl FromStr for LinkPurpose {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL
            .into_iter()
            .find(|purpose| purpose.as_str() == text)
            .ok_or_else(|| Invalid::new("purpose", "unknown_purpose", "must be invitation or password_reset"))
    }
}

/// What a link holds: `lnk_` and 256 random bits. Never stored, never prints itself.
#[derive(Clone)]
pub struct LinkToken(Zeroizing<String>);

impl LinkToken {
    const PREFIX: &'static str = "lnk_";

    /// Spells 256 random bits as a link's token.
    pub fn from_random(bytes: &[u8; 32]) -> Self {
        Self(token_text::spell(Self::PREFIX, bytes))
    }

    /// Reads what somebody sent; `None` when it has not the form of one.
    pub fn parse(text: &str) -> Option<Self> {
        token_text::has_form(text, Self::PREFIX).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The token itself, for the mail and for its digest.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken([redacted])")
    }
}

/// A link as it is kept.
#[derive(Clone, Debug)]
pub struct OneTimeLink {
    /// What its token is recognised by.
    pub digest: SecretDigest,
    /// For whom.
    pub user_id: UserId,
    /// For what.
    pub purpose: LinkPurpose,
    /// When its mail left.
    pub created_at: Timestamp,
    /// From when on it is dead.
    pub expires_at: Timestamp,
}
