//! The table of secrets.

use std::collections::HashMap;

use diesel::prelude::*;

use super::schema::{api_keys, api_secrets};
use super::{DbConnection, StoreError, WriteTransaction, secret_uses};
use crate::domain::api_key::ApiKey;
use crate::domain::client_secret::{SealedHash, SecretDigest, SecretHint, SecretProof, StoredSecret};
use crate::domain::id::{ClientId, SecretId};
use crate::domain::time::Timestamp;

#[derive(Queryable, Insertable)]
#[diesel(table_name = api_secrets)]
struct Row {
    id: String,
    client_id: String,
    digest: Vec<u8>,
    hint: String,
    created_at: i64,
    expires_at: Option<i64>,
    foreign_hash: Option<Vec<u8>>,
}

impl TryFrom<Row> for StoredSecret {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let digest = <[u8; 32]>::try_from(row.digest)
            .map_err(|_| StoreError::corrupt("api_secrets", &row.id, "the digest does not have 32 bytes"))?;
        let proof = match row.foreign_hash {
            Some(sealed) => SecretProof::Foreign(SealedHash::from_bytes(sealed)),
            None => SecretProof::Digest(SecretDigest::from_bytes(digest)),
        };
        Ok(Self {
            id: row.id.parse().map_err(|detail| StoreError::corrupt("api_secrets", &row.id, detail))?,
            hint: SecretHint::from_stored(row.hint),
            proof,
            created_at: Timestamp::from_unix(row.created_at),
            expires_at: row.expires_at.map(Timestamp::from_unix),
        })
    }
}

/// The digest of a secret that nobody here has seen yet: no secret has it.
const NO_DIGEST: [u8; 32] = [0; 32];

impl Row {
    fn of(key: ClientId, secret: &StoredSecret) -> Self {
        let (digest, foreign_hash) = match &secret.proof {
            SecretProof::Digest(digest) => (digest.as_bytes().to_vec(), None),
            SecretProof::Foreign(sealed) => (NO_DIGEST.to_vec(), Some(sealed.as_bytes().to_vec())),
        };
        Self {
            id: secret.id.to_string(),
            client_id: key.to_string(),
            digest,
            hint: secret.hint.as_str().to_owned(),
            created_at: secret.created_at.unix(),
            expires_at: secret.expires_at.map(Timestamp::unix),
            foreign_hash,
        }
    }
}

pub(super) type Stored = Vec<StoredSecret>;

/// Adds a secret to a key.
///
/// # Errors
/// [`StoreError`].
pub fn insert(transaction: &mut WriteTransaction<'_>, key: ClientId, secret: &StoredSecret) -> Result<(), StoreError> {
    let row = Row::of(key, secret);
    diesel::insert_into(api_secrets::table).values(&row).execute(transaction.connection)?;
    secret_uses::insert(transaction, &[&row.id])
}

/// Adds the secrets of many keys, in few statements.
///
/// # Errors
/// [`StoreError`].
pub(super) fn insert_all(transaction: &mut WriteTransaction<'_>, keys: &[ApiKey]) -> Result<(), StoreError> {
    let rows: Vec<Row> = keys.iter().flat_map(|key| key.secrets.iter().map(|secret| Row::of(key.client_id, secret))).collect();
    insert_rows!(transaction, api_secrets::table, rows);
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    secret_uses::insert(transaction, &ids)
}

/// Puts our own digest in the place of another server's hash. False when there is no such hash (any more): another node
/// was quicker, or the secret is gone.
///
/// # Errors
/// [`StoreError`].
pub fn replace_foreign_hash(
    transaction: &mut WriteTransaction<'_>,
    id: SecretId,
    digest: &SecretDigest,
) -> Result<bool, StoreError> {
    let still_foreign = api_secrets::table.find(id.to_string()).filter(api_secrets::foreign_hash.is_not_null());
    let rows = diesel::update(still_foreign)
        .set((api_secrets::digest.eq(digest.as_bytes().to_vec()), api_secrets::foreign_hash.eq(None::<Vec<u8>>)))
        .execute(transaction.connection)?;
    Ok(rows > 0)
}

