//! `POST /connect/token`: an API key in, an access token out.
//!
//! The order of decisions is the contract's: shape, client, address, limit, grant type, target and resource, scope.
//! When the key is in memory nothing here waits, and no lock is held across the signature.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use super::{Failures, Metrics, Uses};
use crate::crypto::digest::Pepper;
use crate::crypto::jwt::ACCESS_TOKEN_TYPE;
use crate::crypto::random;
use crate::directory::{CachedKey, Directory, LoadedKey, LookupError};
use crate::domain::api_key::AuthMethod;
use crate::domain::id::{ClientId, SecretId};
use crate::domain::key_entry::KeyEntry;
use crate::domain::time::Timestamp;
use crate::oauth::access_token::{AccessTokenClaims, AudienceClaim, PayoutLimit, scope_text};
use crate::oauth::client_auth;
use crate::oauth::error::{ClientRefusal, OAuthError};
use crate::oauth::grants::client_credentials::{self, Granted, Target};
use crate::oauth::token_request::{self, Credentials, RawTokenRequest, TokenRequest};

/// What issuing needs besides the request.
#[derive(Debug)]
pub struct TokenIssuer {
    /// The `iss` of every token.
    pub issuer: String,
    /// What requests need, in memory.
    pub directory: Arc<Directory>,
    /// What secrets are digested under.
    pub pepper: Pepper,
    /// The brake on guessing.
    pub failures: Failures,
    /// Gathers when secrets were last used.
    pub uses: Uses,
    /// Counts.
    pub metrics: Metrics,
}

/// A success as it is answered (RFC 6749 section 5.1).
#[derive(Debug, Serialize)]
pub struct IssuedToken {
    access_token: String,
    token_type: &'static str,
    expires_in: u16,
    scope: String,
    /// For the log.
    #[serde(skip)]
    pub client_id: ClientId,
}

/// A refusal, and what the log may tell of it: the id, when it has an id's form.
#[derive(Debug)]
pub struct Refusal {
    /// The error.
    pub error: OAuthError,
    /// The key that was asked for.
    pub client_id: Option<ClientId>,
    /// The cause of a fault, for the log alone.
    pub cause: Option<String>,
}

impl From<OAuthError> for Refusal {
    fn from(error: OAuthError) -> Self {
        Self { error, client_id: None, cause: None }
    }
}

impl From<LookupError> for Refusal {
    fn from(error: LookupError) -> Self {
        let (error, cause) = match error {
            LookupError::Unavailable(cause) => (OAuthError::TemporarilyUnavailable, cause),
            LookupError::Corrupt(cause) => (OAuthError::ServerError, cause),
        };
        Self { error, client_id: None, cause: Some(cause) }
    }
}

/// A client that has proved who it is.
struct AuthenticatedClient {
    key: Arc<KeyEntry>,
    secret: SecretId,
}

