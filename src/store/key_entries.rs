//! API keys as the token endpoint needs them: a third of what [`super::api_keys`] reads, and many at once for little.

use std::collections::HashMap;
use std::iter::Peekable;

use diesel::prelude::*;

use super::schema::{api_keys, api_secrets, deleted_api_keys, grants};
use super::{DbConnection, StoreError};
use crate::domain::Invalid;
use crate::domain::api_key::TokenLifetime;
use crate::domain::client_secret::{SealedHash, SecretDigest};
use crate::domain::foreign_client_id::ForeignClientId;
use crate::domain::grant::GrantTarget;
use crate::domain::id::ClientId;
use crate::domain::key_entry::{ForeignSecretEntry, Holding, KeyEntry, SecretEntry, Sharing};
use crate::domain::key_epoch::KeyEpoch;
use crate::domain::public_credential::PublicCredential;
use crate::domain::time::Timestamp;

#[derive(Queryable, Selectable)]
#[diesel(table_name = api_keys)]
struct KeyRow {
    client_id: String,
    organization_id: String,
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
    foreign_client_id: Option<String>,
    public_credential: Option<String>,
    require_bound_tokens: bool,
    status_list: Option<i64>,
    status_index: Option<i64>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = api_secrets)]
struct SecretRow {
    client_id: String,
    id: String,
    digest: Vec<u8>,
    expires_at: Option<i64>,
    foreign_hash: Option<Vec<u8>>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = grants)]
struct GrantRow {
    client_id: String,
    target: String,
    scope: String,
}

/// The secrets of a key: ours, and those that another server has hashed.
type Secrets = (Box<[SecretEntry]>, Box<[ForeignSecretEntry]>);

impl SecretRow {
    fn entries(rows: &[Self]) -> Result<Secrets, StoreError> {
        let (mut own, mut foreign) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in rows {
            let corrupt = |detail: &dyn std::fmt::Display| StoreError::corrupt("api_secrets", &row.id, detail);
            let id = row.id.parse().map_err(|detail: Invalid| corrupt(&detail))?;
            let expires_at = row.expires_at.map(Timestamp::from_unix);
            if let Some(sealed) = &row.foreign_hash {
                foreign.push(ForeignSecretEntry { id, hash: SealedHash::from_bytes(sealed.clone()), expires_at });
                continue;
            }
            let digest = <[u8; 32]>::try_from(row.digest.as_slice());
            let digest = SecretDigest::from_bytes(digest.map_err(|_| corrupt(&"the digest does not have 32 bytes"))?);
            own.push(SecretEntry { id, digest, expires_at });
        }
        Ok((own.into_boxed_slice(), foreign.into_boxed_slice()))
    }
}

impl KeyRow {
    fn entry(&self, grants: &[GrantRow], secrets: &[SecretRow], sharing: &Sharing) -> Result<KeyEntry, StoreError> {
        let secrets = SecretRow::entries(secrets)?;
        self.parse(grants, secrets, sharing).map_err(|detail| StoreError::corrupt("api_keys", &self.client_id, detail))
    }

    fn parse(&self, grants: &[GrantRow], (secrets, foreign_secrets): Secrets, sharing: &Sharing) -> Result<KeyEntry, Invalid> {
        let holding = match self.kind.as_str() {
            "admin" => Holding::Admin(self.account_id.as_deref().map(str::parse).transpose()?),
            "scoped" => {
                let held = |row: &GrantRow| Ok((row.target.parse::<GrantTarget>()?, sharing.name(&row.scope)?));
                Holding::scoped(grants.iter().map(held).collect::<Result<_, Invalid>>()?, sharing)?
            }
            _ => return Err(Invalid::new("kind", "invalid_kind", "is neither admin nor scoped")),
        };
        Ok(KeyEntry {
            client_id: self.client_id.parse()?,
            organization_id: self.organization_id.parse()?,
            holding,
            secrets,
            foreign_secrets,
            ip_allowlist: self.ip_allowlist.parse()?,
            max_payout: self.max_payout.as_deref().map(str::parse).transpose()?,
            plan: self.plan.as_deref().map(|name| name.parse().map(|name| sharing.plan(name))).transpose()?,
            token_lifetime: TokenLifetime::from_seconds(self.token_lifetime_seconds)?,
            auth_method: self.token_endpoint_auth_method.parse()?,
            public_credential: self.public_credential.as_deref().map(PublicCredential::from_stored).transpose()?.map(Box::new),
            require_bound_tokens: self.require_bound_tokens,
            expires_at: self.expires_at.map(Timestamp::from_unix),
            disabled: self.disabled_at.is_some(),
            tokens_revoked_at: self.tokens_revoked_at.map(Timestamp::from_unix),
            epoch: self
                .status_list
                .zip(self.status_index)
                .map(|(list, index)| KeyEpoch::from_columns(list, index))
                .transpose()?,
        })
    }
}

