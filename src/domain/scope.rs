//! Scopes: the grammar of their names (RFC 6749 section 3.3) and the catalogue's entries.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use super::Invalid;
use super::id::{ResourceServerId, ScopeId};
use super::time::Timestamp;

/// One scope token: `1*NQCHAR`, `NQCHAR = %x21 / %x23-5B / %x5D-7E`, at most 128 bytes. Case matters.
///
/// Cheap to clone: the text is shared.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeName(Arc<str>);

/// The longest scope name, in bytes.
pub const MAX_SCOPE_NAME_BYTES: usize = 128;

impl ScopeName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether `text` is one `scope-token` of RFC 6749 section 3.3 that a catalogue could hold.
pub fn is_scope_token(text: &[u8]) -> bool {
    (1..=MAX_SCOPE_NAME_BYTES).contains(&text.len()) && text.iter().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

impl Borrow<str> for ScopeName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ScopeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ScopeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Serialize for ScopeName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl FromStr for ScopeName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if is_scope_token(text.as_bytes()) {
            Ok(Self(text.into()))
        } else {
            Err(Invalid::new(
                "scope",
                "invalid_scope_name",
                "must be 1 to 128 printable ASCII characters without spaces, quotes and backslashes, e.g. payments:read",
            ))
        }
    }
}

/// Where a scope applies, and so where it can be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The organization as a whole.
    Organization,
    /// One account of an organization.
    Account,
    /// The platform; only keys of the platform's own organization can hold it.
    Platform,
}

impl Level {
    /// The level's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Account => "account",
            Self::Platform => "platform",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Level {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "organization" => Ok(Self::Organization),
            "account" => Ok(Self::Account),
            "platform" => Ok(Self::Platform),
            _ => Err(Invalid::new("level", "invalid_level", "must be organization, account or platform")),
        }
    }
}

/// An entry of the scope catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// `scope_…`
    pub id: ScopeId,
    /// Unique in the catalogue; never changes.
    pub name: ScopeName,
    /// The one resource server that understands it.
    pub resource_server: ResourceServerId,
    /// Where it can be granted.
    pub level: Level,
    /// What it allows, for people.
    pub description: String,
    /// Scopes of the same level that whoever holds this one holds too.
    pub implies: Vec<ScopeName>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The longest description, in characters.
pub const MAX_DESCRIPTION_CHARACTERS: usize = 500;

/// Checks a scope's description.
///
/// # Errors
/// When it is longer than [`MAX_DESCRIPTION_CHARACTERS`] or has control characters.
pub fn check_description(text: &str) -> Result<(), Invalid> {
    if text.chars().count() > MAX_DESCRIPTION_CHARACTERS || text.chars().any(char::is_control) {
        return Err(Invalid::new("description", "invalid_text", "must have at most 500 characters and no control characters"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sc7_the_grammar_of_rfc_6749_is_kept() {
        for good in ["a", "payments:read", "!", "~", "#", "[", "]", "https://x/y"] {
            assert!(good.parse::<ScopeName>().is_ok(), "{good}");
        }
        for bad in ["", " ", "a b", "\"", "\\", "\t", "\n", "\u{0}", "é", "\u{a0}", "\u{fffd}", "\u{7f}"] {
            assert!(bad.parse::<ScopeName>().is_err(), "{bad:?}");
        }
        assert!("a".repeat(128).parse::<ScopeName>().is_ok());
        assert!("a".repeat(129).parse::<ScopeName>().is_err());
    }

    #[test]
    fn case_matters() {
        assert_ne!("A".parse::<ScopeName>().unwrap(), "a".parse::<ScopeName>().unwrap());
    }
}