impl TokenIssuer {
    /// Issues a token or says why not.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn issue(&self, raw: &RawTokenRequest<'_>, address: IpAddr, now: Timestamp) -> Result<IssuedToken, Refusal> {
        let outcome = self.decide(raw, address, now).await;
        if let Err(refusal) = &outcome {
            self.metrics.token_refused(refusal.error);
        }
        outcome
    }

    async fn decide(&self, raw: &RawTokenRequest<'_>, address: IpAddr, now: Timestamp) -> Result<IssuedToken, Refusal> {
        let request = token_request::parse(raw)?;
        if !self.directory.is_fresh() {
            return Err(LookupError::Unavailable("the change feed was not read for too long".to_owned()).into());
        }
        let client = self.authenticate(&request, address, now).await?;
        let name_client = |mut refusal: Refusal| {
            refusal.client_id = Some(client.key.client_id);
            refusal
        };
        if !client.key.ip_allowlist.allows(address) {
            return Err(name_client(OAuthError::UnauthorizedClient.into()));
        }
        let token = self.grant_and_sign(&request, &client.key, now).await.map_err(name_client)?;
        self.uses.record(client.secret, now, address);
        Ok(token)
    }

    async fn authenticate(
        &self,
        request: &TokenRequest,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<AuthenticatedClient, Refusal> {
        let (client_id, secret, method) = match &request.credentials {
            Credentials::Refused(refusal) => return Err(OAuthError::InvalidClient(*refusal).into()),
            Credentials::Basic { client_id, client_secret } => (client_id, client_secret, AuthMethod::ClientSecretBasic),
            Credentials::Post { client_id, client_secret } => (client_id, client_secret, AuthMethod::ClientSecretPost),
        };
        self.failures
            .check(client_id, address)
            .map_err(|retry_after_seconds| OAuthError::TooManyFailures { retry_after_seconds })?;
        let known_id: Option<ClientId> = client_id.parse().ok();
        let outcome = match request.body_client_id.as_deref() {
            Some(other) if other != client_id.as_bytes() => Err(Attempt::Refused(ClientRefusal::OtherClientId)),
            _ => self.try_key(known_id, method, secret.as_bytes(), now).await,
        };
        outcome.map_err(|attempt| match attempt {
            Attempt::Refused(refusal) => {
                self.failures.record(client_id, address);
                Refusal { error: OAuthError::InvalidClient(refusal), client_id: known_id, cause: None }
            }
            Attempt::Fault(error) => Refusal { client_id: known_id, ..error.into() },
        })
    }

    /// Memory first. When memory knows another secret, the database is asked once more: the key may have been
    /// regenerated on another node a moment ago, and its new secret must work everywhere at once.
    async fn try_key(
        &self,
        id: Option<ClientId>,
        method: AuthMethod,
        secret: &[u8],
        now: Timestamp,
    ) -> Result<AuthenticatedClient, Attempt> {
        let Some(id) = id else { return Err(self.unknown_client(secret)) };
        let check = |key: CachedKey| {
            client_auth::authenticate(&key.entry, method, secret, &self.pepper, now)
                .map(|secret| AuthenticatedClient { key: key.entry, secret })
        };
        match self.directory.key_in_memory(id) {
            Some(Some(key)) => {
                let outdated = key.may_be_outdated();
                match check(key) {
                    Err(ClientRefusal::WrongSecret) if outdated => {}
                    outcome => return outcome.map_err(Attempt::Refused),
                }
            }
            Some(None) => return Err(self.unknown_client(secret)),
            None => {}
        }
        match self.directory.load_key(id).await.map_err(Attempt::Fault)? {
            LoadedKey::Known(key) => check(key).map_err(Attempt::Refused),
            LoadedKey::Deleted => Err(Attempt::Refused(ClientRefusal::Deleted)),
            LoadedKey::Unknown => Err(self.unknown_client(secret)),
        }
    }

    /// The work of comparing one secret, so that an unknown id costs what a wrong secret costs.
    fn unknown_client(&self, secret: &[u8]) -> Attempt {
        let digest = self.pepper.digest(b"");
        std::hint::black_box(self.pepper.matches(secret, &digest));
        Attempt::Refused(ClientRefusal::UnknownClient)
    }

    async fn grant_and_sign(&self, request: &TokenRequest, key: &KeyEntry, now: Timestamp) -> Result<IssuedToken, Refusal> {
        client_credentials::check_grant_type(request)?;
        let target = client_credentials::choose_target(request, key)?;
        if let Target::AnyAccount(account) = target {
            let owner = self.directory.organization_of_account(account).await?;
            if owner != Some(key.organization_id) {
                return Err(OAuthError::InvalidTarget("the key has no grant for this account").into());
            }
        }
        let catalogue = self.directory.catalogue();
        let granted = client_credentials::decide(request, key, target, &catalogue)?;
        self.sign(key, target, &granted, now)
    }

    fn sign(&self, key: &KeyEntry, target: Target, granted: &Granted<'_>, now: Timestamp) -> Result<IssuedToken, Refusal> {
        let fault = |cause: String| Refusal { error: OAuthError::ServerError, client_id: None, cause: Some(cause) };
        let jti = random::token_id().map_err(|error| fault(error.to_string()))?;
        let scope = scope_text(&granted.scopes);
        let expires_in = key.token_lifetime.seconds();
        let claims = AccessTokenClaims {
            iss: &self.issuer,
            sub: key.client_id,
            client_id: key.client_id,
            aud: AudienceClaim(&granted.audiences),
            iat: now.unix(),
            nbf: now.unix(),
            exp: now.plus_seconds(i64::from(expires_in)).unix(),
            jti: &jti,
            scope: &scope,
            org: key.organization_id,
            account: target.account(),
            authorization_details: key.max_payout.as_ref().map(|limit| [PayoutLimit::new(limit.as_str())]),
        };
        let keys = self.directory.signing_keys();
        let pair = keys.signer(now).ok_or_else(|| fault("there is no signing key".to_owned()))?;
        let started = Instant::now();
        let access_token = pair.sign(ACCESS_TOKEN_TYPE, &claims).map_err(|error| fault(error.to_string()))?;
        self.metrics.token_issued(started.elapsed());
        Ok(IssuedToken { access_token, token_type: "Bearer", expires_in, scope, client_id: key.client_id })
    }
}

enum Attempt {
    Refused(ClientRefusal),
    Fault(LookupError),
}
