//! The tables of API keys and their grants.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;

use super::schema::{api_keys, deleted_api_keys, grants};
use super::{DbConnection, StoreError, WriteTransaction, secrets};
use crate::domain::Invalid;
use crate::domain::api_key::{ApiKey, KeyKind, KeySettings, TokenLifetime};
use crate::domain::grant::{Grant, GrantTarget, Grants};
use crate::domain::id::{ClientId, OrganizationId};
use crate::domain::key_epoch::KeyEpoch;
use crate::domain::public_credential::PublicCredential;
use crate::domain::scope::ScopeName;
use crate::domain::time::Timestamp;

#[derive(Queryable, Insertable)]
#[diesel(table_name = api_keys)]
pub(super) struct KeyRow {
    client_id: String,
    organization_id: String,
    name: String,
    kind: String,
    account_id: Option<String>,
    token_endpoint_auth_method: String,
    ip_allowlist: String,
    max_payout: Option<String>,
    token_lifetime_seconds: i64,
    plan: Option<String>,
    expires_at: Option<i64>,
    disabled_at: Option<i64>,
    tokens_revoked_at: Option<i64>,
    last_used_at: Option<i64>,
    last_used_ip: Option<String>,
    created_by: String,
    created_at: i64,
    updated_at: i64,
    foreign_client_id: Option<String>,
    public_credential: Option<String>,
    require_bound_tokens: bool,
    status_list: Option<i64>,
    status_index: Option<i64>,
}

#[derive(Queryable, Insertable, Selectable)]
#[diesel(table_name = grants)]
struct GrantRow {
    client_id: String,
    organization_id: String,
    target: String,
    account_id: Option<String>,
    scope: String,
}

impl KeyRow {
    pub(super) fn client_id(&self) -> &str {
        &self.client_id
    }

    fn of(key: &ApiKey) -> Self {
        let account = match key.kind {
            KeyKind::Admin(account) => account,
            KeyKind::Scoped(_) => None,
        };
        Self {
            client_id: key.client_id.to_string(),
            organization_id: key.organization_id.to_string(),
            name: key.settings.name.to_string(),
            kind: key.kind.as_str().to_owned(),
            account_id: account.map(|id| id.to_string()),
            token_endpoint_auth_method: key.auth_method.as_str().to_owned(),
            ip_allowlist: key.settings.ip_allowlist.to_string(),
            max_payout: key.settings.max_payout.as_ref().map(ToString::to_string),
            token_lifetime_seconds: i64::from(key.settings.token_lifetime.seconds()),
            plan: key.settings.plan.as_ref().map(ToString::to_string),
            expires_at: key.settings.expires_at.map(Timestamp::unix),
            disabled_at: key.disabled_at.map(Timestamp::unix),
            tokens_revoked_at: key.tokens_revoked_at.map(Timestamp::unix),
            last_used_at: key.last_used_at.map(Timestamp::unix),
            last_used_ip: key.last_used_ip.map(|ip| ip.to_string()),
            created_by: key.created_by.clone(),
            created_at: key.created_at.unix(),
            updated_at: key.updated_at.unix(),
            foreign_client_id: key.foreign_client_id.as_ref().map(ToString::to_string),
            public_credential: key.settings.public_credential.as_ref().map(PublicCredential::to_stored),
            require_bound_tokens: key.settings.require_bound_tokens,
            status_list: key.epoch.map(|epoch| i64::from(epoch.list.number())),
            status_index: key.epoch.map(|epoch| i64::from(epoch.index)),
        }
    }

    fn into_key(self, grants: Vec<GrantRow>, secrets: secrets::Stored) -> Result<ApiKey, StoreError> {
        let id = self.client_id.clone();
        self.parse(grants, secrets).map_err(|detail| StoreError::corrupt("api_keys", id, detail))
    }

    fn parse(self, grants: Vec<GrantRow>, secrets: secrets::Stored) -> Result<ApiKey, Invalid> {
        let kind = match self.kind.as_str() {
            "admin" => KeyKind::Admin(self.account_id.as_deref().map(str::parse).transpose()?),
            "scoped" => KeyKind::Scoped(assemble(grants)?),
            _ => return Err(Invalid::new("kind", "invalid_kind", "is neither admin nor scoped")),
        };
        Ok(ApiKey {
            client_id: self.client_id.parse()?,
            organization_id: self.organization_id.parse()?,
            kind,
            settings: KeySettings {
                name: self.name.parse()?,
                ip_allowlist: self.ip_allowlist.parse()?,
                max_payout: self.max_payout.as_deref().map(str::parse).transpose()?,
                token_lifetime: TokenLifetime::from_seconds(self.token_lifetime_seconds)?,
                plan: self.plan.as_deref().map(str::parse).transpose()?,
                expires_at: self.expires_at.map(Timestamp::from_unix),
                public_credential: self.public_credential.as_deref().map(PublicCredential::from_stored).transpose()?,
                require_bound_tokens: self.require_bound_tokens,
            },
            auth_method: self.token_endpoint_auth_method.parse()?,
            foreign_client_id: self.foreign_client_id.as_deref().map(str::parse).transpose()?,
            secrets,
            disabled_at: self.disabled_at.map(Timestamp::from_unix),
            tokens_revoked_at: self.tokens_revoked_at.map(Timestamp::from_unix),
            epoch: self
                .status_list
                .zip(self.status_index)
                .map(|(list, index)| KeyEpoch::from_columns(list, index))
                .transpose()?,
            last_used_at: self.last_used_at.map(Timestamp::from_unix),
            last_used_ip: self.last_used_ip.and_then(|ip| ip.parse().ok()),
            created_by: self.created_by,
            created_at: Timestamp::from_unix(self.created_at),
            updated_at: Timestamp::from_unix(self.updated_at),
        })
    }
}

