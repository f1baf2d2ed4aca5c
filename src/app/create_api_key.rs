//! Makes an API key, and its copy.

use serde_json::{Value, json};

use super::key_epochs::open_one;
use super::key_reach::{check_protection, check_reach};
use super::plans::check_plan;
use super::profiles::check_method;
use super::{AppError, Work, random_bits};
use crate::clock;
use crate::crypto::client_certificate::is_distinguished_name;
use crate::crypto::client_jwk::ClientJwks;
use crate::crypto::digest::Pepper;
use crate::crypto::random;
use crate::domain::Invalid;
use crate::domain::api_key::{ApiKey, AuthMethod, KeyKind, KeySettings};
use crate::domain::audit_event::AuditEntry;
use crate::domain::catalogue::Catalogue;
use crate::domain::certificate_subject::SubjectKind;
use crate::domain::client_secret::{ClientSecret, SecretProof, StoredSecret};
use crate::domain::event::EventKind;
use crate::domain::id::{ClientId, OrganizationId, SecretId};
use crate::domain::public_credential::PublicCredential;
use crate::domain::time::Timestamp;
use crate::store::{Change, StoreError, WriteTransaction, accounts, api_keys, catalogue, organizations};

/// What a new key is to be.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    /// Whose it will be.
    pub organization_id: OrganizationId,
    /// What it will hold.
    pub kind: KeyKind,
    /// What an edit may change later.
    pub settings: KeySettings,
    /// How it will prove itself.
    pub auth_method: AuthMethod,
}

/// Makes a key. Its secret, if it has one, is returned here and never again.
///
/// # Errors
/// [`AppError::Invalid`], also when the target has an admin key already, [`AppError::NotFound`] when there is no such
/// organization, [`AppError::Forbidden`] when it would be beyond the caller's reach.
pub fn create_api_key(work: &mut Work<'_, '_>, new: NewApiKey) -> Result<(ApiKey, Option<ClientSecret>), AppError> {
    let now = work.now;
    let (secret, secrets) = first_secret(work, new.auth_method)?;
    let mut key = ApiKey {
        client_id: ClientId::from_parts(clock::unix_milliseconds(), random_bits()?),
        organization_id: new.organization_id,
        kind: new.kind,
        settings: new.settings,
        auth_method: new.auth_method,
        foreign_client_id: None,
        secrets,
        disabled_at: None,
        tokens_revoked_at: None,
        epoch: None,
        last_used_at: None,
        last_used_ip: None,
        created_by: work.actor.principal.to_string(),
        created_at: now,
        updated_at: now,
    };
    check(work.transaction, &key, now)?;
    check_profile(work, &key)?;
    check_reach(work, &key)?;
    check_protection(work, None, &key)?;
    check_plan(work, key.organization_id, key.settings.plan.as_ref())?;
    open_one(work, &mut key)?;
    insert(work.transaction, &key)?;
    tell(work, EventKind::ApiKeyCreated, None, Some(&key))?;
    Ok((key, secret))
}

/// Makes a key with the settings and grants of another, a new id and a new secret.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Invalid`] for an admin key, of which there can be one only.
pub fn duplicate_api_key(work: &mut Work<'_, '_>, id: ClientId) -> Result<(ApiKey, Option<ClientSecret>), AppError> {
    let now = work.now;
    let original = find(work.transaction, id)?;
    let (secret, secrets) = first_secret(work, original.auth_method)?;
    check_reach(work, &original)?;
    if matches!(original.kind, KeyKind::Admin(_)) {
        return Err(
            Invalid::new("kind", "not_duplicable", "an admin key can't be duplicated: there is one for each target").into()
        );
    }
    check_profile(work, &original)?;
    let settings = KeySettings { name: original.settings.name.of_copy(), ..original.settings.clone() };
    let mut key = ApiKey {
        client_id: ClientId::from_parts(clock::unix_milliseconds(), random_bits()?),
        settings,
        foreign_client_id: None,
        secrets,
        disabled_at: None,
        tokens_revoked_at: None,
        epoch: None,
        last_used_at: None,
        last_used_ip: None,
        created_by: work.actor.principal.to_string(),
        created_at: now,
        updated_at: now,
        ..original
    };
    check_protection(work, None, &key)?;
    open_one(work, &mut key)?;
    insert(work.transaction, &key)?;
    tell(work, EventKind::ApiKeyDuplicated, None, Some(&key))?;
    Ok((key, secret))
}

/// Writes down what was done to a key, and lets its owners know.
pub(super) fn tell(
    work: &mut Work<'_, '_>,
    kind: EventKind,
    before: Option<&ApiKey>,
    after: Option<&ApiKey>,
) -> Result<(), AppError> {
    let Some(key) = after.or(before) else { return Ok(()) };
    let (before, after) = (before.map(described), after.map(described));
    if before == after {
        // Disabling what is disabled is no news.
        return Ok(());
    }
    let entry = AuditEntry::done(kind.as_str(), Some(key.organization_id), key.client_id).changing(before, after);
    let data = json!({
        "client_id": key.client_id,
        "name": key.settings.name,
        "kind": key.kind.as_str(),
        "actor": work.actor.principal,
        "address": work.actor.address,
        "before": entry.before,
        "after": entry.after,
    });
    work.audit(entry);
    work.announce(key.organization_id, kind, data)
}

