//! An API key as people and programs see it: no secret, no digest.

use std::collections::HashMap;
use std::net::IpAddr;

use serde::Serialize;
use utoipa::ToSchema;

use super::AppError;
use crate::domain::api_key::{ApiKey, AuthMethod, KeyKind, KeySort, TokenLifetime};
use crate::domain::certificate_subject::SubjectKind;
use crate::domain::client_secret::ClientSecret;
use crate::domain::foreign_client_id::ForeignClientId;
use crate::domain::grant::Grants;
use crate::domain::id::{AccountId, ClientId, OrganizationId, SecretId};
use crate::domain::ip_allowlist::IpAllowlist;
use crate::domain::max_payout::MaxPayout;
use crate::domain::name::Name;
use crate::domain::outbound_url::OutboundUrl;
use crate::domain::plan::PlanName;
use crate::domain::public_credential::{PublicCredential, RegisteredJwks, TrustedIssuer};
use crate::domain::time::Timestamp;
use crate::store::key_list::{self, KeyFilter, KeyPlace};
use crate::store::secret_uses::{self, SecretUse};
use crate::store::{Db, api_keys, organizations};

/// A key as it is shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub struct ApiKeyView {
    /// `key_…`
    pub client_id: ClientId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// Shown to people.
    pub name: Name,
    /// `admin` or `scoped`.
    #[schema(pattern = "^(admin|scoped)$", example = "scoped")]
    pub kind: &'static str,
    /// What an admin key holds or a scoped key's grants.
    #[serde(flatten)]
    pub holding: HoldingView,
    /// The live secrets, the newest first, masked.
    pub secrets: Vec<SecretView>,
    /// From where it may be used.
    pub ip_allowlist: IpAllowlist,
    /// Handed to the resource server.
    pub max_payout: Option<MaxPayout>,
    /// How long its tokens live.
    pub token_lifetime_seconds: TokenLifetime,
    /// How it proves itself.
    pub token_endpoint_auth_method: AuthMethod,
    /// Of a key without a secret that has registered its public keys: those (RFC 7517).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub jwks: Option<RegisteredJwks>,
    /// The same when it publishes them: where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<OutboundUrl>,
    /// Of a key for a workload: whose tokens take the place of a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trusted_issuer: Option<TrustedIssuer>,
    /// Of a key with a certificate that a CA has issued: its subject (RFC 4514).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1024, example = "CN=export,O=Acme,C=NL")]
    pub tls_client_auth_subject_dn: Option<String>,
    /// The same: a DNS name of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1024, example = "export.example.com")]
    pub tls_client_auth_san_dns: Option<String>,
    /// The same: a URI of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1024, example = "spiffe://example.com/export")]
    pub tls_client_auth_san_uri: Option<String>,
    /// The same: an address of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1024, example = "192.0.2.7")]
    pub tls_client_auth_san_ip: Option<String>,
    /// The same: an e-mail address of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1024, example = "export@example.com")]
    pub tls_client_auth_san_email: Option<String>,
    /// Whether every token must be bound to a key of the client.
    pub require_bound_tokens: bool,
    /// The client id that an imported key had at its former server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub foreign_client_id: Option<ForeignClientId>,
    /// Its rate plan.
    pub plan: Option<PlanName>,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
    /// Set while it is disabled.
    pub disabled_at: Option<Timestamp>,
    /// Who made it.
    #[schema(example = "user_01hf7yat00000000000000000a")]
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When a token was last issued to it; may lag by 5 seconds.
    pub last_used_at: Option<Timestamp>,
    /// From where.
    #[schema(value_type = Option<String>, example = "192.0.2.7")]
    pub last_used_ip: Option<IpAddr>,
    /// In the answers of create, regenerate and duplicate alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "clv_…")]
    pub client_secret: Option<String>,
}

/// `account_id` of an admin key, `grants` of a scoped one.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum HoldingView {
    /// An admin key.
    Admin {
        /// `null`: the organization.
        account_id: Option<AccountId>,
    },
    /// A scoped key.
    Scoped {
        /// What it holds.
        grants: Grants,
    },
}

/// A secret as it is shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Secret)]
pub struct SecretView {
    /// `sec_…`
    pub id: SecretId,
    /// `clv_...x4f2`
    #[schema(example = "clv_...x4f2")]
    pub hint: String,
    /// When it was minted.
    pub created_at: Timestamp,
    /// `null`: never.
    pub expires_at: Option<Timestamp>,
    /// May lag by 5 seconds.
    pub last_used_at: Option<Timestamp>,
    /// From where.
    #[schema(value_type = Option<String>, example = "192.0.2.7")]
    pub last_used_ip: Option<IpAddr>,
}

