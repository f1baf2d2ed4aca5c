//! What the daily sweep reads of keys, and the table of what it has told of them.

use std::collections::HashMap;

use diesel::prelude::*;

use super::schema::{announcements, api_keys, api_secret_uses, api_secrets};
use super::{DbConnection, StoreError, WriteTransaction};
use crate::domain::time::Timestamp;

/// What of a key decides whether its owners are told something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyAge {
    /// `key_…`
    pub client_id: String,
    /// Whose it is.
    pub organization_id: String,
    /// Shown to people.
    pub name: String,
    /// `admin` or `scoped`.
    pub kind: String,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// Its secrets.
    pub secrets: Vec<SecretAge>,
}

/// The same of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretAge {
    /// `sec_…`
    pub id: String,
    /// `clv_...x4f2`
    pub hint: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
}

type KeyColumns = (String, String, String, String, Option<i64>, i64, Option<i64>);
type SecretColumns = (String, String, String, i64, Option<i64>, Option<i64>);

/// Up to `limit` keys that are not disabled, after the id `after`, in the order of their ids.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn keys_after(connection: &mut DbConnection, after: &str, limit: i64) -> Result<Vec<KeyAge>, StoreError> {
    let keys: Vec<KeyColumns> = api_keys::table
        .filter(api_keys::client_id.gt(after))
        .filter(api_keys::disabled_at.is_null())
        .order(api_keys::client_id)
        .limit(limit)
        .select((
            api_keys::client_id,
            api_keys::organization_id,
            api_keys::name,
            api_keys::kind,
            api_keys::expires_at,
            api_keys::created_at,
            api_keys::last_used_at,
        ))
        .load(connection)?;
    let ids: Vec<&str> = keys.iter().map(|key| key.0.as_str()).collect();
    let rows: Vec<SecretColumns> = api_secrets::table
        .left_join(api_secret_uses::table.on(api_secret_uses::secret_id.eq(api_secrets::id)))
        .filter(api_secrets::client_id.eq_any(ids))
        .select((
            api_secrets::client_id,
            api_secrets::id,
            api_secrets::hint,
            api_secrets::created_at,
            api_secrets::expires_at,
            api_secret_uses::last_used_at.nullable(),
        ))
        .load(connection)?;
    let mut by_key: HashMap<String, (Vec<SecretAge>, Option<i64>)> = HashMap::with_capacity(keys.len());
    for (client_id, id, hint, created_at, expires_at, last_used_at) in rows {
        let (secrets, last_use) = by_key.entry(client_id).or_default();
        *last_use = (*last_use).max(last_used_at);
        let (created_at, expires_at) = (Timestamp::from_unix(created_at), expires_at.map(Timestamp::from_unix));
        secrets.push(SecretAge { id, hint, created_at, expires_at });
    }
    let key_age = |(client_id, organization_id, name, kind, expires_at, created_at, last_used_at): KeyColumns| {
        let (secrets, last_use) = by_key.remove(&client_id).unwrap_or_default();
        KeyAge {
            client_id,
            organization_id,
            name,
            kind,
            expires_at: expires_at.map(Timestamp::from_unix),
            created_at: Timestamp::from_unix(created_at),
            last_used_at: last_used_at.max(last_use).map(Timestamp::from_unix),
            secrets,
        }
    };
    Ok(keys.into_iter().map(key_age).collect())
}

/// Writes down that `what` is told of a key now; `false` when that was done after `not_since` already, or the key is
/// gone or disabled.
///
/// # Errors
/// [`StoreError::UniqueViolation`] when another node tells it at this moment.
pub fn announce(
    transaction: &mut WriteTransaction<'_>,
    client_id: &str,
    what: &str,
    now: Timestamp,
    not_since: Timestamp,
) -> Result<bool, StoreError> {
    let told: Option<i64> = announcements::table
        .find((client_id, what))
        .select(announcements::announced_at)
        .first(transaction.connection)
        .optional()?;
    if told.is_some() {
        let due = announcements::table.find((client_id, what)).filter(announcements::announced_at.le(not_since.unix()));
        let updated = diesel::update(due).set(announcements::announced_at.eq(now.unix())).execute(transaction.connection)?;
        return Ok(updated > 0);
    }
    let live: Option<String> = api_keys::table
        .find(client_id)
        .filter(api_keys::disabled_at.is_null())
        .select(api_keys::client_id)
        .first(transaction.connection)
        .optional()?;
    if live.is_none() {
        return Ok(false);
    }
    diesel::insert_into(announcements::table)
        .values((
            announcements::client_id.eq(client_id),
            announcements::what.eq(what),
            announcements::announced_at.eq(now.unix()),
        ))
        .execute(transaction.connection)?;
    Ok(true)
}