/// What the database knows of an id.
#[derive(Debug)]
pub enum Found {
    /// The key.
    Key(KeyEntry),
    /// There was such a key.
    Deleted,
    /// There never was.
    Unknown,
}

/// The key of this id.
///
/// # Errors
/// [`StoreError::Corrupt`] when it no longer parses.
pub fn find(connection: &mut DbConnection, id: ClientId, sharing: &Sharing) -> Result<Found, StoreError> {
    let id = id.to_string();
    let row: Option<KeyRow> = api_keys::table.find(&id).select(KeyRow::as_select()).first(connection).optional()?;
    let Some(row) = row else {
        let deleted: Option<String> =
            deleted_api_keys::table.find(&id).select(deleted_api_keys::client_id).first(connection).optional()?;
        return Ok(if deleted.is_some() { Found::Deleted } else { Found::Unknown });
    };
    let held: Vec<GrantRow> = match row.kind.as_str() {
        "scoped" => grants::table.filter(grants::client_id.eq(&id)).select(GrantRow::as_select()).load(connection)?,
        _ => Vec::new(),
    };
    let secrets: Vec<SecretRow> =
        api_secrets::table.filter(api_secrets::client_id.eq(&id)).select(SecretRow::as_select()).load(connection)?;
    row.entry(&held, &secrets, sharing).map(Found::Key)
}

/// [`find`] for several ids, in their order; a damaged key is an error in its place. A server is asked for all of them
/// together, so that they do not cost a round trip each.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn find_all(
    connection: &mut DbConnection,
    ids: &[ClientId],
    sharing: &Sharing,
) -> Result<Vec<Result<Found, StoreError>>, StoreError> {
    if ids.len() > 1 && matches!(connection, DbConnection::Postgres(_)) {
        return find_together(connection, ids, sharing);
    }
    let one = |id: &ClientId| match find(connection, *id, sharing) {
        Err(error @ StoreError::Corrupt { .. }) => Ok(Err(error)),
        Err(error) => Err(error),
        Ok(found) => Ok(Ok(found)),
    };
    ids.iter().map(one).collect()
}

fn find_together(
    connection: &mut DbConnection,
    ids: &[ClientId],
    sharing: &Sharing,
) -> Result<Vec<Result<Found, StoreError>>, StoreError> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let rows: Vec<KeyRow> =
        api_keys::table.filter(api_keys::client_id.eq_any(&ids)).select(KeyRow::as_select()).load(connection)?;
    let mut secrets: Vec<SecretRow> =
        api_secrets::table.filter(api_secrets::client_id.eq_any(&ids)).select(SecretRow::as_select()).load(connection)?;
    let mut held: Vec<GrantRow> =
        grants::table.filter(grants::client_id.eq_any(&ids)).select(GrantRow::as_select()).load(connection)?;
    let rows: HashMap<&str, &KeyRow> = rows.iter().map(|row| (row.client_id.as_str(), row)).collect();
    let missing: Vec<&String> = ids.iter().filter(|id| !rows.contains_key(id.as_str())).collect();
    let deleted: Vec<String> = match missing.is_empty() {
        true => Vec::new(),
        false => deleted_api_keys::table
            .filter(deleted_api_keys::client_id.eq_any(missing))
            .select(deleted_api_keys::client_id)
            .load(connection)?,
    };
    let secrets = by_key(&mut secrets, |row| &row.client_id);
    let held = by_key(&mut held, |row| &row.client_id);
    let one = |id: &String| match rows.get(id.as_str()) {
        Some(row) => {
            let (held, secrets) = (held.get(id.as_str()), secrets.get(id.as_str()));
            row.entry(held.copied().unwrap_or_default(), secrets.copied().unwrap_or_default(), sharing).map(Found::Key)
        }
        None if deleted.contains(id) => Ok(Found::Deleted),
        None => Ok(Found::Unknown),
    };
    Ok(ids.iter().map(one).collect())
}

