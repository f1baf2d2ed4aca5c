//! What imported keys were called at the servers that they came from: a column of the keys, and of those deleted.

use std::collections::HashMap;

use diesel::prelude::*;

use super::schema::{api_keys, deleted_api_keys};
use super::{DbConnection, StoreError};
use crate::domain::foreign_client_id::ForeignClientId;
use crate::domain::id::{ClientId, OrganizationId};

/// The key that has, or had until it was deleted, this foreign id.
///
/// # Errors
/// [`StoreError`].
pub fn find(connection: &mut DbConnection, id: &ForeignClientId) -> Result<Option<ClientId>, StoreError> {
    let live: Option<String> = api_keys::table
        .filter(api_keys::foreign_client_id.eq(id.as_str()))
        .select(api_keys::client_id)
        .first(connection)
        .optional()?;
    let found = match live {
        Some(live) => Some(live),
        None => deleted_api_keys::table
            .filter(deleted_api_keys::foreign_client_id.eq(id.as_str()))
            .select(deleted_api_keys::client_id)
            .first(connection)
            .optional()?,
    };
    found.map(|text| text.parse().map_err(|detail| StoreError::corrupt("api_keys", &text, detail))).transpose()
}

/// Whether any key came from another server.
///
/// # Errors
/// [`StoreError`].
pub fn any(connection: &mut DbConnection) -> Result<bool, StoreError> {
    let live: Option<String> = api_keys::table
        .filter(api_keys::foreign_client_id.is_not_null())
        .select(api_keys::client_id)
        .first(connection)
        .optional()?;
    if live.is_some() {
        return Ok(true);
    }
    let deleted: Option<String> = deleted_api_keys::table
        .filter(deleted_api_keys::foreign_client_id.is_not_null())
        .select(deleted_api_keys::client_id)
        .first(connection)
        .optional()?;
    Ok(deleted.is_some())
}

/// Who has a foreign id already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The key.
    pub client_id: ClientId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// Whether the key was deleted since.
    pub deleted: bool,
}

/// The most ids in one statement.
const CHUNK: usize = 500;

/// Those of `ids` that are taken, and by whom.
///
/// # Errors
/// [`StoreError`].
pub fn holders(connection: &mut DbConnection, ids: &[&ForeignClientId]) -> Result<HashMap<ForeignClientId, Holder>, StoreError> {
    let mut found = HashMap::new();
    for chunk in ids.chunks(CHUNK) {
        let texts: Vec<&str> = chunk.iter().map(|id| id.as_str()).collect();
        let live: Vec<(Option<String>, String, String)> = api_keys::table
            .filter(api_keys::foreign_client_id.eq_any(&texts))
            .select((api_keys::foreign_client_id, api_keys::client_id, api_keys::organization_id))
            .load(connection)?;
        let deleted: Vec<(Option<String>, String, String)> = deleted_api_keys::table
            .filter(deleted_api_keys::foreign_client_id.eq_any(&texts))
            .select((deleted_api_keys::foreign_client_id, deleted_api_keys::client_id, deleted_api_keys::organization_id))
            .load(connection)?;
        let all = live.into_iter().map(|row| (row, false)).chain(deleted.into_iter().map(|row| (row, true)));
        for ((foreign, client_id, organization_id), deleted) in all {
            let Some(foreign) = foreign else { continue };
            let damaged = |detail| StoreError::corrupt("api_keys", &client_id, detail);
            let holder = Holder {
                client_id: client_id.parse().map_err(damaged)?,
                organization_id: organization_id.parse().map_err(damaged)?,
                deleted,
            };
            found.insert(foreign.parse().map_err(damaged)?, holder);
        }
    }
    Ok(found)
}