fn assemble(rows: Vec<GrantRow>) -> Result<Grants, Invalid> {
    let mut all: Vec<Grant> = Vec::new();
    for row in rows {
        let target: GrantTarget = row.target.parse()?;
        let scope: ScopeName = row.scope.parse()?;
        match all.iter_mut().find(|grant| grant.target == target) {
            Some(grant) => drop(grant.scopes.insert(scope)),
            None => all.push(Grant { target, scopes: BTreeSet::from([scope]) }),
        }
    }
    Grants::new(all)
}

/// Adds a key with its grants and secrets.
///
/// # Errors
/// [`StoreError::UniqueViolation`] when its target has an admin key already, [`StoreError::ForeignKeyViolation`] when
/// an account, a scope or the plan does not exist or is another organization's.
pub fn insert(transaction: &mut WriteTransaction<'_>, key: &ApiKey) -> Result<(), StoreError> {
    diesel::insert_into(api_keys::table).values(KeyRow::of(key)).execute(transaction.connection)?;
    insert_grants(transaction, key)?;
    for secret in &key.secrets {
        secrets::insert(transaction, key.client_id, secret)?;
    }
    Ok(())
}

/// Adds many keys with their grants and secrets, in few statements.
///
/// # Errors
/// As for [`insert`].
pub fn insert_all(transaction: &mut WriteTransaction<'_>, keys: &[ApiKey]) -> Result<(), StoreError> {
    let rows: Vec<KeyRow> = keys.iter().map(KeyRow::of).collect();
    insert_rows!(transaction, api_keys::table, rows);
    let rows: Vec<GrantRow> = keys.iter().flat_map(GrantRow::of_key).collect();
    insert_rows!(transaction, grants::table, rows);
    secrets::insert_all(transaction, keys)
}

impl GrantRow {
    fn of_key(key: &ApiKey) -> Vec<Self> {
        let KeyKind::Scoped(all) = &key.kind else { return Vec::new() };
        let row = |target: GrantTarget, scope: &ScopeName| Self {
            client_id: key.client_id.to_string(),
            organization_id: key.organization_id.to_string(),
            target: target.to_string(),
            account_id: target.account().map(|id| id.to_string()),
            scope: scope.to_string(),
        };
        all.iter().flat_map(|grant| grant.scopes.iter().map(move |scope| row(grant.target, scope))).collect()
    }
}

fn insert_grants(transaction: &mut WriteTransaction<'_>, key: &ApiKey) -> Result<(), StoreError> {
    for row in GrantRow::of_key(key) {
        diesel::insert_into(grants::table).values(row).execute(transaction.connection)?;
    }
    Ok(())
}

/// Writes the settings, grants and state of a key that is there; never its secrets, nor when it was last used, which goes on
/// meanwhile.
///
/// # Errors
/// [`StoreError::ForeignKeyViolation`] as for [`insert`].
pub fn update(transaction: &mut WriteTransaction<'_>, key: &ApiKey) -> Result<(), StoreError> {
    let row = KeyRow::of(key);
    diesel::update(api_keys::table.find(&row.client_id))
        .set((
            api_keys::name.eq(&row.name),
            api_keys::ip_allowlist.eq(&row.ip_allowlist),
            api_keys::max_payout.eq(&row.max_payout),
            api_keys::token_lifetime_seconds.eq(row.token_lifetime_seconds),
            api_keys::plan.eq(&row.plan),
            api_keys::expires_at.eq(row.expires_at),
            api_keys::public_credential.eq(&row.public_credential),
            api_keys::require_bound_tokens.eq(row.require_bound_tokens),
            api_keys::disabled_at.eq(row.disabled_at),
            api_keys::tokens_revoked_at.eq(row.tokens_revoked_at),
            api_keys::status_list.eq(row.status_list),
            api_keys::status_index.eq(row.status_index),
            api_keys::updated_at.eq(row.updated_at),
        ))
        .execute(transaction.connection)?;
    diesel::delete(grants::table.filter(grants::client_id.eq(&row.client_id))).execute(transaction.connection)?;
    insert_grants(transaction, key)
}

