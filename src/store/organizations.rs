//! The table of organizations.

use diesel::prelude::*;

use super::schema::organizations;
use super::search::contains;
use super::{DbConnection, StoreError, WriteTransaction};
use crate::domain::id::OrganizationId;
use crate::domain::organization::Organization;
use crate::domain::time::Timestamp;

#[derive(Queryable, Insertable)]
#[diesel(table_name = organizations)]
struct Row {
    id: String,
    name: String,
    platform: bool,
    created_at: i64,
}

impl TryFrom<Row> for Organization {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let damaged = |detail| StoreError::corrupt("organizations", &row.id, detail);
        Ok(Self {
            id: row.id.parse().map_err(damaged)?,
            name: row.name.parse().map_err(damaged)?,
            platform: row.platform,
            created_at: Timestamp::from_unix(row.created_at),
        })
    }
}

/// Adds an organization.
///
/// # Errors
/// [`StoreError`].
pub fn insert(transaction: &mut WriteTransaction<'_>, organization: &Organization) -> Result<(), StoreError> {
    let row = Row {
        id: organization.id.to_string(),
        name: organization.name.to_string(),
        platform: organization.platform,
        created_at: organization.created_at.unix(),
    };
    diesel::insert_into(organizations::table).values(row).execute(transaction.connection)?;
    Ok(())
}

/// The organization of this id.
///
/// # Errors
/// [`StoreError`].
pub fn find(connection: &mut DbConnection, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
    let row: Option<Row> = organizations::table.find(id.to_string()).first(connection).optional()?;
    row.map(Organization::try_from).transpose()
}

/// Every organization, the oldest first.
///
/// # Errors
/// [`StoreError`].
pub fn all(connection: &mut DbConnection) -> Result<Vec<Organization>, StoreError> {
    let rows: Vec<Row> = organizations::table.order(organizations::id).load(connection)?;
    rows.into_iter().map(Organization::try_from).collect()
}

/// Up to `limit` organizations whose names contain `search` and whose ids come before `before`, the newest first.
///
/// # Errors
/// [`StoreError`].
pub fn newest(
    connection: &mut DbConnection,
    search: &str,
    before: Option<OrganizationId>,
    limit: i64,
) -> Result<Vec<Organization>, StoreError> {
    let before = before.map_or_else(|| super::after_every_id(OrganizationId::PREFIX), |id| id.to_string());
    let rows: Vec<Row> = organizations::table
        .filter(organizations::id.lt(before))
        .filter(contains(connection, "organizations.name", search))
        .order(organizations::id.desc())
        .limit(limit)
        .load(connection)?;
    rows.into_iter().map(Organization::try_from).collect()
}

/// Gives an organization another name.
///
/// # Errors
/// [`StoreError`].
pub fn rename(transaction: &mut WriteTransaction<'_>, organization: &Organization) -> Result<(), StoreError> {
    diesel::update(organizations::table.find(organization.id.to_string()))
        .set(organizations::name.eq(organization.name.as_str()))
        .execute(transaction.connection)?;
    Ok(())
}
