//! What the owners of keys and their webhooks are told of.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::Invalid;
use super::id::{EventId, OrganizationId};
use super::time::Timestamp;

macro_rules! event_kinds {
    ($($(#[doc = $words:literal])* $variant:ident = $name:literal;)*) => {
        /// The kinds of events.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum EventKind {
            $($(#[doc = $words])* $variant,)*
        }

        impl EventKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The kind's name, e.g. `api_key.created`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What has happened, in a sentence.
            pub const fn in_words(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($words),*).trim_ascii(),)*
                }
            }
        }
    };
}

event_kinds! {
    /// A key was made.
    ApiKeyCreated = "api_key.created";
    /// A key got a new secret.
    ApiKeyRegenerated = "api_key.regenerated";
    /// A key was made as a copy of another.
    ApiKeyDuplicated = "api_key.duplicated";
    /// A key's settings or grants were changed, an old secret of it ended early, or its tokens revoked.
    ApiKeyEdited = "api_key.edited";
    /// A key is refused from now on.
    ApiKeyDisabled = "api_key.disabled";
    /// A key is accepted again.
    ApiKeyEnabled = "api_key.enabled";
    /// A key is gone.
    ApiKeyDeleted = "api_key.deleted";
    /// A key, or the older of its secrets, will be refused soon.
    ApiKeyExpiring = "api_key.expiring";
    /// A key's secret is older than 90 days, or the key was not used for 90 days.
    ApiKeyStale = "api_key.stale";
    /// A webhook gets nothing any more: its receiver said that it is gone.
    WebhookDisabled = "webhook.disabled";
    /// Somebody tries a webhook out; goes to this one alone.
    WebhookTest = "webhook.test";
}

impl EventKind {
    /// Whether owners get mail of it, and webhooks may ask for it by name.
    pub const fn is_announced(self) -> bool {
        !matches!(self, Self::WebhookTest)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for EventKind {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| Invalid::new("events", "unknown_event", "must be an event's name, e.g. api_key.created"))
    }
}

impl Serialize for EventKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Something that has happened. Never holds a secret.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// `evt_…`; the same in every delivery, so that a receiver knows one that it has seen.
    pub id: EventId,
    /// Whose owners are told.
    pub organization_id: OrganizationId,
    /// What.
    pub kind: EventKind,
    /// When.
    pub occurred_at: Timestamp,
    /// A JSON object that says more.
    pub data: Value,
}
