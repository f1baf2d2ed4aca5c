//! What a verified access token says (RFC 9068 section 2.2), and what may be asked of it.

mod claims;

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::refusal::{Realm, Reason, Refusal};

/// A verified access token. It holds the claims, not the token, so it may be kept and logged.
#[derive(Clone, PartialEq)]
pub struct AccessToken {
    client_id: String,
    organization: Option<String>,
    account: Option<String>,
    scopes: Vec<String>,
    audience: Vec<String>,
    id: String,
    issued_at: i64,
    expires_at: i64,
    max_payout: Option<String>,
    status: Option<StatusListEntry>,
    confirmation: Option<Confirmation>,
    claims: Map<String, Value>,
    realm: Option<Arc<Realm>>,
}

/// Where a token's status stands (draft-ietf-oauth-status-list section 6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusListEntry {
    /// The place in the list.
    pub index: u64,
    /// The list.
    pub uri: String,
}

/// Whom a token is bound to (`cnf`, RFC 7800): all that is there has to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// The thumbprint of a key (`jkt`, RFC 9449 section 6.1).
    pub key_thumbprint: Option<String>,
    /// The SHA-256 of a client certificate (`x5t#S256`, RFC 8705 section 3.1).
    pub certificate_thumbprint: Option<String>,
}

/// A claim that is missing or not what it has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidClaim(pub &'static str);

impl fmt::Display for InvalidClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the claim {} is missing or not what it has to be", self.0)
    }
}

impl std::error::Error for InvalidClaim {}

impl AccessToken {
    /// Reads the claims of a token whose signature, type, issuer and times **have been verified**. [`Verifier`] does all of
    /// that; this is for an API that has the keys at hand, as the authorization server itself.
    ///
    /// [`Verifier`]: https://docs.rs/claviger-resource-server
    ///
    /// # Errors
    /// The first claim that is missing or has another form. A `cnf` or `status` that is not understood is one: whoever made
    /// the token meant a restriction.
    pub fn from_verified_claims(claims: Map<String, Value>) -> Result<Self, InvalidClaim> {
        let required = |name| claims::text(&claims, name)?.ok_or(InvalidClaim(name));
        let time = |name| claims.get(name).and_then(Value::as_i64).ok_or(InvalidClaim(name));
        required("sub")?;
        let mut scopes: Vec<String> = claims::text(&claims, "scope")?
            .map(|scope| scope.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect())
            .unwrap_or_default();
        scopes.sort_unstable();
        scopes.dedup();
        Ok(Self {
            client_id: required("client_id")?,
            organization: claims::text(&claims, "org")?,
            account: claims::text(&claims, "account")?,
            scopes,
            audience: claims::audience(&claims)?,
            id: required("jti")?,
            issued_at: time("iat")?,
            expires_at: time("exp")?,
            max_payout: claims::max_payout(&claims)?,
            status: claims::status(&claims)?,
            confirmation: claims::confirmation(&claims)?,
            claims,
            realm: None,
        })
    }

    /// The same token, whose refusals are answers of the API of this realm.
    #[must_use]
    pub fn within(self, realm: Arc<Realm>) -> Self {
        Self { realm: Some(realm), ..self }
    }

    /// The API key that the token was issued to, `key_…`.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The organization whose key it is, `org_…`.
    pub fn organization(&self) -> Option<&str> {
        self.organization.as_deref()
    }

    /// The account that the token is for, `acct_…`; none: the organization itself.
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// What was granted, in order of name. Implied scopes are among them, so no rule is needed for `write` and `read`.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.scopes.iter().map(String::as_str)
    }

    /// The token's own name, `jti`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// When it was issued, in Unix seconds.
    pub const fn issued_at(&self) -> i64 {
        self.issued_at
    }

    /// When it ends by itself, in Unix seconds.
    pub const fn expires_at(&self) -> i64 {
        self.expires_at
    }

    /// The most that one payout may be, as the key's owner wrote it, in the currency that the API applies.
    pub fn max_payout(&self) -> Option<&str> {
        self.max_payout.as_deref()
    }

    /// Where the token's status stands.
    pub const fn status(&self) -> Option<&StatusListEntry> {
        self.status.as_ref()
    }

    /// Whom the token is bound to.
    pub const fn confirmation(&self) -> Option<&Confirmation> {
        self.confirmation.as_ref()
    }

    /// Any claim.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }

    /// Whether the token names this API.
    pub fn is_for(&self, resource_server: &str) -> bool {
        self.audience.iter().any(|audience| audience == resource_server)
    }

    /// Whether this scope was granted: the same text, nothing else.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| granted == scope)
    }

    /// # Errors
    /// `403 insufficient_scope` when the scope was not granted.
    pub fn require_scope(&self, scope: &str) -> Result<(), Refusal> {
        self.require(self.has_scope(scope), || Reason::InsufficientScope(scope.to_owned()))
    }

    /// # Errors
    /// `403` when the token is for another account, or for the organization.
    pub fn require_account(&self, account: &str) -> Result<(), Refusal> {
        self.require(self.account() == Some(account), || Reason::AccountNotAllowed)
    }

    /// Compares as decimals, not as floating-point numbers.
    ///
    /// # Errors
    /// `403` when there is a limit and `amount` is above it, or is no decimal such as `55.00`.
    pub fn require_payout(&self, amount: &str) -> Result<(), Refusal> {
        let allowed =
            self.max_payout().is_none_or(|limit| match (claims::hundred_millionths(amount), claims::hundred_millionths(limit)) {
                (Some(amount), Some(limit)) => amount <= limit,
                _ => false,
            });
        self.require(allowed, || Reason::PayoutLimitExceeded)
    }

    fn require(&self, holds: bool, reason: impl FnOnce() -> Reason) -> Result<(), Refusal> {
        let came_with_proof = self.confirmation.as_ref().is_some_and(|bound| bound.key_thumbprint.is_some());
        if holds { Ok(()) } else { Err(Refusal::new(reason(), self.realm.clone()).to_proof(came_with_proof)) }
    }
}

/// Names the token and says nothing else of its claims.
impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("AccessToken");
        shown.field("client_id", &self.client_id).field("id", &self.id).field("scopes", &self.scopes).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
