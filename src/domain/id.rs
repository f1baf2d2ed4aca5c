//! Identifiers: a prefix that says what it names, and a lower-case ULID.
//!
//! Held as 16 bytes; the text form is made when it is needed. Only the canonical spelling parses, so that two
//! different texts can never name the same thing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ulid::Ulid;

use super::Invalid;

/// Length of a ULID in Crockford base32.
const ULID_LENGTH: usize = 26;

macro_rules! identifiers {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal, $field:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// What every such identifier begins with.
            pub const PREFIX: &'static str = $prefix;

            /// The identifier made from a millisecond clock and 80 random bits (the upper 48 of `random` are unused).
            pub fn from_parts(unix_milliseconds: u64, random: u128) -> Self {
                Self(Ulid::from_parts(unix_milliseconds, random).to_bytes())
            }

            /// The identifier of these bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// Its bytes, which sort as it does.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }

            /// Adds its text to `text`; several times quicker than formatting.
            pub fn push_to(&self, text: &mut String) {
                let mut buffer = [0_u8; ULID_LENGTH];
                text.push_str($prefix);
                text.push_str(lower_case(Ulid::from_bytes(self.0), &mut buffer));
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut buffer = [0_u8; ULID_LENGTH];
                f.write_str($prefix)?;
                f.write_str(lower_case(Ulid::from_bytes(self.0), &mut buffer))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                text.strip_prefix($prefix)
                    .and_then(parse_canonical)
                    .map(Self)
                    .ok_or_else(|| Invalid::new($field, "invalid_id", concat!("must be an identifier that begins with ", $prefix)))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

identifiers! {
    /// A customer of the platform: `org_…`.
    OrganizationId = "org_", "organization_id";
    /// A sub-account of an organization: `acct_…`.
    AccountId = "acct_", "account_id";
    /// An API key, which is an OAuth 2.0 client: `key_…`.
    ClientId = "key_", "client_id";
    /// One secret of an API key: `sec_…`.
    SecretId = "sec_", "secret_id";
    /// An API that accepts tokens: `rs_…`.
    ResourceServerId = "rs_", "resource_server_id";
    /// An entry of the scope catalogue: `scope_…`.
    ScopeId = "scope_", "scope_id";
    /// A person: `user_…`.
    UserId = "user_", "user_id";
    /// A person's session, as its list shows it; not what the cookie holds: `sess_…`.
    SessionId = "sess_", "session_id";
    /// A mail that is to be sent: `mail_…`.
    MailId = "mail_", "mail_id";
    /// A row of the audit log: `audit_…`.
    AuditEventId = "audit_", "audit_event_id";
    /// Something that people and webhooks are told of: `evt_…`.
    EventId = "evt_", "event_id";
    /// Somewhere that events are posted to: `wh_…`.
    WebhookId = "wh_", "webhook_id";
    /// One secret of a webhook: `whs_…`.
    WebhookSecretId = "whs_", "webhook_secret_id";
    /// One event for one recipient: `dlv_…`.
    DeliveryId = "dlv_", "delivery_id";
}

fn lower_case(ulid: Ulid, buffer: &mut [u8; ULID_LENGTH]) -> &str {
    let text = ulid.array_to_str(buffer);
    text.make_ascii_lowercase();
    text
}

/// Reads the one canonical lower-case spelling of a ULID.
fn parse_canonical(text: &str) -> Option<[u8; 16]> {
    if text.len() != ULID_LENGTH {
        return None;
    }
    let ulid = Ulid::from_string(text).ok()?;
    let mut buffer = [0_u8; ULID_LENGTH];
    (lower_case(ulid, &mut buffer) == text).then_some(ulid.to_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_reads_back_as_it_was_written() {
        let id = ClientId::from_parts(1_700_000_000_000, 0x1234_5678_9abc);
        let text = id.to_string();
        assert!(text.starts_with("key_"), "{text}");
        assert_eq!(text, text.to_lowercase());
        assert_eq!(text.parse::<ClientId>().unwrap(), id);
        let mut pushed = "<".to_owned();
        id.push_to(&mut pushed);
        assert_eq!(pushed, format!("<{text}"));
    }

    #[test]
    fn only_the_canonical_spelling_parses() {
        let text = ClientId::from_parts(1_700_000_000_000, 7).to_string();
        let upper = format!("key_{}", text.trim_start_matches("key_").to_uppercase());
        let other = text.replace("key_", "acct_");
        for wrong in [
            "",
            "key_",
            upper.as_str(),
            other.as_str(),
            &text[..text.len() - 1],
            &format!("{text}0"),
            "key_zzzzzzzzzzzzzzzzzzzzzzzzzz",
            "key_0000000000000000000000000é",
        ] {
            assert!(wrong.parse::<ClientId>().is_err(), "{wrong}");
        }
    }
}
