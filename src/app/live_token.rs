//! Whether an access token of this server is live, on all levels: signature, type, issuer and times; the signing key, which
//! may have been revoked; this very token; the key that it was issued to, which must be there, enabled, not expired and its
//! tokens not revoked since, which ends the epoch that they belong to. Management API, introspection and revocation take the same verdict.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::issue_token::TokenIssuer;
use crate::crypto::jwt;
use crate::directory::{LoadedKey, LookupError};
use crate::domain::id::ClientId;
use crate::domain::key_entry::KeyEntry;
use crate::domain::time::Timestamp;
use crate::domain::token_id::TokenId;
use crate::oauth::status_list::epoch_of;

/// A token of this server that has not ended by itself.
pub(super) struct OwnToken {
    /// Its claims.
    pub(super) claims: Map<String, Value>,
    /// To which key it was issued.
    pub(super) client_id: ClientId,
    /// Its name.
    pub(super) id: TokenId,
}

impl OwnToken {
    /// A claim, when it is text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }

    /// When it ends by itself.
    pub(super) fn expires_at(&self) -> Option<Timestamp> {
        self.claims.get("exp").and_then(Value::as_i64).map(Timestamp::from_unix)
    }
}

/// Why a token is not live.
#[derive(Debug)]
pub(super) enum NotLive {
    /// It is dead, or never was one; the cause is for the log.
    Dead(String),
    /// Nothing can be said now.
    Unavailable(LookupError),
}

impl From<LookupError> for NotLive {
    fn from(error: LookupError) -> Self {
        Self::Unavailable(error)
    }
}

pub(super) fn dead(cause: impl ToString) -> NotLive {
    NotLive::Dead(cause.to_string())
}

impl TokenIssuer {
    /// The token, when this server has issued it and it has not ended by itself.
    ///
    /// # Errors
    /// [`NotLive::Dead`].
    pub(super) fn own_token(&self, token: &str, now: Timestamp) -> Result<OwnToken, NotLive> {
        let keys = self.directory.signing_keys();
        let published = keys.published(now).map(|pair| &**pair);
        let claims = jwt::verify_own(token, published, &self.issuer, now).map_err(dead)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let client_id = text("sub").and_then(|id| id.parse().ok()).ok_or_else(|| dead("sub is not an API key"))?;
        let id = text("jti").and_then(|id| id.parse().ok()).ok_or_else(|| dead("jti is not one of this server"))?;
        Ok(OwnToken { claims, client_id, id })
    }

    /// The token and the key that it was issued to, when it is live.
    ///
    /// # Errors
    /// [`NotLive`].
    pub(super) async fn live_token(&self, token: &str, now: Timestamp) -> Result<(OwnToken, Arc<KeyEntry>), NotLive> {
        if !self.directory.is_fresh() {
            return Err(LookupError::Unavailable("the change feed was not read for too long".to_owned()).into());
        }
        let own = self.own_token(token, now)?;
        if self.directory.is_token_revoked(own.id) {
            return Err(dead("the token was revoked"));
        }
        let known = match self.directory.key_in_memory(own.client_id) {
            Some(known) if !(known.may_be_outdated() && is_news(&known, &own, now)) => known,
            _ => self.directory.load_key(own.client_id).await?,
        };
        let LoadedKey::Known(key) = known else { return Err(dead("the API key is gone")) };
        check_key(&key.entry, &own, now)?;
        Ok((own, key.entry))
    }
}

/// For how long after it was issued a token may be of an epoch that this node has not heard of: twice what it takes.
const NEWS_SECONDS: i64 = 2;

/// Whether another node issued the token a moment ago, for a key or an epoch that it made just before. Nobody can make this
/// up: the token is signed.
fn is_news(known: &LoadedKey, token: &OwnToken, now: Timestamp) -> bool {
    let issued_at = token.claims.get("iat").and_then(Value::as_i64);
    let is_fresh = issued_at.is_some_and(|at| now.unix().saturating_sub(at) <= NEWS_SECONDS);
    is_fresh
        && match known {
            LoadedKey::Known(key) => epoch_of(&token.claims).is_some_and(|epoch| key.entry.epoch != Some(epoch)),
            LoadedKey::Absent(_) => true,
        }
}

fn check_key(key: &KeyEntry, token: &OwnToken, now: Timestamp) -> Result<(), NotLive> {
    if key.disabled {
        return Err(dead("the API key is disabled"));
    }
    if key.expires_at.is_some_and(|at| at <= now) {
        return Err(dead("the API key has expired"));
    }
    let issued_at = token.claims.get("iat").and_then(Value::as_i64).ok_or_else(|| dead("iat is missing"))?;
    let revoked_at = key.tokens_revoked_at.map(Timestamp::unix);
    let is_revoked = match epoch_of(&token.claims) {
        // A node of an earlier version revokes without an end of the epoch; this second's tokens may be of the next.
        Some(epoch) => key.epoch != Some(epoch) || revoked_at.is_some_and(|at| issued_at < at),
        // Issued before there were epochs.
        None => revoked_at.is_some_and(|at| issued_at <= at),
    };
    if is_revoked {
        return Err(dead("the API key's tokens were revoked"));
    }
    if token.text("org") != Some(&key.organization_id.to_string()) {
        return Err(dead("org is not the API key's organization"));
    }
    Ok(())
}
