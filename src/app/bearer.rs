//! Who an access token of this server stands for, for its own management API (RFC 6750, RFC 9068 section 4): a live token,
//! meant for this API, used from where its key may be, with the scopes that the key still holds.

use std::net::IpAddr;

use claviger_resource_server::AccessToken;

use super::caller::{Authority, Caller};
use super::issue_token::TokenIssuer;
use super::limits::Admission;
use super::live_token::NotLive;
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

impl From<NotLive> for BearerError {
    fn from(why: NotLive) -> Self {
        match why {
            NotLive::Dead(cause) => Self::InvalidToken(cause),
            NotLive::Unavailable(error) => Self::Unavailable(error),
        }
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
        let (own, key) = self.live_token(token, now).await?;
        let token = AccessToken::from_verified_claims(own.claims).map_err(|why| BearerError::InvalidToken(why.to_string()))?;
        if !token.is_for(&own_audience(&self.issuer)) {
            return Err(BearerError::InvalidToken("aud does not name this API".to_owned()));
        }
        if token.confirmation().is_some() {
            return Err(BearerError::InvalidToken("the token is bound, and was sent as a bearer token".to_owned()));
        }
        if !key.ip_allowlist.allows(address) {
            return Err(BearerError::AddressNotAllowed);
        }
        let scopes = held_still(&key, &token, &self.directory.catalogue());
        Ok(Caller {
            principal: Principal::ApiKey(own.client_id),
            organization_id: key.organization_id,
            is_operator: key.organization_id.is_platform(),
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
            LoadedKey::Absent(_) => None,
        }
    }
}

/// The scopes of the token that the key holds to this day.
fn held_still(key: &KeyEntry, token: &AccessToken, catalogue: &Catalogue) -> Vec<ScopeName> {
    let held = key.holding.scopes_at(GrantTarget::Organization, catalogue);
    token.scopes().filter_map(|scope| scope.parse().ok()).filter(|scope| held.contains(&scope)).collect()
}
