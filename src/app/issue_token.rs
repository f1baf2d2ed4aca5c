//! `POST /connect/token`: an API key in, an access token out.
//!
//! The order of decisions is the contract's: shape, client, address, limit, grant type, target and resource, scope.
//! When the key is in memory nothing here waits, and no lock is held across the signature.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use super::authenticate_client::AuthenticatedClient;
use super::dpop::Possession;
use super::key_epochs;
use super::limits::{Admission, OverLimit, RateLimiter};
use super::refusals::{RefusalKind, Refusals, TOKEN_REFUSED};
use super::status_lists::StatusDocuments;
use super::usage_counts::UsageCounts;
use super::{ClientKeys, Failures, ForeignSecrets, Metrics, OneTimeProofs, Revocations, Uses};
use crate::crypto::CryptoError;
use crate::crypto::digest::Pepper;
use crate::crypto::jwt::ACCESS_TOKEN_TYPE;
use crate::crypto::random;
use crate::crypto::signing::SigningPair;
use crate::directory::{Directory, LookupError};
use crate::domain::actor::Principal;
use crate::domain::id::ClientId;
use crate::domain::key_entry::KeyEntry;
use crate::domain::key_epoch::KeyEpoch;
use crate::domain::profile::Profile;
use crate::domain::time::Timestamp;
use crate::oauth::access_token::{AccessTokenClaims, AudienceClaim, PayoutLimit, StatusClaim, scope_text};
use crate::oauth::binding::Binding;
use crate::oauth::client_request::{Presented, RawClientRequest};
use crate::oauth::dpop::{ProofRefused, ProofRules};
use crate::oauth::error::OAuthError;
use crate::oauth::grants::client_credentials::{self, Granted, Target};
use crate::oauth::mutual_tls::MutualTls;
use crate::oauth::token_request::{self, TokenRequest};

/// What issuing needs besides the request.
#[derive(Debug)]
pub struct TokenIssuer {
    /// The `iss` of every token.
    pub issuer: String,
    /// What requests need, in memory.
    pub directory: Arc<Directory>,
    /// What secrets are digested under.
    pub pepper: Pepper,
    /// What DPoP proofs are held against.
    pub proofs: ProofRules,
    /// What is done with clients' certificates; `None`: they are not asked for.
    pub mutual_tls: Option<MutualTls>,
    /// Recognises secrets that other servers have hashed.
    pub foreign_secrets: ForeignSecrets,
    /// What is taken from clients; of an organization's own keys there may be demanded more.
    pub profile: Profile,
    /// The keys that clients publish.
    pub client_keys: ClientKeys,
    /// What clients may use once.
    pub one_time: OneTimeProofs,
    /// Writes down which tokens were revoked.
    pub revocations: Revocations,
    /// The brake on guessing.
    pub failures: Failures,
    /// The rate plans.
    pub limits: Arc<RateLimiter>,
    /// Gathers when secrets were last used.
    pub uses: Uses,
    /// Gathers what tokens were issued for.
    pub usage: UsageCounts,
    /// Gathers refusals for the audit log.
    pub refusals: Refusals,
    /// Counts.
    pub metrics: Metrics,
    /// The status lists, signed.
    pub status_documents: StatusDocuments,
}

/// A success as it is answered (RFC 6749 section 5.1).
pub struct IssuedToken {
    /// The answer's body.
    pub json: Vec<u8>,
    scope: String,
    /// For the log.
    pub client_id: ClientId,
}

/// What is answered beside the token and its scope.
const MEMBERS_BYTES: usize = 96;