impl ApiKeyView {
    /// The view of a key whose secrets were used as `uses` says.
    pub fn new(key: ApiKey, uses: &HashMap<SecretId, SecretUse>, now: Timestamp) -> Self {
        let of = |id: &SecretId| uses.get(id).copied().unwrap_or_default();
        let last = key
            .secrets
            .iter()
            .map(|secret| of(&secret.id))
            .map(|u| (u.last_used_at, u.last_used_ip))
            .chain([(key.last_used_at, key.last_used_ip)])
            .max_by_key(|(at, _)| *at)
            .unwrap_or_default();
        let secrets = key
            .secrets
            .iter()
            .filter(|secret| secret.expires_at.is_none_or(|at| at > now))
            .map(|secret| SecretView {
                id: secret.id,
                hint: secret.hint.as_str().to_owned(),
                created_at: secret.created_at,
                expires_at: secret.expires_at,
                last_used_at: of(&secret.id).last_used_at,
                last_used_ip: of(&secret.id).last_used_ip,
            })
            .collect();
        let (mut jwks, mut jwks_uri, mut trusted_issuer, mut subject) = (None, None, None, None);
        match key.settings.public_credential {
            None => {}
            Some(PublicCredential::Jwks(set)) => jwks = Some(set),
            Some(PublicCredential::JwksUri(url)) => jwks_uri = Some(url),
            Some(PublicCredential::TrustedIssuer(issuer)) => trusted_issuer = Some(issuer),
            Some(PublicCredential::Certificate(named)) => subject = Some(named),
        }
        let name = |kind| subject.as_ref().filter(|named| named.kind() == kind).map(|named| named.value().to_owned());
        Self {
            client_id: key.client_id,
            organization_id: key.organization_id,
            jwks,
            jwks_uri,
            trusted_issuer,
            tls_client_auth_subject_dn: name(SubjectKind::Dn),
            tls_client_auth_san_dns: name(SubjectKind::Dns),
            tls_client_auth_san_uri: name(SubjectKind::Uri),
            tls_client_auth_san_ip: name(SubjectKind::Ip),
            tls_client_auth_san_email: name(SubjectKind::Email),
            require_bound_tokens: key.settings.require_bound_tokens,
            name: key.settings.name,
            kind: key.kind.as_str(),
            holding: match key.kind {
                KeyKind::Admin(account_id) => HoldingView::Admin { account_id },
                KeyKind::Scoped(grants) => HoldingView::Scoped { grants },
            },
            secrets,
            ip_allowlist: key.settings.ip_allowlist,
            max_payout: key.settings.max_payout,
            token_lifetime_seconds: key.settings.token_lifetime,
            token_endpoint_auth_method: key.auth_method,
            foreign_client_id: key.foreign_client_id,
            plan: key.settings.plan,
            expires_at: key.settings.expires_at,
            disabled_at: key.disabled_at,
            created_by: key.created_by,
            created_at: key.created_at,
            updated_at: key.updated_at,
            last_used_at: last.0,
            last_used_ip: last.1,
            client_secret: None,
        }
    }

    /// With the secret, if it has one, for the one answer that shows it.
    #[must_use]
    pub fn with_secret(mut self, secret: Option<&ClientSecret>) -> Self {
        self.client_secret = secret.map(|secret| secret.expose().to_owned());
        self
    }
}

/// The view of a key.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn show_api_key(db: &Db, id: ClientId, now: Timestamp) -> Result<ApiKeyView, AppError> {
    let found = db.read(|connection| {
        let Some(key) = api_keys::find(connection, id)? else { return Ok(None) };
        let ids: Vec<SecretId> = key.secrets.iter().map(|secret| secret.id).collect();
        let uses = secret_uses::of(connection, &ids)?;
        Ok(Some(ApiKeyView::new(key, &uses, now)))
    })?;
    found.ok_or_else(|| AppError::not_found("API key", id))
}

/// A page of a list of keys.
#[derive(Debug)]
pub struct PageOfKeys {
    /// The keys, in the order that was asked for.
    pub keys: Vec<ApiKeyView>,
    /// Behind the last of them, when there are more.
    pub next: Option<KeyPlace>,
}

/// Up to `limit` keys of an organization that pass the filter, in that order, from behind `place` on.
///
/// # Errors
/// [`AppError::Store`].
pub fn page_of_api_keys(
    db: &Db,
    organization_id: OrganizationId,
    filter: &KeyFilter,
    (sort, place): (KeySort, Option<&KeyPlace>),
    limit: i64,
    now: Timestamp,
) -> Result<PageOfKeys, AppError> {
    Ok(db.read(|connection| {
        let more = limit.saturating_add(1);
        let keys = key_list::page(connection, organization_id, filter, (sort, place), more, now)?;
        let (keys, has_more) = super::page_of(keys, limit);
        let next = keys.last().filter(|_| has_more).map(|last| KeyPlace::of(sort, last));
        let ids: Vec<SecretId> = keys.iter().flat_map(|key| &key.secrets).map(|secret| secret.id).collect();
        let uses = secret_uses::of(connection, &ids)?;
        Ok(PageOfKeys { keys: keys.into_iter().map(|key| ApiKeyView::new(key, &uses, now)).collect(), next })
    })?)
}

/// The keys of an organization, the oldest first.
///
/// # Errors
/// [`AppError::NotFound`] when there is no such organization.
pub fn list_api_keys(db: &Db, organization_id: OrganizationId, now: Timestamp) -> Result<Vec<ApiKeyView>, AppError> {
    let found = db.read(|connection| {
        if organizations::find(connection, organization_id)?.is_none() {
            return Ok(None);
        }
        let keys = api_keys::of_organization(connection, organization_id)?;
        let ids: Vec<SecretId> = keys.iter().flat_map(|key| &key.secrets).map(|secret| secret.id).collect();
        let uses = secret_uses::of(connection, &ids)?;
        Ok(Some(keys.into_iter().map(|key| ApiKeyView::new(key, &uses, now)).collect()))
    })?;
    found.ok_or_else(|| AppError::not_found("organization", organization_id))
}