/// Removes a key with its grants and secrets, and remembers that it was there.
///
/// # Errors
/// [`StoreError`].
pub fn delete(transaction: &mut WriteTransaction<'_>, key: &ApiKey, now: Timestamp) -> Result<(), StoreError> {
    let client_id = key.client_id.to_string();
    diesel::delete(api_keys::table.find(&client_id)).execute(transaction.connection)?;
    diesel::insert_into(deleted_api_keys::table)
        .values((
            deleted_api_keys::client_id.eq(client_id),
            deleted_api_keys::organization_id.eq(key.organization_id.to_string()),
            deleted_api_keys::name.eq(key.settings.name.as_str()),
            deleted_api_keys::deleted_at.eq(now.unix()),
            deleted_api_keys::foreign_client_id.eq(key.foreign_client_id.as_ref().map(ToString::to_string)),
        ))
        .execute(transaction.connection)?;
    Ok(())
}

/// Whose a key is or was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its organization.
    pub organization_id: OrganizationId,
    /// Whether the key is gone.
    pub is_deleted: bool,
}

/// Whose these keys are or were; ids of none are left out.
///
/// # Errors
/// [`StoreError`].
pub fn owners(connection: &mut DbConnection, ids: &[ClientId]) -> Result<HashMap<ClientId, Owner>, StoreError> {
    let mut found = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let ids: Vec<String> = chunk.iter().map(ToString::to_string).collect();
        let live: Vec<(String, String)> = api_keys::table
            .filter(api_keys::client_id.eq_any(&ids))
            .select((api_keys::client_id, api_keys::organization_id))
            .load(connection)?;
        let deleted: Vec<(String, String)> = deleted_api_keys::table
            .filter(deleted_api_keys::client_id.eq_any(&ids))
            .select((deleted_api_keys::client_id, deleted_api_keys::organization_id))
            .load(connection)?;
        let rows = live.into_iter().map(|row| (row, false)).chain(deleted.into_iter().map(|row| (row, true)));
        for ((client_id, organization_id), is_deleted) in rows {
            let damaged = |detail| StoreError::corrupt("api_keys", &client_id, detail);
            let organization_id = organization_id.parse().map_err(damaged)?;
            found.insert(client_id.parse().map_err(damaged)?, Owner { organization_id, is_deleted });
        }
    }
    Ok(found)
}

/// The key of this id, with every secret that is kept of it.
///
/// # Errors
/// [`StoreError::Corrupt`] when it no longer parses.
pub fn find(connection: &mut DbConnection, id: ClientId) -> Result<Option<ApiKey>, StoreError> {
    let client_id = id.to_string();
    let Some(row): Option<KeyRow> = api_keys::table.find(&client_id).first(connection).optional()? else { return Ok(None) };
    let grants = match row.kind.as_str() {
        "scoped" => grants::table.filter(grants::client_id.eq(&client_id)).load(connection)?,
        _ => Vec::new(),
    };
    let secrets = secrets::of_key(connection, &client_id)?;
    row.into_key(grants, secrets).map(Some)
}

/// The keys of an organization, the oldest first.
///
/// # Errors
/// [`StoreError::Corrupt`] when one no longer parses.
pub fn of_organization(connection: &mut DbConnection, id: OrganizationId) -> Result<Vec<ApiKey>, StoreError> {
    let rows: Vec<KeyRow> =
        api_keys::table.filter(api_keys::organization_id.eq(id.to_string())).order(api_keys::client_id).load(connection)?;
    with_parts(connection, rows)?.into_iter().collect()
}

/// The most ids in one statement.
const CHUNK: usize = 500;

/// The keys of these rows; one that no longer parses is an error in its place.
pub(super) fn with_parts(
    connection: &mut DbConnection,
    rows: Vec<KeyRow>,
) -> Result<Vec<Result<ApiKey, StoreError>>, StoreError> {
    let mut keys = Vec::with_capacity(rows.len());
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let chunk: Vec<KeyRow> = rows.by_ref().take(CHUNK).collect();
        let ids: Vec<&str> = chunk.iter().map(|row| row.client_id.as_str()).collect();
        let mut grants: HashMap<String, Vec<GrantRow>> = HashMap::new();
        let found: Vec<GrantRow> = grants::table.filter(grants::client_id.eq_any(&ids)).load(connection)?;
        for row in found {
            grants.entry(row.client_id.clone()).or_default().push(row);
        }
        let mut secrets = secrets::of_keys(connection, &ids)?;
        for row in chunk {
            let grants = grants.remove(&row.client_id).unwrap_or_default();
            let secrets = secrets.remove(&row.client_id).unwrap_or_else(|| Ok(Vec::new()));
            keys.push(secrets.and_then(|secrets| row.into_key(grants, secrets)));
        }
    }
    Ok(keys)
}

/// How many keys there are.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn count(connection: &mut DbConnection) -> Result<i64, StoreError> {
    Ok(api_keys::table.count().get_result(connection)?)
}
