//! The claims of an access token (RFC 9068 section 2.2, RFC 9396 section 9.1).

use serde::{Serialize, Serializer};

use crate::domain::id::{AccountId, ClientId, OrganizationId};
use crate::domain::resource_server::Audience;
use crate::domain::scope::ScopeName;

/// The claims, in the order in which they are written. No secret, address or person is among them.
#[derive(Debug, Serialize)]
pub struct AccessTokenClaims<'a> {
    /// The issuer, byte for byte as configured.
    pub iss: &'a str,
    /// The key.
    pub sub: ClientId,
    /// The key again: RFC 9068 requires both.
    pub client_id: ClientId,
    /// The resource servers of the scopes: a string when one, an array when several.
    pub aud: AudienceClaim<'a>,
    /// Unix seconds.
    pub iat: i64,
    /// Unix seconds.
    pub nbf: i64,
    /// Unix seconds.
    pub exp: i64,
    /// 128 random bits.
    pub jti: &'a str,
    /// Space-separated, in order of name.
    pub scope: &'a str,
    /// Whose key it is.
    pub org: OrganizationId,
    /// The account that the token is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The key's payout limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_details: Option<[PayoutLimit<'a>; 1]>,
}

/// `aud`.
#[derive(Debug)]
pub struct AudienceClaim<'a>(pub &'a [&'a Audience]);

impl Serialize for AudienceClaim<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            [one] => one.serialize(serializer),
            several => several.serialize(serializer),
        }
    }
}

/// The authorization detail of a key with a payout limit.
#[derive(Debug, Serialize)]
pub struct PayoutLimit<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    max_amount: &'a str,
}

impl<'a> PayoutLimit<'a> {
    /// The limit as the key has it.
    pub const fn new(max_amount: &'a str) -> Self {
        Self { kind: "payout_limit", max_amount }
    }
}

/// The `scope` claim and response member.
pub fn scope_text(scopes: &[&ScopeName]) -> String {
    let mut text = String::with_capacity(scopes.iter().map(|s| s.as_str().len() + 1).sum());
    for scope in scopes {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(scope.as_str());
    }
    text
}