fn by_key<T>(rows: &mut [T], key: impl Fn(&T) -> &String) -> HashMap<&str, &[T]> {
    rows.sort_unstable_by(|a, b| key(a).cmp(key(b)));
    let rows: &[T] = rows;
    rows.chunk_by(|a, b| key(a) == key(b)).filter_map(|chunk| Some((key(chunk.first()?).as_str(), chunk))).collect()
}

/// Some keys in order of their ids.
#[derive(Debug, Default)]
pub struct Page {
    /// The keys; a damaged one is an error in its place.
    pub keys: Vec<Result<KeyEntry, StoreError>>,
    /// What those of them that were imported were called before.
    pub foreign_client_ids: Vec<(ForeignClientId, ClientId)>,
    /// The last one's id as it is stored, to ask for what comes after it; `None`: there was nothing more.
    pub last: Option<String>,
}

/// Up to `limit` keys of any organization that come after `after` (empty: from the start): three scans in one order,
/// side by side.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn page(connection: &mut DbConnection, after: &str, limit: i64, sharing: &Sharing) -> Result<Page, StoreError> {
    let rows: Vec<KeyRow> = api_keys::table
        .filter(api_keys::client_id.gt(after))
        .order(api_keys::client_id)
        .limit(limit)
        .select(KeyRow::as_select())
        .load(connection)?;
    let Some(last) = rows.last().map(|row| row.client_id.clone()) else { return Ok(Page::default()) };
    let secrets: Vec<SecretRow> = api_secrets::table
        .filter(api_secrets::client_id.gt(after).and(api_secrets::client_id.le(&last)))
        .order(api_secrets::client_id)
        .select(SecretRow::as_select())
        .load(connection)?;
    let held: Vec<GrantRow> = grants::table
        .filter(grants::client_id.gt(after).and(grants::client_id.le(&last)))
        .order(grants::client_id)
        .select(GrantRow::as_select())
        .load(connection)?;
    let mut secrets = secrets.chunk_by(|a, b| a.client_id == b.client_id).peekable();
    let mut held = held.chunk_by(|a, b| a.client_id == b.client_id).peekable();
    let mut keys: Vec<_> = rows
        .iter()
        .map(|row| {
            let of_key = |client_id: &str| client_id == row.client_id;
            let secrets = next_of(&mut secrets, |secret| of_key(&secret.client_id));
            row.entry(next_of(&mut held, |grant| of_key(&grant.client_id)), secrets, sharing)
        })
        .collect();
    // Rows of no key would make the keys after them look as if they had none.
    if secrets.next().is_some() || held.next().is_some() {
        keys = vec![Err(StoreError::corrupt("api_keys", &last, "before it are secrets or grants of no key"))];
    }
    let foreign = |row: &KeyRow| Some((row.foreign_client_id.as_ref()?.parse().ok()?, row.client_id.parse().ok()?));
    Ok(Page { keys, foreign_client_ids: rows.iter().filter_map(foreign).collect(), last: Some(last) })
}

/// The next chunk, when it is the wanted key's.
fn next_of<'r, T>(chunks: &mut Peekable<impl Iterator<Item = &'r [T]>>, wanted: impl Fn(&T) -> bool) -> &'r [T] {
    chunks.next_if(|chunk| chunk.first().is_some_and(wanted)).unwrap_or_default()
}
