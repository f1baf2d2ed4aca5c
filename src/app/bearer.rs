//! Who an access token of this server stands for, for its own management API (RFC 6750, RFC 9068 section 4): a live token,
//! meant for this API, used from where its key may be, with the scopes that the key still holds. One that is bound to a key
//! comes with a proof by that key (RFC 9449 section 7), one that is bound to a certificate by a connection with that (RFC 8705
//! section 3), and is worth nothing without.

use std::net::IpAddr;

use claviger_resource_server::AccessToken;

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
use crate::domain::profile::Profile;
use crate::domain::scope::ScopeName;
use crate::domain::time::Timestamp;
use crate::oauth::binding::Binding;
use crate::oauth::dpop::{Proof, ProofRefused, ProvenRequest};

/// An access token, and how it came along.
#[derive(Clone, Copy, Debug)]
pub enum PresentedToken<'a> {
    /// By `Authorization: Bearer`, with the thumbprint of the certificate that the connection was made with.
    Bearer(&'a str, Option<&'a str>),
    /// By `Authorization: DPoP`, with the request that a proof is to be about.
    Dpop(&'a str, ProvenRequest<'a>),
}

/// Why a token is not accepted.
#[derive(Debug)]
pub enum BearerError {
    /// It is not a live token for this API; the cause is for the log.
    InvalidToken(String),
    /// It is bound to a key and came without a proof, or with one by another; the cause is for the log. With what proofs are
    /// held to.
    WrongBinding(&'static str, Profile),
    /// Its proof does not hold; with what it is held to.
    Proof(ProofRefused, Profile),
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
        let (PresentedToken::Bearer(token, _) | PresentedToken::Dpop(token, _)) = *presented;
        let (own, key) = self.live_token(token, now).await?;
        let (binding, profile) = (Binding::of(&own.claims), self.profile_for(&key));
        if binding == Some(Binding::None) && (key.require_bound_tokens || profile.requires_bound_tokens()) {
            return Err(BearerError::WrongBinding("the token is from before its key's tokens had to be bound", profile));
        }
        self.check_binding(presented, binding, profile, now).await?;
        let token = AccessToken::from_verified_claims(own.claims).map_err(|why| BearerError::InvalidToken(why.to_string()))?;
        let (audience, catalogue) = (own_audience(&self.issuer), self.directory.catalogue());
        let is_for_this_api = token.is_for(&audience);
        // A token for another API is none for this one (RFC 9068 section 4), and its client can get the right one. When the
        // key holds nothing here no token helps: told that its token is invalid, it would take the next one and come again.
        if !is_for_this_api && holds_some(&key, &audience, &catalogue) {
            return Err(BearerError::InvalidToken("aud does not name this API".to_owned()));
        }
        if !key.ip_allowlist.allows(address) {
            return Err(BearerError::AddressNotAllowed);
        }
        let scopes = if is_for_this_api { held_still(&key, &token, &catalogue) } else { Vec::new() };
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
        profile: Profile,
        now: Timestamp,
    ) -> Result<(), BearerError> {
        match (presented, binding) {
            (PresentedToken::Bearer(..), Some(Binding::None)) => Ok(()),
            // RFC 8705 section 3: the error of a bearer token.
            (PresentedToken::Bearer(_, certificate), Some(Binding::Certificate(thumbprint))) => match certificate {
                Some(presented) if *presented == thumbprint => Ok(()),
                Some(_) => Err(BearerError::InvalidToken("the token is bound to another certificate".to_owned())),
                None => Err(BearerError::InvalidToken("the token is bound to a certificate and came without".to_owned())),
            },
            (PresentedToken::Dpop(_, request), Some(Binding::Dpop(jkt))) => {
                let proof = self.proofs.check(request, profile, now).map_err(|why| BearerError::Proof(why, profile))?;
                if proof.jkt != jkt {
                    return Err(BearerError::WrongBinding("the proof is by another key than the token's", profile));
                }
                self.use_proof(&proof, profile).await
            }
            (PresentedToken::Bearer(..), _) => Err(BearerError::WrongBinding("a bound token came as a bearer token", profile)),
            (PresentedToken::Dpop(..), _) => Err(BearerError::WrongBinding("the token is not bound to a key of proofs", profile)),
        }
    }

    async fn use_proof(&self, proof: &Proof, profile: Profile) -> Result<(), BearerError> {
        match self.is_first_use(proof).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(BearerError::Proof(ProofRefused::Invalid(USED_BEFORE), profile)),
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

/// Whether the key holds any scope of that API.
fn holds_some(key: &KeyEntry, audience: &str, catalogue: &Catalogue) -> bool {
    let held = key.holding.scopes_at(GrantTarget::Organization, catalogue);
    held.iter().any(|scope| catalogue.audience_of(scope).is_some_and(|its| its.as_str() == audience))
}

/// The scopes of the token that the key holds to this day.
fn held_still(key: &KeyEntry, token: &AccessToken, catalogue: &Catalogue) -> Vec<ScopeName> {
    let held = key.holding.scopes_at(GrantTarget::Organization, catalogue);
    token.scopes().filter_map(|scope| scope.parse().ok()).filter(|scope| held.contains(&scope)).collect()
}