/// Removes a secret of a key; when it was last used stays known of the key.
///
/// # Errors
/// [`StoreError`].
pub fn delete(transaction: &mut WriteTransaction<'_>, key: ClientId, id: SecretId) -> Result<(), StoreError> {
    delete_row(transaction.connection, &key.to_string(), &id.to_string())
}

fn delete_row(connection: &mut DbConnection, client_id: &str, id: &str) -> Result<(), StoreError> {
    // What is no id of ours was never used.
    let ids: Vec<SecretId> = id.parse().into_iter().collect();
    for last in secret_uses::of(connection, &ids)?.into_values() {
        let Some(at) = last.last_used_at.map(Timestamp::unix) else { continue };
        let earlier = api_keys::last_used_at.is_null().or(api_keys::last_used_at.lt(at));
        diesel::update(api_keys::table.find(client_id).filter(earlier))
            .set((api_keys::last_used_at.eq(at), api_keys::last_used_ip.eq(last.last_used_ip.map(|ip| ip.to_string()))))
            .execute(connection)?;
    }
    diesel::delete(api_secrets::table.find(id)).execute(connection)?;
    Ok(())
}

/// Lets a secret end at `expires_at`.
///
/// # Errors
/// [`StoreError`].
pub fn expire(transaction: &mut WriteTransaction<'_>, id: SecretId, expires_at: Timestamp) -> Result<(), StoreError> {
    diesel::update(api_secrets::table.find(id.to_string()))
        .set(api_secrets::expires_at.eq(expires_at.unix()))
        .execute(transaction.connection)?;
    Ok(())
}

pub(super) fn of_key(connection: &mut DbConnection, client_id: &str) -> Result<Stored, StoreError> {
    let rows: Vec<Row> =
        api_secrets::table.filter(api_secrets::client_id.eq(client_id)).order(api_secrets::id.desc()).load(connection)?;
    let mut secrets = rows.into_iter().map(StoredSecret::try_from).collect::<Result<Stored, _>>()?;
    newest_first(&mut secrets);
    Ok(secrets)
}

/// The one without an end is the newest, then those that end later: ids hold the clock, which may have been set back.
fn newest_first(secrets: &mut Stored) {
    secrets.sort_by_key(|secret| std::cmp::Reverse((secret.expires_at.is_none(), secret.expires_at, secret.id)));
}

/// By key; a damaged secret is an error in its key's place.
pub(super) fn of_keys(
    connection: &mut DbConnection,
    ids: &[&str],
) -> Result<HashMap<String, Result<Stored, StoreError>>, StoreError> {
    let rows: Vec<Row> =
        api_secrets::table.filter(api_secrets::client_id.eq_any(ids)).order(api_secrets::id.desc()).load(connection)?;
    let mut found: HashMap<String, Result<Stored, StoreError>> = HashMap::new();
    for row in rows {
        let of_key = found.entry(row.client_id.clone()).or_insert_with(|| Ok(Vec::new()));
        match (of_key.as_mut(), StoredSecret::try_from(row)) {
            (Ok(secrets), Ok(secret)) => secrets.push(secret),
            (Ok(_), Err(error)) => *of_key = Err(error),
            (Err(_), _) => {}
        }
    }
    found.values_mut().filter_map(|secrets| secrets.as_mut().ok()).for_each(newest_first);
    Ok(found)
}

/// Ended secrets removed at a time.
const ENDED_AT_ONCE: i64 = 500;

/// Removes secrets that ended before `moment`, some at a time; when they were last used stays known of their keys.
///
/// # Errors
/// [`StoreError`].
pub fn remove_ended_before(transaction: &mut WriteTransaction<'_>, moment: Timestamp) -> Result<usize, StoreError> {
    let ended: Vec<(String, String)> = api_secrets::table
        .filter(api_secrets::expires_at.lt(moment.unix()))
        .select((api_secrets::id, api_secrets::client_id))
        .limit(ENDED_AT_ONCE)
        .load(transaction.connection)?;
    for (id, client_id) in &ended {
        delete_row(transaction.connection, client_id, id)?;
    }
    Ok(ended.len())
}
