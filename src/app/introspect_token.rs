//! `POST /connect/introspect` (RFC 7662): whether a token is live, for keys that hold `tokens:introspect`. From memory: the
//! database is asked only for keys that memory does not have.

use std::net::IpAddr;

use serde_json::Value;

use super::issue_token::{Refusal, TokenIssuer};
use super::limits::{Admission, OverLimit};
use super::live_token::NotLive;
use crate::directory::LookupError;
use crate::domain::grant::GrantTarget;
use crate::domain::id::ClientId;
use crate::domain::key_entry::KeyEntry;
use crate::domain::time::Timestamp;
use crate::oauth::client_request::RawClientRequest;
use crate::oauth::error::OAuthError;
use crate::oauth::introspection::{self, SIGNED_TYPE, SignedAnswer};
use crate::oauth::token_lookup;

/// The scope that a caller must hold.
const SCOPE: &str = "tokens:introspect";

/// What became of a request.
#[derive(Debug)]
pub struct Introspection {
    /// The answer (RFC 7662 section 2.2), or why there is none.
    pub result: Result<Answer, Refusal>,
    /// What the caller's rate plan said.
    pub admission: Option<Admission>,
}

/// What is answered, and to whom.
#[derive(Debug)]
pub struct Answer {
    /// `active` and, of a live token, its claims.
    pub body: Value,
    /// Who asks.
    pub caller: ClientId,
}

impl TokenIssuer {
    /// Says whether a token is live.
    pub async fn introspect(&self, raw: &RawClientRequest<'_>, address: IpAddr, now: Timestamp) -> Introspection {
        let refused = |refusal: Refusal| Introspection { result: Err(refusal), admission: None };
        let lookup = match token_lookup::parse(raw) {
            Ok(lookup) => lookup,
            Err(error) => return refused(error.into()),
        };
        let client = match self.identify(&lookup.client, address, now).await {
            Ok(client) => client,
            Err(refusal) => return refused(refusal),
        };
        let admission = self.limits.admit(&client.key, now).await;
        let caller = client.key.client_id;
        let result = match admission.as_ref().and_then(|admission| admission.over_limit) {
            Some(OverLimit { retry_after_seconds, .. }) => Err(OAuthError::OverPlan { retry_after_seconds }.into()),
            None => self.look_up(&client.key, lookup.token(), now).await,
        };
        self.uses.record(client.key.client_id, client.secret, now, address);
        let result = result.map(|body| Answer { body, caller }).map_err(|refusal| Refusal { client_id: Some(caller), ..refusal });
        Introspection { result, admission }
    }

    async fn look_up(&self, caller: &KeyEntry, token: Result<&[u8], OAuthError>, now: Timestamp) -> Result<Value, Refusal> {
        let catalogue = self.directory.catalogue();
        let held = caller.holding.scopes_at(GrantTarget::Organization, &catalogue);
        if !held.iter().any(|scope| scope.as_str() == SCOPE) {
            return Err(OAuthError::MissingScope.into());
        }
        let Ok(token) = std::str::from_utf8(token?) else { return Ok(introspection::answer(None)) };
        let claims = match self.live_token(token, now).await {
            Ok((token, key)) => sees(caller, &key).then_some(token.claims),
            Err(NotLive::Dead(_)) => None,
            Err(NotLive::Unavailable(error)) => return Err(unavailable(error)),
        };
        Ok(introspection::answer(claims))
    }

    /// The answer as a signed token (RFC 9701).
    ///
    /// # Errors
    /// A fault of this server.
    pub fn sign_introspection(&self, answer: &Answer, now: Timestamp) -> Result<Vec<u8>, Refusal> {
        let fault = |cause: String| Refusal { error: OAuthError::ServerError, client_id: None, cause: Some(cause) };
        let keys = self.directory.signing_keys();
        let pair = keys.signer(now).ok_or_else(|| fault("there is no signing key".to_owned()))?;
        let claims = SignedAnswer { iss: &self.issuer, aud: answer.caller, iat: now.unix(), token_introspection: &answer.body };
        let claims = serde_json::to_string(&claims).map_err(|error| fault(error.to_string()))?;
        let mut token = Vec::with_capacity(2 * claims.len());
        pair.sign_onto(SIGNED_TYPE, &claims, &mut token).map_err(|error| fault(error.to_string()))?;
        Ok(token)
    }
}

/// The platform's own keys see every token, others those of their organization.
fn sees(caller: &KeyEntry, holder: &KeyEntry) -> bool {
    caller.organization_id.is_platform() || caller.organization_id == holder.organization_id
}

pub(super) fn unavailable(error: LookupError) -> Refusal {
    error.into()
}
