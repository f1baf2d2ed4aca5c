//! Whether a key would get a token for a request, and the rule that decides, without making one: for those who ask why a
//! request was refused.
//!
//! The rules are the token endpoint's own, in its order: the key's state, its address, its target, resources and scopes.
//! The secret is taken to be right; the rate plan is not asked, for that counts.

use std::net::IpAddr;

use serde::Serialize;
use utoipa::ToSchema;

use super::AppError;
use crate::domain::catalogue::Catalogue;
use crate::domain::grant::GrantTarget;
use crate::domain::id::{AccountId, ClientId, OrganizationId};
use crate::domain::key_entry::{KeyEntry, Sharing};
use crate::domain::scope::ScopeName;
use crate::domain::time::Timestamp;
use crate::oauth::access_token::scope_text;
use crate::oauth::client_auth::{self, Recognised};
use crate::oauth::client_request::{Credentials, Presented};
use crate::oauth::error::{ClientRefusal, OAuthError};
use crate::oauth::grants::client_credentials::{self, GRANT_TYPE, Granted, Target};
use crate::oauth::scope_parameter;
use crate::oauth::token_request::TokenRequest;
use crate::store::key_entries::{self, Found};
use crate::store::{Db, accounts, catalogue};

/// A request for a token, as far as it decides something.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// From where; `None`: from wherever the key may be used.
    pub address: Option<IpAddr>,
    /// The `scope` parameter; empty is none, as in a form.
    pub scope: Option<String>,
    /// The `account` parameter.
    pub account: Option<String>,
    /// Every `resource` parameter.
    pub resources: Vec<String>,
}

/// What would become of a request for a token.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Explanation {
    /// Whether there would be a token.
    pub allowed: bool,
    /// What the token endpoint would answer as `error`; `null` when there would be a token.
    #[schema(example = "invalid_scope")]
    pub error: Option<&'static str>,
    /// The rule that decides, by the word that the audit log and the metrics have for it; `allowed` when none refuses.
    #[schema(example = "invalid_scope")]
    pub decided_by: &'static str,
    /// The same in a sentence.
    pub detail: String,
    /// The requested scopes that the key does not hold there, when that is what decides.
    pub missing_scopes: Vec<String>,
    /// What the token would be for; `null` when there would be none.
    pub token: Option<ExpectedToken>,
}

/// What a token would be for.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExpectedToken {
    /// Every scope, implied ones included.
    #[schema(example = "payments:read payments:write")]
    pub scope: String,
    /// The resource servers that would accept it.
    pub aud: Vec<String>,
    /// The account that it would be for; `null`: the organization.
    pub account: Option<AccountId>,
    /// How long it would live.
    pub expires_in: u16,
}

/// Explains what would become of a request of that organization's key.
///
/// # Errors
/// [`AppError::NotFound`], also when the key is another organization's.
pub fn explain_token(
    db: &Db,
    organization_id: OrganizationId,
    client_id: ClientId,
    question: &Question,
    now: Timestamp,
) -> Result<Explanation, AppError> {
    let request = question.request();
    let found = db.read(|connection| {
        let Found::Key(key) = key_entries::find(connection, client_id, &Sharing::default())? else { return Ok(None) };
        let (servers, scopes) = (catalogue::resource_servers(connection)?, catalogue::scopes(connection)?);
        let account: Option<AccountId> = question.account.as_deref().and_then(|text| text.parse().ok());
        let owner = match account {
            Some(account) => accounts::find(connection, account)?.map(|account| account.organization_id),
            None => None,
        };
        Ok(Some((key, Catalogue::new(&servers, &scopes), owner)))
    })?;
    let (key, catalogue, owner) = found
        .filter(|(key, ..)| key.organization_id == organization_id)
        .ok_or_else(|| AppError::not_found("API key", client_id))?;
    let decided = check_state(&key, now)
        .map_err(OAuthError::InvalidClient)
        .and_then(|()| check_address(&key, question))
        .and_then(|()| decide(&request, &key, owner, &catalogue));
    Ok(match decided {
        Ok((target, granted)) => allowed(&key, target, &granted),
        Err(error) => refused(error, &request, &key, &catalogue),
    })
}

