//! Who does something, and from where: what the audit log names.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::Invalid;
use super::id::{ClientId, UserId};

/// Who acts. Spelled as an id, or as one of the words `cli`, `dev`, `system` and `anonymous`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Principal {
    /// A person who has signed in.
    User(UserId),
    /// An API key, with one of its tokens.
    ApiKey(ClientId),
    /// Whoever runs the command line beside the database.
    CommandLine,
    /// `serve --dev`, which makes a demo organization.
    Demo,
    /// The server by itself.
    System,
    /// Nobody has proved who they are.
    Anonymous,
}

impl Principal {
    /// `user`, `api_key`, `cli`, `dev`, `system` or `anonymous`.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::ApiKey(_) => "api_key",
            Self::CommandLine => "cli",
            Self::Demo => "dev",
            Self::System => "system",
            Self::Anonymous => "anonymous",
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => id.fmt(f),
            Self::ApiKey(id) => id.fmt(f),
            other => f.write_str(other.kind()),
        }
    }
}

impl FromStr for Principal {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "cli" => Ok(Self::CommandLine),
            "dev" => Ok(Self::Demo),
            "system" => Ok(Self::System),
            "anonymous" => Ok(Self::Anonymous),
            _ => text
                .parse()
                .map(Self::User)
                .or_else(|_| text.parse().map(Self::ApiKey))
                .map_err(|_: Invalid| Invalid::new("actor", "invalid_actor", "must be a user's or an API key's id")),
        }
    }
}

impl Serialize for Principal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A principal and the circumstances of what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Who.
    pub principal: Principal,
    /// From where, when over the network.
    pub address: Option<IpAddr>,
    /// The request's name in the log.
    pub request_id: Option<String>,
}

impl Actor {
    /// A principal on this machine.
    pub const fn local(principal: Principal) -> Self {
        Self { principal, address: None, request_id: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_reads_back_as_it_was_written() {
        let all = [
            Principal::User(UserId::from_parts(1, 2)),
            Principal::ApiKey(ClientId::from_parts(1, 2)),
            Principal::CommandLine,
            Principal::Demo,
            Principal::System,
            Principal::Anonymous,
        ];
        for principal in all {
            assert_eq!(principal.to_string().parse::<Principal>().unwrap(), principal);
        }
        assert!("root".parse::<Principal>().is_err());
    }
}
