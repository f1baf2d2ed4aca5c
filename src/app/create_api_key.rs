//! Makes an API key, and its copy.

use super::{AppError, random_bits};
use crate::clock;
use crate::crypto::digest::Pepper;
use crate::crypto::random;
use crate::domain::Invalid;
use crate::domain::api_key::{ApiKey, AuthMethod, KeyKind, KeySettings};
use crate::domain::catalogue::Catalogue;
use crate::domain::client_secret::{ClientSecret, SecretProof, StoredSecret};
use crate::domain::id::{ClientId, OrganizationId, SecretId};
use crate::domain::time::Timestamp;
use crate::store::{Change, Db, StoreError, WriteTransaction, accounts, api_keys, catalogue, organizations};

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
    /// Who makes it.
    pub created_by: String,
}

/// Makes a key. The secret is returned here and never again.
///
/// # Errors
/// [`AppError::Invalid`], [`AppError::NotFound`] when there is no such organization, [`AppError::Conflict`] when the
/// target has an admin key already.
pub fn create_api_key(db: &Db, pepper: &Pepper, new: NewApiKey) -> Result<(ApiKey, ClientSecret), AppError> {
    let now = clock::now();
    let (secret, stored) = mint_secret(pepper, now)?;
    let key = ApiKey {
        client_id: ClientId::from_parts(clock::unix_milliseconds(), random_bits()?),
        organization_id: new.organization_id,
        kind: new.kind,
        settings: new.settings,
        auth_method: new.auth_method,
        foreign_client_id: None,
        secrets: vec![stored],
        disabled_at: None,
        tokens_revoked_at: None,
        last_used_at: None,
        last_used_ip: None,
        created_by: new.created_by,
        created_at: now,
        updated_at: now,
    };
    db.write(now, |transaction| {
        check(transaction, &key, now)?;
        insert(transaction, &key)
    })?;
    Ok((key, secret))
}

/// Makes a key with the settings and grants of another, a new id and a new secret.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Conflict`] for an admin key, of which there can be one only.
pub fn duplicate_api_key(db: &Db, pepper: &Pepper, id: ClientId, created_by: &str) -> Result<(ApiKey, ClientSecret), AppError> {
    let now = clock::now();
    let (secret, stored) = mint_secret(pepper, now)?;
    let client_id = ClientId::from_parts(clock::unix_milliseconds(), random_bits()?);
    let key = db.write(now, |transaction| {
        let original = find(transaction, id)?;
        if matches!(original.kind, KeyKind::Admin(_)) {
            return Err(AppError::Conflict("an admin key can't be duplicated: there is one for each target".to_owned()));
        }
        let settings = KeySettings { name: original.settings.name.of_copy(), ..original.settings.clone() };
        let key = ApiKey {
            client_id,
            settings,
            foreign_client_id: None,
            secrets: vec![stored],
            disabled_at: None,
            tokens_revoked_at: None,
            last_used_at: None,
            last_used_ip: None,
            created_by: created_by.to_owned(),
            created_at: now,
            updated_at: now,
            ..original
        };
        insert(transaction, &key)?;
        Ok(key)
    })?;
    Ok((key, secret))
}

fn insert(transaction: &mut WriteTransaction<'_>, key: &ApiKey) -> Result<(), AppError> {
    api_keys::insert(transaction, key).map_err(|error| match error {
        StoreError::UniqueViolation(_) if matches!(key.kind, KeyKind::Admin(_)) => {
            AppError::Conflict("this target has an admin key already; regenerate that one, or delete it first".to_owned())
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
