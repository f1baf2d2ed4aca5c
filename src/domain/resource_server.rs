//! Resource servers: the APIs that accept our tokens.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::Invalid;
use super::id::ResourceServerId;
use super::name::Name;
use super::time::Timestamp;

/// What a resource server is called in `aud` and `resource`: an absolute URI without a fragment (RFC 8707 section 2).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Audience(Arc<str>);

/// The longest identifier of a resource server, in bytes.
pub const MAX_AUDIENCE_BYTES: usize = 512;

impl Audience {
    /// The URI as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Serialize for Audience {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl FromStr for Audience {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let uri_characters = (1..=MAX_AUDIENCE_BYTES).contains(&text.len())
            && text
                .bytes()
                .all(|b| matches!(b, 0x21..=0x7e) && !matches!(b, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}'));
        if !uri_characters || text.contains('#') || url::Url::parse(text).is_err() {
            return Err(Invalid::new(
                "identifier",
                "invalid_uri",
                "must be an absolute URI without a fragment, e.g. https://payments.example.com",
            ));
        }
        Ok(Self(text.into()))
    }
}

/// An API that accepts tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ResourceServer {
    /// `rs_…`
    pub id: ResourceServerId,
    /// The token's `aud`; unique.
    pub identifier: Audience,
    /// Shown to people.
    pub name: Name,
    /// True for this server's own management API, whose identifier is `<issuer>/api`.
    pub builtin: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rr1_only_absolute_uris_without_fragment() {
        for good in ["https://payments.example.com", "https://x.example/api?v=1", "urn:example:payments"] {
            assert_eq!(good.parse::<Audience>().unwrap().as_str(), good);
        }
        for bad in ["", "payments", "/payments", "//x/y", "https://x/#f", "https://x/ y", "https://x/\"", "https://"] {
            assert!(bad.parse::<Audience>().is_err(), "{bad}");
        }
    }
}
