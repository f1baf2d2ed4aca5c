//! Who an access token of this server stands for, for its own management API (RFC 6750, RFC 9068 section 4): signature,
//! type, issuer, times, audience; then what the key itself is now: there, enabled, its tokens not revoked, used from where
//! it may be, and still holding the token's scopes.

use std::net::IpAddr;

use serde_json::{Map, Value};

use super::caller::{Authority, Caller};
use super::issue_token::TokenIssuer;
use super::limits::Admission;
use crate::crypto::jwk::PublicJwk;
use crate::crypto::jwt::{self, Expected};
use crate::directory::{LoadedKey, LookupError};
use crate::domain::actor::Principal;
use crate::domain::catalogue::Catalogue;
use crate::domain::grant::GrantTarget;
use crate::domain::id::ClientId;
use crate::domain::key_entry::KeyEntry;
use crate::domain::scope::ScopeName;
use crate::domain::time::Timestamp;

/// Why a token is not accepted.
#[derive(Debug)]
pub enum BearerError {
    /// It is not a live token for this API; the cause is for the log.
    InvalidToken(String),
    /// The key's allowlist does not have the caller's address.
    AddressNotAllowed,
    /// Nothing can be said now.
    Unavailable(LookupError),
}

impl From<LookupError> for BearerError {
    fn from(error: LookupError) -> Self {
        Self::Unavailable(error)
    }
}

/// The identifier of this server's own API: the `aud` of tokens for it.
pub fn own_audience(issuer: &str) -> String {
    format!("{}/api", issuer.trim_end_matches('/'))
}

impl TokenIssuer {
    /// Who `token` stands for.
    ///
    /// # Errors
    /// [`BearerError`].
    pub async fn caller_of(&self, token: &str, address: IpAddr, now: Timestamp) -> Result<Caller, BearerError> {
        if !self.directory.is_fresh() {
            return Err(LookupError::Unavailable("the change feed was not read for too long".to_owned()).into());
        }
        let claims = self.verify(token, now)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let client_id: ClientId = text("sub").and_then(|id| id.parse().ok()).ok_or_else(|| invalid("sub is not an API key"))?;
        let entry = match self.directory.key_in_memory(client_id) {
            Some(LoadedKey::Known(key)) => key.entry,
            Some(_) => return Err(invalid("the API key is gone")),
            None => match self.directory.load_key(client_id).await? {
                LoadedKey::Known(key) => key.entry,
                _ => return Err(invalid("the API key is gone")),
            },
        };
        check_key(&entry, &claims, now)?;
        if !entry.ip_allowlist.allows(address) {
            return Err(BearerError::AddressNotAllowed);
        }
        let scopes = held_still(&entry, text("scope").unwrap_or_default(), &self.directory.catalogue());
        Ok(Caller {
            principal: Principal::ApiKey(client_id),
            organization_id: entry.organization_id,
            is_operator: entry.organization_id.is_platform(),
            authority: Authority::Token { scopes },
        })
    }

    /// Counts a request of the key that calls; `None`: it has no limits.
    pub async fn admit(&self, client_id: ClientId, now: Timestamp) -> Option<Admission> {
        let known = match self.directory.key_in_memory(client_id) {
            None => self.directory.load_key(client_id).await.ok()?,
            Some(known) => known,
        };
        match known {
            LoadedKey::Known(key) => self.limits.admit(&key.entry, now).await,
            LoadedKey::Deleted | LoadedKey::Unknown => None,
        }
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<Map<String, Value>, BearerError> {
        let keys = self.directory.signing_keys();
        let published: Vec<PublicJwk> = keys.published(now).map(|pair| pair.public_jwk().clone()).collect();
        let verified = jwt::verify(token, &published, &Expected::access_token(&self.issuer), now)
            .map_err(|error| invalid(&error.to_string()))?;
        let own = own_audience(&self.issuer);
        let is_for_us = match verified.claims.get("aud") {
            Some(Value::String(audience)) => *audience == own,
            Some(Value::Array(all)) => all.iter().any(|audience| audience.as_str() == Some(&own)),
            _ => false,
        };
        if is_for_us { Ok(verified.claims) } else { Err(invalid("aud does not name this API")) }
    }
}

/// The scopes of the token that the key holds to this day.
fn held_still(key: &KeyEntry, scopes: &str, catalogue: &Catalogue) -> Vec<ScopeName> {
    let held = key.holding.scopes_at(GrantTarget::Organization, catalogue);
    scopes.split(' ').filter_map(|scope| scope.parse().ok()).filter(|scope| held.contains(&scope)).collect()
}

fn invalid(cause: &str) -> BearerError {
    BearerError::InvalidToken(cause.to_owned())
}

fn check_key(key: &KeyEntry, claims: &Map<String, Value>, now: Timestamp) -> Result<(), BearerError> {
    if key.disabled {
        return Err(invalid("the API key is disabled"));
    }
    if key.expires_at.is_some_and(|at| at <= now) {
        return Err(invalid("the API key has expired"));
    }
    let issued_at = claims.get("iat").and_then(Value::as_i64).ok_or_else(|| invalid("iat is missing"))?;
    if key.tokens_revoked_at.is_some_and(|at| issued_at <= at.unix()) {
        return Err(invalid("the API key's tokens were revoked"));
    }
    if claims.get("org").and_then(Value::as_str) != Some(&key.organization_id.to_string()) {
        return Err(invalid("org is not the API key's organization"));
    }
    Ok(())
}
