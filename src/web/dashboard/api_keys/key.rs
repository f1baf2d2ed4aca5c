//! A key as its pages show it.

use serde::Deserialize;

use super::credential::Credential;
use super::words::Holding;
use crate::domain::time::Timestamp;
use crate::web::dashboard::duration::in_words;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::view::When;
use crate::web::dashboard::visit::Visit;

/// What the pages show of `GET /api-keys/{client_id}`.
#[derive(Debug, Deserialize)]
pub(super) struct Key {
    pub(super) client_id: String,
    pub(super) name: String,
    #[serde(flatten)]
    pub(super) holding: Holding,
    /// The newest first.
    pub(super) secrets: Vec<Secret>,
    pub(super) ip_allowlist: Vec<String>,
    pub(super) max_payout: Option<String>,
    pub(super) token_lifetime_seconds: i64,
    #[serde(flatten)]
    pub(super) credential: Credential,
    #[serde(default)]
    pub(super) foreign_client_id: Option<String>,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) disabled_at: Option<Timestamp>,
    pub(super) created_by: String,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) last_used_at: Option<Timestamp>,
    pub(super) last_used_ip: Option<String>,
}

/// A live secret, masked.
#[derive(Debug, Deserialize)]
pub(super) struct Secret {
    pub(super) id: String,
    pub(super) hint: String,
    pub(super) created_at: Timestamp,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) last_used_at: Option<Timestamp>,
    pub(super) last_used_ip: Option<String>,
}

impl Secret {
    pub(super) const fn made(&self) -> When {
        When(self.created_at)
    }

    pub(super) fn when_ends(&self) -> Option<When> {
        self.expires_at.map(When)
    }

    pub(super) fn when_used(&self) -> Option<When> {
        self.last_used_at.map(When)
    }
}

/// Whether a key is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Live,
    Disabled,
    Expired,
}

impl State {
    pub(super) const fn in_words(self) -> &'static str {
        match self {
            Self::Live => "Active",
            Self::Disabled => "Disabled",
            Self::Expired => "Expired",
        }
    }

    /// The class of its badge.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Live => "good",
            Self::Disabled => "bad",
            Self::Expired => "warn",
        }
    }
}

impl Key {
    /// The key that the page's path names.
    pub(super) fn of_path(visit: &Visit) -> Result<Self, PageError> {
        visit.read("/api-keys/{client_id}", &[("client_id", visit.part("client_id"))], &[])
    }

    pub(super) fn is_admin(&self) -> bool {
        self.holding.is_admin()
    }

    pub(super) fn state(&self, now: Timestamp) -> State {
        match (self.disabled_at, self.expires_at) {
            (Some(_), _) => State::Disabled,
            (None, Some(at)) if at <= now => State::Expired,
            _ => State::Live,
        }
    }

    /// Its page, without the issuer's path.
    pub(super) fn path(&self) -> String {
        format!("/api-keys/{}", self.client_id)
    }

    pub(super) const fn made(&self) -> When {
        When(self.created_at)
    }

    pub(super) fn when_disabled(&self) -> Option<When> {
        self.disabled_at.map(When)
    }

    pub(super) fn when_expires(&self) -> Option<When> {
        self.expires_at.map(When)
    }

    pub(super) fn when_used(&self) -> Option<When> {
        self.last_used_at.map(When)
    }

    pub(super) const fn changed(&self) -> When {
        When(self.updated_at)
    }

    pub(super) fn token_lifetime(&self) -> String {
        in_words(self.token_lifetime_seconds)
    }
}