impl IssuedToken {
    /// Signs, right into the answer. That is written out by hand: a token is base64url and dots, and the grammar of
    /// scopes has neither quotes nor backslashes, so nothing has to be looked through for characters to escape.
    fn sign(
        pair: &SigningPair,
        claims: &AccessTokenClaims<'_>,
        token_type: &str,
        expires_in: u16,
    ) -> Result<Vec<u8>, CryptoError> {
        let payload = claims.to_json();
        let mut json = Vec::with_capacity(pair.longest_token(payload.len()) + claims.scope.len() + MEMBERS_BYTES);
        json.extend_from_slice(b"{\"access_token\":\"");
        pair.sign_onto(ACCESS_TOKEN_TYPE, &payload, &mut json)?;
        json.extend_from_slice(b"\",\"token_type\":\"");
        json.extend_from_slice(token_type.as_bytes());
        json.extend_from_slice(b"\",\"expires_in\":");
        json.extend_from_slice(itoa::Buffer::new().format(expires_in).as_bytes());
        json.extend_from_slice(b",\"scope\":\"");
        json.extend_from_slice(claims.scope.as_bytes());
        json.extend_from_slice(b"\"}");
        Ok(json)
    }
}

/// Without the token: it is a credential.
impl std::fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedToken").field("client_id", &self.client_id).finish_non_exhaustive()
    }
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

impl Refusal {
    /// What the audit log tells of it; `None` for a fault of this server, which is nobody's doing.
    pub fn kind(&self, address: Option<IpAddr>) -> Option<RefusalKind> {
        // Whoever has a name here has proved it, unless that is what failed.
        let is_proved = match self.error {
            OAuthError::TemporarilyUnavailable | OAuthError::ServerError => return None,
            OAuthError::InvalidClient(_) | OAuthError::TooManyFailures { .. } => false,
            _ => true,
        };
        let is_target_known = match self.error {
            OAuthError::InvalidClient(refusal) => refusal.concerns_a_key(),
            _ => is_proved && self.client_id.is_some(),
        };
        Some(RefusalKind {
            action: TOKEN_REFUSED,
            actor: self.client_id.filter(|_| is_proved).map_or(Principal::Anonymous, Principal::ApiKey),
            organization_id: None,
            target: self.client_id,
            is_target_known,
            route: None,
            address,
            reason: self.error.reason(),
        })
    }
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

/// What became of a request.
#[derive(Debug)]
pub struct Outcome {
    /// The token, or why there is none.
    pub result: Result<IssuedToken, Refusal>,
    /// What the key's rate plan said, when the request came that far and the key has limits. Must live until the
    /// answer has left.
    pub admission: Option<Admission>,
    /// What the client's next DPoP proof needs, when it has to be told.
    pub dpop_nonce: Option<String>,
}

impl<E: Into<Refusal>> From<E> for Outcome {
    fn from(error: E) -> Self {
        Self { result: Err(error.into()), admission: None, dpop_nonce: None }
    }
}

impl TokenIssuer {
    /// Issues a token or says why not.
    pub async fn issue(&self, raw: &RawClientRequest<'_>, address: IpAddr, now: Timestamp) -> Outcome {
        let request = match token_request::parse(raw) {
            Ok(request) => request,
            Err(error) => return error.into(),
        };
        let client = match self.identify(&request.client, address, now).await {
            Ok(client) => client,
            Err(refusal) => return refusal.into(),
        };
        let admission = self.limits.admit(&client.key, now).await;
        let (result, dpop_nonce) = match admission.as_ref().and_then(|admission| admission.over_limit) {
            Some(OverLimit { retry_after_seconds, .. }) => (Err(OAuthError::OverPlan { retry_after_seconds }.into()), None),
            None => match self.check_proof(raw, &client.key, now) {
                Ok(mut possession) => {
                    let next_nonce = possession.take_next_nonce();
                    (self.grant_and_sign(&request, &client.key, possession, now).await, next_nonce)
                }
                Err(ProofRefused::Invalid(why)) => (Err(OAuthError::InvalidDpopProof(why).into()), None),
                Err(ProofRefused::UseNonce(nonce)) => (Err(OAuthError::UseDpopNonce.into()), Some(nonce)),
            },
        };
        if let Ok(token) = &result {
            self.uses.record(client.key.client_id, client.secret, now, address);
            self.usage.count(client.key.client_id, now, &token.scope, request.scope.as_deref());
        }
        let result = result.map_err(|refusal| Refusal { client_id: Some(client.key.client_id), ..refusal });
        Outcome { result, admission, dpop_nonce }
    }

