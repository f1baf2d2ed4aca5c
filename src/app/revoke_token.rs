//! `POST /connect/revocation` (RFC 7009): ends one token before its time. The token is a JWT and lives on at verifiers that
//! never ask; at introspection and at this server's own API it is dead when the answer leaves, on other nodes within a
//! second.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::introspect_token::unavailable;
use super::issue_token::{Refusal, TokenIssuer};
use super::limits::{Admission, OverLimit};
use super::live_token::NotLive;
use super::together::{Bounds, Together, Written};
use super::{AppError, Management, audit};
use crate::directory::LookupError;
use crate::domain::actor::{Actor, Principal};
use crate::domain::audit_event::{AuditEntry, AuditEvent};
use crate::domain::key_entry::KeyEntry;
use crate::domain::time::Timestamp;
use crate::oauth::client_request::RawClientRequest;
use crate::oauth::error::OAuthError;
use crate::oauth::token_lookup;
use crate::store::revoked_tokens::{self, RevokedToken};

/// A revocation is done even if whoever asked for it has hung up. It waits for as long as a statement may take.
const BOUNDS: Bounds = Bounds { at_once: 128, waiting: 10_000, wait: Duration::from_secs(5), keeps_abandoned: true };

/// Writes revocations down, those that come at the same time in one transaction.
#[derive(Debug)]
pub struct Revocations(Arc<Together<(RevokedToken, AuditEvent), ()>>);

impl Revocations {
    /// Written by that management.
    pub fn new(management: Arc<Management>) -> Self {
        Self(Arc::new(Together::new(BOUNDS, move |all| write(&management, all))))
    }
}

fn write(management: &Management, all: Vec<(RevokedToken, AuditEvent)>) -> Vec<Written<()>> {
    let count = all.len();
    let (tokens, events): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    let written = management.record_with(events, |transaction| revoked_tokens::insert(transaction, &tokens));
    let written = written.map_err(|error| LookupError::Unavailable(error.to_string()));
    vec![written; count]
}

/// What became of a request.
#[derive(Debug)]
pub struct Revocation {
    /// Done, or nothing to do (RFC 7009 section 2.2); or why not.
    pub result: Result<(), Refusal>,
    /// What the caller's rate plan said.
    pub admission: Option<Admission>,
}

impl TokenIssuer {
    /// Revokes a token of the key that asks.
    pub async fn revoke(&self, raw: &RawClientRequest<'_>, address: IpAddr, request_id: &str, now: Timestamp) -> Revocation {
        let refused = |refusal: Refusal| Revocation { result: Err(refusal), admission: None };
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
        let actor =
            Actor { principal: Principal::ApiKey(caller), address: Some(address), request_id: Some(request_id.to_owned()) };
        let result = match (admission.as_ref().and_then(|admission| admission.over_limit), lookup.token()) {
            (Some(OverLimit { retry_after_seconds, .. }), _) => Err(OAuthError::OverPlan { retry_after_seconds }.into()),
            (None, Err(error)) => Err(error.into()),
            (None, Ok(token)) => self.end_token(&client.key, token, actor, now).await,
        };
        self.uses.record(client.key.client_id, client.secret, now, address);
        Revocation { result: result.map_err(|refusal| Refusal { client_id: Some(caller), ..refusal }), admission }
    }

    async fn end_token(&self, caller: &KeyEntry, token: &[u8], actor: Actor, now: Timestamp) -> Result<(), Refusal> {
        // What is no token of this server, or has ended, needs no revocation: the purpose is achieved.
        let token = match std::str::from_utf8(token).map(|text| self.own_token(text, now)) {
            Ok(Ok(token)) => token,
            Ok(Err(NotLive::Dead(_))) | Err(_) => return Ok(()),
            Ok(Err(NotLive::Unavailable(error))) => return Err(unavailable(error)),
        };
        if token.client_id != caller.client_id {
            return Err(OAuthError::OtherClientsToken.into());
        }
        let Some(expires_at) = token.expires_at() else { return Ok(()) };
        let client_id = token.client_id;
        let entry = AuditEntry::done("token.revoked", Some(caller.organization_id), client_id);
        let event =
            audit::event(actor, entry).map_err(|error: AppError| unavailable(LookupError::Unavailable(error.to_string())))?;
        let revoked = RevokedToken { id: token.id, client_id, revoked_at: now, expires_at };
        self.revocations.0.write((revoked, event)).await.map_err(unavailable)
    }
}
