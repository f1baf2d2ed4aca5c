//! Grants: which scopes a key holds, and where.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Invalid;
use super::id::AccountId;
use super::scope::{Level, ScopeName};

/// Where a grant applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GrantTarget {
    /// The organization itself; `null` in the API.
    Organization,
    /// Every account of the organization, present and future; `"*"` in the API.
    AllAccounts,
    /// One account.
    Account(AccountId),
}

impl GrantTarget {
    /// Whether a scope of `level` can be granted here. `platform` says whether the organization is the platform's own.
    pub const fn fits(self, level: Level, platform: bool) -> bool {
        match (self, level) {
            (Self::Organization, Level::Organization) | (Self::AllAccounts | Self::Account(_), Level::Account) => true,
            (Self::Organization, Level::Platform) => platform,
            _ => false,
        }
    }

    /// The account, when the target is one.
    pub const fn account(self) -> Option<AccountId> {
        match self {
            Self::Account(id) => Some(id),
            Self::Organization | Self::AllAccounts => None,
        }
    }
}

/// As the database and the command line spell it: `organization`, `*` or the account's id.
impl fmt::Display for GrantTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Organization => f.write_str("organization"),
            Self::AllAccounts => f.write_str("*"),
            Self::Account(id) => fmt::Display::fmt(id, f),
        }
    }
}

impl FromStr for GrantTarget {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "organization" => Ok(Self::Organization),
            "*" => Ok(Self::AllAccounts),
            _ => text.parse().map(Self::Account).map_err(|_| {
                Invalid::new("grants", "invalid_target", "the target must be an account's id (acct_…), * or the organization")
            }),
        }
    }
}

impl Serialize for GrantTarget {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Organization => serializer.serialize_none(),
            other => serializer.collect_str(other),
        }
    }
}

impl<'de> Deserialize<'de> for GrantTarget {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Option::<std::borrow::Cow<'de, str>>::deserialize(deserializer)? {
            None => Ok(Self::Organization),
            Some(text) if text == "organization" => Err(serde::de::Error::custom("the organization is null")),
            Some(text) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

/// A target and the scopes that the key holds there (not those that they imply).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Grant {
    /// Where.
    #[serde(rename = "account_id")]
    pub target: GrantTarget,
    /// What; never empty.
    pub scopes: BTreeSet<ScopeName>,
}

/// The grants of a scoped key: at least one, each target once, each with at least one scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Grants(Box<[Grant]>);

/// The most scopes that one key can name over all its grants.
pub const MAX_GRANTED_SCOPES: usize = 2_000;

impl Grants {
    /// Checks the shape and orders the grants by target. That the scopes exist and fit is the catalogue's to say.
    ///
    /// # Errors
    /// When there is no grant, one without scopes, a target twice, or too many in all.
    pub fn new(grants: impl IntoIterator<Item = Grant>) -> Result<Self, Invalid> {
        let mut grants: Vec<Grant> = grants.into_iter().collect();
        grants.sort_by_key(|grant| grant.target);
        if grants.is_empty() {
            return Err(Invalid::new("grants", "required", "a scoped key needs at least one grant"));
        }
        if grants.iter().any(|grant| grant.scopes.is_empty()) {
            return Err(Invalid::new("grants", "required", "each grant needs at least one scope"));
        }
        if grants.windows(2).any(|pair| matches!(pair, [a, b] if a.target == b.target)) {
            return Err(Invalid::new("grants", "duplicate", "each target may stand in one grant only"));
        }
        if grants.iter().map(|grant| grant.scopes.len()).sum::<usize>() > MAX_GRANTED_SCOPES {
            return Err(Invalid::new("grants", "too_many", "a key may name at most 2000 scopes over all its grants"));
        }
        Ok(Self(grants.into_boxed_slice()))
    }

    /// The grants, ordered by target.
    pub fn iter(&self) -> impl Iterator<Item = &Grant> {
        self.0.iter()
    }
}

impl FromStr for Grant {
    type Err = Invalid;

    /// Reads the command line's form: `payments:read fx`, `acct_…=disputes:read` or `*=disputes:read`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (target, scopes) = match text.split_once('=') {
            Some((target, scopes)) if target == "*" || target.starts_with(AccountId::PREFIX) => (target.parse()?, scopes),
            _ => (GrantTarget::Organization, text),
        };
        let scopes = scopes.split_ascii_whitespace().map(str::parse).collect::<Result<BTreeSet<_>, _>>()?;
        Ok(Self { target, scopes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "acct_01hf7yat00000000000000000a";

    #[test]
    fn the_command_line_form_reads_all_three_targets() {
        let grant = |text: &str| text.parse::<Grant>().unwrap();
        assert_eq!(grant("payments:read fx").target, GrantTarget::Organization);
        assert_eq!(grant("*=disputes:read").target, GrantTarget::AllAccounts);
        assert_eq!(grant(&format!("{ACCOUNT}=a b")).scopes.len(), 2);
        assert!("acct_nonsense=a".parse::<Grant>().is_err());
    }

    #[test]
    fn a_scoped_key_needs_a_grant_with_a_scope() {
        assert!(Grants::new([]).is_err());
        assert!(Grants::new(["*=".parse().unwrap()]).is_err());
        assert!(Grants::new(["a".parse().unwrap(), "b".parse().unwrap()]).is_err());
        assert!(Grants::new(["a".parse().unwrap(), "*=b".parse().unwrap()]).is_ok());
    }

    #[test]
    fn the_api_spells_the_organization_null() {
        let json = serde_json::to_value("a".parse::<Grant>().unwrap()).unwrap();
        assert_eq!(json, serde_json::json!({"account_id": null, "scopes": ["a"]}));
        assert_eq!(serde_json::from_str::<GrantTarget>("null").unwrap(), GrantTarget::Organization);
        assert!(serde_json::from_str::<GrantTarget>("\"organization\"").is_err());
    }
}