/// What can change of a key, without digests: secrets by id, hint and end.
pub(super) fn described(key: &ApiKey) -> Value {
    let secrets: Vec<Value> = key
        .secrets
        .iter()
        .map(|secret| json!({"id": secret.id, "hint": secret.hint.as_str(), "expires_at": secret.expires_at}))
        .collect();
    let mut value = json!({
        "name": key.settings.name,
        "kind": key.kind.as_str(),
        "ip_allowlist": key.settings.ip_allowlist,
        "max_payout": key.settings.max_payout,
        "token_lifetime_seconds": key.settings.token_lifetime,
        "token_endpoint_auth_method": key.auth_method,
        "require_bound_tokens": key.settings.require_bound_tokens,
        "plan": key.settings.plan,
        "expires_at": key.settings.expires_at,
        "disabled_at": key.disabled_at,
        "tokens_revoked_at": key.tokens_revoked_at,
        "secrets": secrets,
    });
    let (name, holding) = match &key.kind {
        KeyKind::Admin(account) => ("account_id", json!(account)),
        KeyKind::Scoped(grants) => ("grants", json!(grants)),
    };
    if let Some(members) = value.as_object_mut() {
        members.insert(name.to_owned(), holding);
        if let Some(Value::Object(credential)) = key.settings.public_credential.as_ref().map(|credential| json!(credential)) {
            members.extend(credential);
        }
    }
    value
}

fn insert(transaction: &mut WriteTransaction<'_>, key: &ApiKey) -> Result<(), AppError> {
    api_keys::insert(transaction, key).map_err(|error| match error {
        StoreError::UniqueViolation(_) if matches!(key.kind, KeyKind::Admin(_)) => {
            let detail = "this target has an admin key already; regenerate that one, or delete it first";
            Invalid::new("kind", "taken", detail).into()
        }
        other => plan_or(other),
    })?;
    transaction.changed(Change::ApiKey(key.client_id));
    Ok(())
}

/// Everything else that a key refers to was looked at before.
pub(super) fn plan_or(error: StoreError) -> AppError {
    match error {
        StoreError::ForeignKeyViolation => Invalid::new("plan", "unknown", "there is no such plan").into(),
        other => other.into(),
    }
}

pub(super) fn find(transaction: &mut WriteTransaction<'_>, id: ClientId) -> Result<ApiKey, AppError> {
    api_keys::find(transaction.reading(), id)?.ok_or_else(|| AppError::not_found("API key", id))
}

/// Checks what only the database knows: the organization, its accounts, the catalogue.
pub(super) fn check(transaction: &mut WriteTransaction<'_>, key: &ApiKey, now: Timestamp) -> Result<(), AppError> {
    let organization = organizations::find(transaction.reading(), key.organization_id)?
        .ok_or_else(|| AppError::not_found("organization", key.organization_id))?;
    if key.settings.expires_at.is_some_and(|at| at <= now) {
        return Err(Invalid::new("expires_at", "in_the_past", "must be in the future").into());
    }
    PublicCredential::check(key.auth_method, key.settings.public_credential.as_ref())?;
    if let Some(PublicCredential::Jwks(jwks)) = &key.settings.public_credential {
        ClientJwks::read(jwks.set()).map_err(|error| Invalid::new("jwks", "invalid_jwks", error.to_string()))?;
    }
    if let Some(PublicCredential::Certificate(subject)) = &key.settings.public_credential
        && subject.kind() == SubjectKind::Dn
        && !is_distinguished_name(subject.value())
    {
        let detail = "must be a distinguished name as RFC 4514 writes them, e.g. CN=export,O=Acme,C=NL";
        return Err(Invalid::new(subject.kind().member(), "invalid_dn", detail).into());
    }
    for target in key.kind.targets() {
        let Some(id) = target.account() else { continue };
        let account = accounts::find(transaction.reading(), id)?;
        if account.is_none_or(|account| account.organization_id != key.organization_id) {
            let field = if matches!(key.kind, KeyKind::Admin(_)) { "account_id" } else { "grants" };
            return Err(Invalid::new(field, "unknown_account", format!("the organization has no account {id}")).into());
        }
    }
    if let KeyKind::Scoped(grants) = &key.kind {
        let servers = catalogue::resource_servers(transaction.reading())?;
        let scopes = catalogue::scopes(transaction.reading())?;
        Catalogue::new(&servers, &scopes).check_grants(grants, organization.platform)?;
    }
    Ok(())
}

/// Keys that are there already stay, and are refused where they are used.
fn check_profile(work: &mut Work<'_, '_>, key: &ApiKey) -> Result<(), AppError> {
    let organization = organizations::find(work.transaction.reading(), key.organization_id)?
        .ok_or_else(|| AppError::not_found("organization", key.organization_id))?;
    check_method(&organization, key.auth_method)
}

/// What a new key begins with: a secret, when its method needs one.
fn first_secret(work: &Work<'_, '_>, method: AuthMethod) -> Result<(Option<ClientSecret>, Vec<StoredSecret>), AppError> {
    if !method.has_secret() {
        return Ok((None, Vec::new()));
    }
    let (secret, stored) = mint_secret(&work.management.pepper, work.now)?;
    Ok((Some(secret), vec![stored]))
}

/// A new secret and what is kept of it.
pub(super) fn mint_secret(pepper: &Pepper, now: Timestamp) -> Result<(ClientSecret, StoredSecret), AppError> {
    let secret = ClientSecret::from_random(&random::bytes::<32>()?);
    let stored = StoredSecret {
        id: SecretId::from_parts(clock::unix_milliseconds(), random_bits()?),
        hint: secret.hint(),
        proof: SecretProof::Digest(pepper.digest(secret.expose().as_bytes())),
        created_at: now,
        expires_at: None,
    };
    Ok((secret, stored))
}