    /// What holds for a key: what the server demands, and what its organization does.
    pub(super) fn profile_for(&self, key: &KeyEntry) -> Profile {
        self.profile.and(self.directory.profile_of(key.organization_id))
    }

    /// The client, at an address that it may come from.
    pub(super) async fn identify(
        &self,
        presented: &Presented,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<AuthenticatedClient, Refusal> {
        if !self.directory.is_fresh() {
            return Err(LookupError::Unavailable("the change feed was not read for too long".to_owned()).into());
        }
        let client = self.authenticate(presented, address, now).await?;
        if !client.key.ip_allowlist.allows(address) {
            return Err(Refusal { client_id: Some(client.key.client_id), ..OAuthError::UnauthorizedClient.into() });
        }
        Ok(client)
    }

    async fn grant_and_sign(
        &self,
        request: &TokenRequest,
        key: &KeyEntry,
        possession: Possession,
        now: Timestamp,
    ) -> Result<IssuedToken, Refusal> {
        client_credentials::check_grant_type(request)?;
        let target = client_credentials::choose_target(request, key)?;
        if let Target::AnyAccount(account) = target {
            let owner = self.directory.organization_of_account(account).await?;
            client_credentials::check_owner(target, owner, key)?;
        }
        let catalogue = self.directory.catalogue();
        let granted = client_credentials::decide(request, key, target, &catalogue)?;
        let epoch = match key.epoch {
            Some(epoch) => epoch,
            None => self.open_epoch(key.client_id).await?,
        };
        // Last, so that a request that is refused for something else has not used its proof up.
        let binding = self.use_up(possession).await?;
        self.sign(key, epoch, target, &granted, &binding, now)
    }

    async fn open_epoch(&self, id: ClientId) -> Result<KeyEpoch, Refusal> {
        let unavailable = |cause: &str| LookupError::Unavailable(cause.to_owned()).into();
        let directory = Arc::clone(&self.directory);
        let opened = tokio::task::spawn_blocking(move || key_epochs::open_late(&directory, id)).await;
        match opened {
            Ok(Ok(Some(epoch))) => Ok(epoch),
            Ok(Ok(None)) => Err(unavailable("the key was disabled or deleted meanwhile")),
            Ok(Err(error)) => Err(unavailable(&error.to_string())),
            Err(error) => Err(unavailable(&error.to_string())),
        }
    }

    fn sign(
        &self,
        key: &KeyEntry,
        epoch: KeyEpoch,
        target: Target,
        granted: &Granted<'_>,
        binding: &Binding,
        now: Timestamp,
    ) -> Result<IssuedToken, Refusal> {
        let fault = |cause: String| Refusal { error: OAuthError::ServerError, client_id: None, cause: Some(cause) };
        let jti = random::token_id().map_err(|error| fault(error.to_string()))?.encoded();
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
            cnf: binding.confirmation(),
            authorization_details: key.max_payout.as_ref().map(|limit| [PayoutLimit::new(limit.as_str())]),
            status: StatusClaim { base: self.issuer.trim_end_matches('/'), epoch },
        };
        let keys = self.directory.signing_keys();
        let pair = keys.signer(now).ok_or_else(|| fault("there is no signing key".to_owned()))?;
        let profile = self.profile_for(key);
        if !profile.signs_with(pair.algorithm()) {
            let cause = format!("the profile {profile} does not sign with {}: rotate to another", pair.algorithm());
            return Err(Refusal { error: OAuthError::TemporarilyUnavailable, ..fault(cause) });
        }
        let started = Instant::now();
        let json =
            IssuedToken::sign(pair, &claims, binding.token_type(), expires_in).map_err(|error| fault(error.to_string()))?;
        self.metrics.token_issued(started.elapsed());
        Ok(IssuedToken { json, scope, client_id: key.client_id })
    }
}
