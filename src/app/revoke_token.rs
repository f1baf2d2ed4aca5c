//! `POST /connect/revocation` (RFC 7009): ends one token before its time. The token is a JWT and lives on at verifiers that
//! never ask; at introspection and at this server's own API it is dead when the answer leaves, on other nodes within a
//! second.

use std::net::IpAddr;
use std::sync::Arc;

use super::introspect_token::unavailable;
use super::issue_token::{Refusal, TokenIssuer};
use super::limits::{Admission, OverLimit};
use super::live_token::{NotLive, OwnToken};
use super::{AppError, Management};
use crate::directory::LookupError;
use crate::domain::actor::{Actor, Principal};
use crate::domain::audit_event::AuditEntry;
use crate::domain::key_entry::KeyEntry;
use crate::domain::time::Timestamp;
use crate::oauth::client_request::RawClientRequest;
use crate::oauth::error::OAuthError;
use crate::oauth::token_lookup;
use crate::store::revoked_tokens;

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
    pub async fn revoke(
        &self,
        management: &Arc<Management>,
        raw: &RawClientRequest<'_>,
        address: IpAddr,
        request_id: &str,
        now: Timestamp,
    ) -> Revocation {
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
            (None, Ok(token)) => self.end_token(management, &client.key, token, actor, now).await,
        };
        self.uses.record(client.key.client_id, client.secret, now, address);
        Revocation { result: result.map_err(|refusal| Refusal { client_id: Some(caller), ..refusal }), admission }
    }

    async fn end_token(
        &self,
        management: &Arc<Management>,
        caller: &KeyEntry,
        token: &[u8],
        actor: Actor,
        now: Timestamp,
    ) -> Result<(), Refusal> {
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
        let (management, organization_id) = (Arc::clone(management), caller.organization_id);
        let write = move || {
            let OwnToken { id, client_id, .. } = token;
            management.change(&actor, |work| {
                revoked_tokens::insert(work.transaction, id, client_id, work.now, expires_at)?;
                work.audit(AuditEntry::done("token.revoked", Some(organization_id), client_id));
                Ok::<(), AppError>(())
            })
        };
        let written = tokio::task::spawn_blocking(write).await;
        let written = written.unwrap_or_else(|error| Err(AppError::Conflict(error.to_string())));
        written.map_err(|error| unavailable(LookupError::Unavailable(error.to_string())))
    }
}
