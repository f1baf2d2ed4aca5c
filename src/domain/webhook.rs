//! Webhooks: where events are posted to, and which.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Serialize, Serializer};
use url::{Host, Url};

use super::Invalid;
use super::event::EventKind;
use super::id::{OrganizationId, WebhookId, WebhookSecretId};
use super::network_policy::NetworkPolicy;
use super::time::Timestamp;

/// The most webhooks of one organization.
pub const MAX_WEBHOOKS: i64 = 20;
/// The longest address, in bytes.
pub const MAX_URL_BYTES: usize = 2_048;
/// The longest description, in characters.
pub const MAX_DESCRIPTION_CHARACTERS: usize = 200;
/// How long an old secret may sign beside the new one, in seconds.
pub const MAX_SECRET_GRACE_SECONDS: i64 = 604_800;

/// An address that events may be posted to: https, no user, no fragment. Where a name leads is looked at again for
/// each attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookUrl(Url);

impl WebhookUrl {
    /// Reads an address as somebody gives it.
    ///
    /// # Errors
    /// When it is not one, or leads where `policy` does not let it.
    pub fn parse(text: &str, policy: &NetworkPolicy) -> Result<Self, Invalid> {
        let invalid = |code, detail: &'static str| Invalid::new("url", code, detail);
        if text.len() > MAX_URL_BYTES {
            return Err(invalid("too_long", "must have at most 2048 bytes"));
        }
        if text.bytes().any(|byte| !(0x21..=0x7e).contains(&byte)) {
            return Err(invalid("invalid_url", "must be plain ASCII without spaces, e.g. https://example.com/hooks"));
        }
        let url = Url::parse(text).map_err(|_| invalid("invalid_url", "must be a URL such as https://example.com/hooks"))?;
        let Some(host) = url.host() else {
            return Err(invalid("invalid_url", "must name a host"));
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("has_credentials", "must not hold a user or a password"));
        }
        if url.fragment().is_some() {
            return Err(invalid("has_fragment", "must not have a fragment"));
        }
        if url.port() == Some(0) {
            return Err(invalid("invalid_port", "must not name port 0"));
        }
        if let Some(address) = literal(&host)
            && !policy.permits(address)
        {
            return Err(invalid("private_address", "must not lead into a private network"));
        }
        match url.scheme() {
            "https" => Ok(Self(url)),
            "http" if may_be_plain(&host, policy) => Ok(Self(url)),
            _ => Err(invalid("not_https", "must begin with https://")),
        }
    }

    /// The address as it was stored.
    ///
    /// # Errors
    /// When it is not a URL.
    pub fn from_stored(text: &str) -> Result<Self, Invalid> {
        Url::parse(text).map(Self).map_err(|_| Invalid::new("url", "invalid_url", "is not a URL"))
    }

    /// The address.
    pub const fn url(&self) -> &Url {
        &self.0
    }

    /// The address, when its host is one and not a name.
    pub fn literal_address(&self) -> Option<std::net::IpAddr> {
        self.0.host().and_then(|host| literal(&host))
    }

    /// Whether it speaks plain HTTP.
    pub fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// Host and port: what attempts at once are counted by.
    pub fn destination(&self) -> String {
        format!("{}:{}", self.0.host_str().unwrap_or_default(), self.0.port_or_known_default().unwrap_or_default())
    }
}

fn literal(host: &Host<&str>) -> Option<std::net::IpAddr> {
    match host {
        Host::Ipv4(address) => Some((*address).into()),
        Host::Ipv6(address) => Some((*address).into()),
        Host::Domain(_) => None,
    }
}

fn may_be_plain(host: &Host<&str>, policy: &NetworkPolicy) -> bool {
    match host {
        Host::Domain(name) => {
            let (v4, v6) = (std::net::Ipv4Addr::LOCALHOST.into(), std::net::Ipv6Addr::LOCALHOST.into());
            *name == "localhost" && (policy.permits_in_the_clear(v4) || policy.permits_in_the_clear(v6))
        }
        Host::Ipv4(address) => policy.permits_in_the_clear((*address).into()),
        Host::Ipv6(address) => policy.permits_in_the_clear((*address).into()),
    }
}

impl fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl Serialize for WebhookUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

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
    pub url: WebhookUrl,
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

    fn strict(text: &str) -> Result<WebhookUrl, Invalid> {
        WebhookUrl::parse(text, &NetworkPolicy::default())
    }

    #[test]
    fn an_address_is_https_and_public() {
        for good in [
            "https://example.com",
            "https://example.com:8443/hooks?tenant=1",
            "https://8.8.8.8/",
            "https://[2606:4700:4700::1111]:444/x",
            "HTTPS://EXAMPLE.COM/",
        ] {
            assert!(strict(good).is_ok(), "{good}");
        }
        let long = format!("https://example.com/{}", "x".repeat(MAX_URL_BYTES));
        for (bad, code) in [
            ("", "invalid_url"),
            ("example.com", "invalid_url"),
            ("https://", "invalid_url"),
            ("https://exa mple.com", "invalid_url"),
            ("https://example.com/\r\nHost: x", "invalid_url"),
            ("https://ex\u{e4}mple.com/", "invalid_url"),
            ("http://example.com/", "not_https"),
            ("http://localhost/", "not_https"),
            ("ftp://example.com/", "not_https"),
            ("gopher://example.com/", "not_https"),
            ("file:///etc/passwd", "invalid_url"),
            ("https://user@example.com/", "has_credentials"),
            ("https://user:pass@example.com/", "has_credentials"),
            ("https://example.com/#x", "has_fragment"),
            ("https://example.com:0/", "invalid_port"),
            ("https://example.com:65536/", "invalid_url"),
            ("https://127.0.0.1/", "private_address"),
            ("https://2130706433/", "private_address"),
            ("https://0x7f.1/", "private_address"),
            ("https://0177.0.0.1/", "private_address"),
            ("https://127.1/", "private_address"),
            ("https://169.254.169.254/latest/meta-data", "private_address"),
            ("https://[::1]/", "private_address"),
            ("https://[::ffff:127.0.0.1]/", "private_address"),
            ("https://[::ffff:7f00:1]/", "private_address"),
            ("https://[fd00:ec2::254]/", "private_address"),
            ("https://0.0.0.0/", "private_address"),
            (long.as_str(), "too_long"),
        ] {
            assert_eq!(strict(bad).unwrap_err().code, code, "{bad}");
        }
    }

    #[test]
    fn plain_http_is_for_loopback_where_the_operator_allows_it() {
        let policy = NetworkPolicy::allowing(vec!["127.0.0.0/8".parse().unwrap(), "10.0.0.0/8".parse().unwrap()]);
        for (text, good) in [
            ("http://127.0.0.1:9000/x", true),
            ("http://localhost:9000/x", true),
            ("https://10.1.1.1/x", true),
            ("http://10.1.1.1/x", false),
            ("http://[::1]/x", false),
            ("http://example.com/x", false),
            ("http://localhost.example.com/x", false),
        ] {
            assert_eq!(WebhookUrl::parse(text, &policy).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn attempts_are_counted_by_host_and_port() {
        assert_eq!(strict("https://EXAMPLE.com/a?b").unwrap().destination(), "example.com:443");
        assert_eq!(strict("https://example.com:8443/").unwrap().destination(), "example.com:8443");
    }

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
