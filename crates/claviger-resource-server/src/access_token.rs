//! What a verified access token says (RFC 9068 section 2.2), and what may be asked of it.

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
        let required = |name| text(&claims, name)?.ok_or(InvalidClaim(name));
        let time = |name| claims.get(name).and_then(Value::as_i64).ok_or(InvalidClaim(name));
        required("sub")?;
        let mut scopes: Vec<String> = text(&claims, "scope")?
            .map(|scope| scope.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect())
            .unwrap_or_default();
        scopes.sort_unstable();
        scopes.dedup();
        Ok(Self {
            client_id: required("client_id")?,
            organization: text(&claims, "org")?,
            account: text(&claims, "account")?,
            scopes,
            audience: audience(&claims)?,
            id: required("jti")?,
            issued_at: time("iat")?,
            expires_at: time("exp")?,
            max_payout: max_payout(&claims)?,
            status: status(&claims)?,
            confirmation: confirmation(&claims)?,
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
        let allowed = self.max_payout().is_none_or(|limit| match (hundred_millionths(amount), hundred_millionths(limit)) {
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

/// A claim that is text, when it is there.
fn text(claims: &Map<String, Value>, name: &'static str) -> Result<Option<String>, InvalidClaim> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(InvalidClaim(name)),
    }
}

fn audience(claims: &Map<String, Value>) -> Result<Vec<String>, InvalidClaim> {
    let all = match claims.get("aud") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(several)) => several
            .iter()
            .map(|audience| audience.as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .ok_or(InvalidClaim("aud"))?,
        _ => Vec::new(),
    };
    if all.is_empty() { Err(InvalidClaim("aud")) } else { Ok(all) }
}

/// The one authorization detail of type `payout_limit` (RFC 9396 section 9.1).
fn max_payout(claims: &Map<String, Value>) -> Result<Option<String>, InvalidClaim> {
    const NAME: &str = "authorization_details";
    let Some(details) = claims.get(NAME) else { return Ok(None) };
    let details = details.as_array().ok_or(InvalidClaim(NAME))?;
    let mut limits = details.iter().filter(|detail| detail.get("type").and_then(Value::as_str) == Some("payout_limit"));
    let Some(limit) = limits.next() else { return Ok(None) };
    let amount = limit.get("max_amount").and_then(Value::as_str).filter(|amount| hundred_millionths(amount).is_some());
    match (amount, limits.next()) {
        (Some(amount), None) => Ok(Some(amount.to_owned())),
        // Which of two is meant can't be known.
        _ => Err(InvalidClaim(NAME)),
    }
}

fn status(claims: &Map<String, Value>) -> Result<Option<StatusListEntry>, InvalidClaim> {
    let Some(status) = claims.get("status") else { return Ok(None) };
    let entry = status.get("status_list").ok_or(InvalidClaim("status"))?;
    match (entry.get("idx").and_then(Value::as_u64), entry.get("uri").and_then(Value::as_str)) {
        (Some(index), Some(uri)) => Ok(Some(StatusListEntry { index, uri: uri.to_owned() })),
        _ => Err(InvalidClaim("status")),
    }
}

fn confirmation(claims: &Map<String, Value>) -> Result<Option<Confirmation>, InvalidClaim> {
    let Some(cnf) = claims.get("cnf") else { return Ok(None) };
    let members = cnf.as_object().filter(|members| !members.is_empty()).ok_or(InvalidClaim("cnf"))?;
    if members.iter().any(|(name, value)| !matches!(name.as_str(), "jkt" | "x5t#S256") || !value.is_string()) {
        return Err(InvalidClaim("cnf"));
    }
    let member = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
    Ok(Some(Confirmation { key_thumbprint: member("jkt"), certificate_thumbprint: member("x5t#S256") }))
}

/// A decimal of at most 15 digits before and 8 after the point, in units of its last place.
fn hundred_millionths(decimal: &str) -> Option<u128> {
    const PLACES: usize = 8;
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, "0"));
    let is_number = |text: &str, most: usize| (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole, 15) || !is_number(fraction, PLACES) {
        return None;
    }
    format!("{whole}{fraction:0<PLACES$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(changes: Value) -> Map<String, Value> {
        let mut claims = json!({
            "iss": "https://i.example", "sub": "key_1", "client_id": "key_1", "aud": "https://a.example", "iat": 1, "nbf": 1,
            "exp": 3601, "jti": "j", "scope": "b a:read a:write", "org": "org_1"
        });
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        claims.as_object().unwrap().clone()
    }

    fn token(changes: Value) -> AccessToken {
        AccessToken::from_verified_claims(claims(changes)).unwrap()
    }

    #[test]
    fn the_claims_are_read() {
        let full = token(json!({
            "aud": ["https://a.example", "https://b.example"], "account": "acct_1",
            "authorization_details": [{"type": "other"}, {"type": "payout_limit", "max_amount": "55.00"}],
            "status": {"status_list": {"idx": 7, "uri": "https://i.example/l/1"}},
            "cnf": {"jkt": "t"},
        }));
        assert_eq!((full.client_id(), full.organization(), full.account()), ("key_1", Some("org_1"), Some("acct_1")));
        assert_eq!(full.scopes().collect::<Vec<_>>(), ["a:read", "a:write", "b"]);
        assert_eq!((full.id(), full.issued_at(), full.expires_at(), full.max_payout()), ("j", 1, 3601, Some("55.00")));
        assert!(full.is_for("https://b.example") && !full.is_for("https://c.example"));
        assert_eq!(full.status().unwrap(), &StatusListEntry { index: 7, uri: "https://i.example/l/1".into() });
        assert_eq!(full.confirmation().unwrap().key_thumbprint.as_deref(), Some("t"));
        let plain = token(json!({"scope": null, "org": null}));
        assert_eq!((plain.scopes().count(), plain.account(), plain.organization()), (0, None, None));
        assert_eq!(format!("{plain:?}"), r#"AccessToken { client_id: "key_1", id: "j", scopes: [], .. }"#);
    }

    #[test]
    fn rs3_claims_of_another_form_are_refused() {
        for (name, value) in [
            ("sub", json!(null)),
            ("client_id", json!(null)),
            ("client_id", json!(1)),
            ("aud", json!(null)),
            ("aud", json!([])),
            ("aud", json!([1])),
            ("aud", json!({"https://a.example": 1})),
            ("jti", json!(null)),
            ("iat", json!("1")),
            ("exp", json!("3601")),
            ("exp", json!(1.5)),
            ("scope", json!(["a:read"])),
            ("account", json!(1)),
            ("authorization_details", json!({"type": "payout_limit"})),
            ("authorization_details", json!([{"type": "payout_limit"}])),
            ("authorization_details", json!([{"type": "payout_limit", "max_amount": 55}])),
            (
                "authorization_details",
                json!([{"type": "payout_limit", "max_amount": "1"}, {"type": "payout_limit", "max_amount": "2"}]),
            ),
            ("status", json!({"other_list": {}})),
            ("status", json!({"status_list": {"idx": -1, "uri": "x"}})),
            ("status", json!({"status_list": {"idx": 1}})),
            ("cnf", json!({})),
            ("cnf", json!("x")),
            ("cnf", json!({"jkt": 1})),
            ("cnf", json!({"jkt": "x", "kid": "y"})),
        ] {
            assert_eq!(
                AccessToken::from_verified_claims(claims(json!({name: value}))),
                Err(InvalidClaim(name)),
                "{name} {value}"
            );
        }
    }

    #[test]
    fn sc3_a_scope_is_the_same_text_or_none() {
        let token = token(json!({}));
        token.require_scope("a:read").unwrap();
        for scope in ["A:read", "a", "a:", "a:read ", "a:*", "", "a:read b"] {
            let refused = token.require_scope(scope).unwrap_err();
            assert_eq!((refused.status(), refused.code()), (403, "insufficient_scope"), "{scope:?}");
        }
    }

    #[test]
    fn an_account_is_that_account_alone() {
        let of_account = token(json!({"account": "acct_1"}));
        of_account.require_account("acct_1").unwrap();
        assert_eq!(of_account.require_account("acct_2").unwrap_err().code(), "account_not_allowed");
        assert_eq!(token(json!({})).require_account("acct_1").unwrap_err().status(), 403);
    }

    #[test]
    fn amounts_are_compared_as_decimals() {
        let limited = |limit: &str| token(json!({"authorization_details": [{"type": "payout_limit", "max_amount": limit}]}));
        let limit = limited("55.10");
        for good in ["0", "55", "55.1", "55.10", "55.10000000", "007"] {
            limit.require_payout(good).unwrap();
        }
        for bad in ["55.11", "55.10000001", "100", "", "-1", "1e1", "1.", ".5", "55,0", " 5", "NaN", "1234567890123456"] {
            assert_eq!(limit.require_payout(bad).unwrap_err().code(), "payout_limit_exceeded", "{bad:?}");
        }
        token(json!({})).require_payout("999999999999999").unwrap();
    }
}