impl Question {
    fn request(&self) -> TokenRequest {
        let bytes = |text: &Option<String>| text.as_ref().filter(|text| !text.is_empty()).map(|text| text.clone().into_bytes());
        TokenRequest {
            client: Presented { credentials: Credentials::Refused(ClientRefusal::NoCredentials), body_client_id: None },
            grant_type: Some(GRANT_TYPE.as_bytes().to_vec()),
            scope: bytes(&self.scope),
            account: bytes(&self.account),
            resources: self.resources.iter().filter(|text| !text.is_empty()).map(|text| text.clone().into_bytes()).collect(),
            has_authorization_details: false,
        }
    }
}

/// With the secret that lives longest.
fn check_state(key: &KeyEntry, now: Timestamp) -> Result<(), ClientRefusal> {
    let own = key.secrets.iter().map(|secret| Recognised { id: secret.id, expires_at: secret.expires_at });
    let foreign = key.foreign_secrets.iter().map(|secret| Recognised { id: secret.id, expires_at: secret.expires_at });
    let best = own.chain(foreign).max_by_key(|secret| secret.expires_at.map_or(i64::MAX, Timestamp::unix));
    let best = best.ok_or(ClientRefusal::WrongSecret)?;
    client_auth::check_state(key, key.auth_method, best, now).map(drop)
}

fn check_address(key: &KeyEntry, question: &Question) -> Result<(), OAuthError> {
    match question.address {
        Some(address) if !key.ip_allowlist.allows(address) => Err(OAuthError::UnauthorizedClient),
        _ => Ok(()),
    }
}

fn decide<'c>(
    request: &TokenRequest,
    key: &KeyEntry,
    owner: Option<OrganizationId>,
    catalogue: &'c Catalogue,
) -> Result<(Target, Granted<'c>), OAuthError> {
    client_credentials::check_grant_type(request)?;
    let target = client_credentials::choose_target(request, key)?;
    client_credentials::check_owner(target, owner, key)?;
    Ok((target, client_credentials::decide(request, key, target, catalogue)?))
}

fn allowed(key: &KeyEntry, target: Target, granted: &Granted<'_>) -> Explanation {
    let detail = if key.require_bound_tokens {
        "no rule refuses it when it has a DPoP proof, for this key's tokens must be bound; the rate plan was not asked"
    } else {
        "no rule refuses it; the rate plan was not asked"
    };
    Explanation {
        allowed: true,
        error: None,
        decided_by: "allowed",
        detail: detail.to_owned(),
        missing_scopes: Vec::new(),
        token: Some(ExpectedToken {
            scope: scope_text(&granted.scopes),
            aud: granted.audiences.iter().map(ToString::to_string).collect(),
            account: target.account(),
            expires_in: key.token_lifetime.seconds(),
        }),
    }
}

fn refused(error: OAuthError, request: &TokenRequest, key: &KeyEntry, catalogue: &Catalogue) -> Explanation {
    let missing_scopes = match error {
        OAuthError::InvalidScope(_) => missing(request, key, catalogue),
        _ => Vec::new(),
    };
    let detail = match error {
        // The token endpoint tells a stranger none of this; here its own people ask.
        OAuthError::InvalidClient(ClientRefusal::Disabled) => "the key is disabled".to_owned(),
        OAuthError::InvalidClient(ClientRefusal::ExpiredKey) => "the time of the key is over".to_owned(),
        OAuthError::InvalidClient(ClientRefusal::ExpiredSecret) => "the time of every secret of the key is over".to_owned(),
        OAuthError::InvalidClient(_) => "the key has no secret".to_owned(),
        OAuthError::UnauthorizedClient => {
            let entries: Vec<String> = key.ip_allowlist.entries().collect();
            format!("the address is not in the key's allowlist: {}", entries.join(", "))
        }
        other => other.description().to_owned(),
    };
    Explanation { allowed: false, error: Some(error.code()), decided_by: error.reason(), detail, missing_scopes, token: None }
}

/// What of the requested scopes the key does not hold at the target.
fn missing(request: &TokenRequest, key: &KeyEntry, catalogue: &Catalogue) -> Vec<String> {
    let Some(asked) = request.scope.as_deref().and_then(|text| scope_parameter::parse(text).ok()) else { return Vec::new() };
    let mut held: Vec<&ScopeName> = key.holding.scopes_at(GrantTarget::Organization, catalogue);
    if let Some(account) = client_credentials::choose_target(request, key).ok().and_then(Target::account) {
        held.extend(key.holding.scopes_at(GrantTarget::Account(account), catalogue));
    }
    asked.into_iter().filter(|name| !held.iter().any(|held| held.as_str() == *name)).map(str::to_owned).collect()
}
