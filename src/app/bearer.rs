//! Who an access token of this server stands for, for its own management API (RFC 6750, RFC 9068 section 4): a live token,
//! meant for this API, used from where its key may be, with the scopes that the key still holds. One that is bound to a key
//! comes with a proof by that key (RFC 9449 section 7), and is worth nothing without it.

use std::net::IpAddr;

use serde_json::Value;

use super::caller::{Authority, Caller};
use super::dpop::USED_BEFORE;
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
use crate::oauth::binding::Binding;
use crate::oauth::dpop::{Proof, ProofRefused, ProvenRequest};

/// An access token, and how it came along.
#[derive(Clone, Copy, Debug)]
pub enum PresentedToken<'a> {
    /// By `Authorization: Bearer`.
    Bearer(&'a str),
    /// By `Authorization: DPoP`, with the request that a proof is to be about.
    Dpop(&'a str, ProvenRequest<'a>),
}

/// Why a token is not accepted.
#[derive(Debug)]
pub enum BearerError {
    /// It is not a live token for this API; the cause is for the log.
    InvalidToken(String),
    /// It is bound to a key and came without a proof, or with one by another; the cause is for the log.
    WrongBinding(&'static str),
    /// Its proof does not hold.
    Proof(ProofRefused),
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
    /// Who a token stands for.
    ///
    /// # Errors
    /// [`BearerError`].
    pub async fn caller_of(
        &self,
        presented: &PresentedToken<'_>,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<Caller, BearerError> {
        let (PresentedToken::Bearer(token) | PresentedToken::Dpop(token, _)) = *presented;
        let (own, key) = self.live_token(token, now).await?;
        self.check_binding(presented, Binding::of(&own.claims), now).await?;
        if !is_for(&own_audience(&self.issuer), own.claims.get("aud")) {
            return Err(BearerError::InvalidToken("aud does not name this API".to_owned()));
        }
        if !key.ip_allowlist.allows(address) {
            return Err(BearerError::AddressNotAllowed);
        }
        let scopes = held_still(&key, own.text("scope").unwrap_or_default(), &self.directory.catalogue());
        Ok(Caller {
            principal: Principal::ApiKey(own.client_id),
            organization_id: key.organization_id,
            is_operator: key.organization_id.is_platform(),
            authority: Authority::Token { scopes },
        })
    }

    /// Whether a token came as it has to: a bound one with a proof by its key, another one without.
    async fn check_binding(
        &self,
        presented: &PresentedToken<'_>,
        binding: Option<Binding>,
        now: Timestamp,
    ) -> Result<(), BearerError> {
        match (presented, binding) {
            (PresentedToken::Bearer(_), Some(Binding::None)) => Ok(()),
            (PresentedToken::Dpop(_, request), Some(Binding::Dpop(jkt))) => {
                let proof = self.proofs.check(request, now).map_err(BearerError::Proof)?;
                if proof.jkt != jkt {
                    return Err(BearerError::WrongBinding("the proof is by another key than the token's"));
                }
                self.use_proof(&proof).await
            }
            (PresentedToken::Bearer(_), _) => Err(BearerError::WrongBinding("a bound token came as a bearer token")),
            (PresentedToken::Dpop(..), _) => Err(BearerError::WrongBinding("the token is not bound to a key of proofs")),
        }
    }

    async fn use_proof(&self, proof: &Proof) -> Result<(), BearerError> {
        match self.is_first_use(proof).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(BearerError::Proof(ProofRefused::Invalid(USED_BEFORE))),
            Err(error) => Err(BearerError::Unavailable(error)),
        }
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

/// Whether `aud` names this API.
fn is_for(own: &str, audience: Option<&Value>) -> bool {
    match audience {
        Some(Value::String(audience)) => audience == own,
        Some(Value::Array(all)) => all.iter().any(|audience| audience.as_str() == Some(own)),
        _ => false,
    }
}

/// The scopes of the token that the key holds to this day.
fn held_still(key: &KeyEntry, scopes: &str, catalogue: &Catalogue) -> Vec<ScopeName> {
    let held = key.holding.scopes_at(GrantTarget::Organization, catalogue);
    scopes.split(' ').filter_map(|scope| scope.parse().ok()).filter(|scope| held.contains(&scope)).collect()
}
