//! The table of when and from where each secret was last used.

use std::collections::HashMap;
use std::net::IpAddr;

use diesel::prelude::*;

use super::last_uses::{self, LastUse, Table};
use super::schema::api_secret_uses;
use super::{DbConnection, StoreError, WriteTransaction, recent_secret_uses};
use crate::domain::id::SecretId;
use crate::domain::time::Timestamp;

/// When and from where a secret was last used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecretUse {
    /// `None`: never.
    pub last_used_at: Option<Timestamp>,
    /// The client's address then.
    pub last_used_ip: Option<IpAddr>,
}

/// Makes the rows of new secrets.
pub(super) fn insert(transaction: &mut WriteTransaction<'_>, secrets: &[&str]) -> Result<(), StoreError> {
    let rows: Vec<_> = secrets.iter().map(|id| api_secret_uses::secret_id.eq(*id)).collect();
    insert_rows!(transaction, api_secret_uses::table, rows);
    Ok(())
}

/// The uses of the named secrets, as far as they are there.
///
/// # Errors
/// [`StoreError`].
pub fn of(connection: &mut DbConnection, secrets: &[SecretId]) -> Result<HashMap<SecretId, SecretUse>, StoreError> {
    // First those that wait: if they are added to the rows meanwhile, then nothing is missed.
    let recent = recent_secret_uses::of(connection, secrets)?;
    let mut found = HashMap::with_capacity(secrets.len());
    for chunk in secrets.chunks(500) {
        let ids: Vec<String> = chunk.iter().map(ToString::to_string).collect();
        let rows: Vec<(String, Option<i64>, Option<String>)> =
            api_secret_uses::table.filter(api_secret_uses::secret_id.eq_any(ids)).load(connection)?;
        for (id, at, ip) in rows {
            let id: SecretId = id.parse().map_err(|detail| StoreError::corrupt("api_secret_uses", &id, detail))?;
            let known =
                SecretUse { last_used_at: at.map(Timestamp::from_unix), last_used_ip: ip.and_then(|text| text.parse().ok()) };
            let newer = recent.get(&id).filter(|new| known.last_used_at <= Some(new.at));
            found.insert(id, newer.map_or(known, |new| SecretUse { last_used_at: Some(new.at), last_used_ip: Some(new.ip) }));
        }
    }
    Ok(found)
}

/// Writes down when secrets were used, each of which may stand in `uses` once. A secret that is gone is passed over; what
/// its row knows of later stays.
///
/// # Errors
/// [`StoreError`].
pub fn record(transaction: &mut WriteTransaction<'_>, uses: &[LastUse<SecretId>]) -> Result<(), StoreError> {
    last_uses::write(transaction, Table::Secrets, uses)
}
