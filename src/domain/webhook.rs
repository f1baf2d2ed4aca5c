//! Webhooks: where events are posted to, and which.

use std::collections::BTreeSet;

use serde::{Serialize, Serializer};

use super::Invalid;
use super::event::EventKind;
use super::id::{OrganizationId, WebhookId, WebhookSecretId};
use super::outbound_url::OutboundUrl;
use super::time::Timestamp;

/// The most webhooks of one organization.
pub const MAX_WEBHOOKS: i64 = 20;
/// The longest description, in characters.
pub const MAX_DESCRIPTION_CHARACTERS: usize = 200;
/// How long an old secret may sign beside the new one, in seconds.
pub const MAX_SECRET_GRACE_SECONDS: i64 = 604_800;

/// Which events a webhook gets; an empty list means all of them, those to come included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter(BTreeSet<&'static str>);

impl EventFilter {
    /// Reads the names of events.
    ///
    /// # Errors
    /// When one is not the name of an event that can be asked for.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, Invalid> {
        let mut kinds = BTreeSet::new();
        for name in names {
            let kind: EventKind = name.parse()?;
            if !kind.is_announced() {
                return Err(Invalid::new("events", "unknown_event", format!("{kind} cannot be asked for")));
            }
            kinds.insert(kind.as_str());
        }
        Ok(Self(kinds))
    }

    /// Whether an event of this kind is wanted.
    pub fn matches(&self, kind: EventKind) -> bool {
        self.0.is_empty() || self.0.contains(kind.as_str())
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().copied()
    }
}

impl Serialize for EventFilter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.0)
    }
}

/// A few words of the webhook's maker on what it is for; may be empty.
///
/// # Errors
/// When it is too long or has control characters.
pub fn check_description(text: &str) -> Result<(), Invalid> {
    if text.chars().count() > MAX_DESCRIPTION_CHARACTERS {
        return Err(Invalid::new("description", "invalid_length", "must have at most 200 characters"));
    }
    if text.chars().any(char::is_control) {
        return Err(Invalid::new("description", "invalid_character", "must not contain control characters"));
    }
    Ok(())
}

/// Why a webhook gets nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DisabledReason {
    /// Somebody disabled it.
    ByHand,
    /// Its receiver answered 410.
    Gone,
}

impl DisabledReason {
    /// `by_hand` or `gone`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ByHand => "by_hand",
            Self::Gone => "gone",
        }
    }

    /// The reason of this name.
    pub fn from_name(text: &str) -> Option<Self> {
        [Self::ByHand, Self::Gone].into_iter().find(|reason| reason.as_str() == text)
    }
}

/// A place that an organization has its events posted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// `wh_…`
    pub id: WebhookId,
    /// Whose events.
    pub organization_id: OrganizationId,
    /// Where to.
    pub url: OutboundUrl,
    /// What it is for, in its maker's words.
    pub description: String,
    /// Which events.
    pub events: EventFilter,
    /// Since when and why it gets nothing.
    pub disabled: Option<(Timestamp, DisabledReason)>,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What is stored of a webhook's secret: it signs, so it must be had again, and is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredWebhookSecret {
    /// `whs_…`
    pub id: WebhookSecretId,
    /// Encrypted under the master key, bound to its id.
    pub sealed: Vec<u8>,
    /// `whsec_...Ab1=`
    pub hint: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it does not sign any more; `None`: the newest.
    pub expires_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_without_names_lets_everything_through() {
        let all = EventFilter::default();
        assert!(EventKind::ALL.iter().all(|kind| all.matches(*kind)));
        let some = EventFilter::parse(["api_key.deleted", "api_key.created", "api_key.deleted"]).unwrap();
        assert!(some.matches(EventKind::ApiKeyCreated) && !some.matches(EventKind::ApiKeyEdited));
        assert_eq!(some.names().collect::<Vec<_>>(), ["api_key.created", "api_key.deleted"]);
        for wrong in ["", "*", "api_key", "API_KEY.CREATED", "webhook.test"] {
            assert_eq!(EventFilter::parse([wrong]).unwrap_err().field, "events", "{wrong}");
        }
    }

    #[test]
    fn a_description_is_one_line() {
        assert!(check_description("").is_ok() && check_description(&"é".repeat(200)).is_ok());
        assert!(check_description(&"é".repeat(201)).is_err() && check_description("a\nb").is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_address_leads_into_a_private_network(
            text in "(https?|HTTP|ftp)://([0-9a-fx.]{1,14}|\\[[0-9a-f:.]{2,24}\\]|[a-z@.%0-9]{1,12})(:[0-9]{0,5})?([/?#][ -~]{0,5})?",
        ) {
            crate::fuzz_invariants::webhook_url::check(text.as_bytes());
        }
    }
}
