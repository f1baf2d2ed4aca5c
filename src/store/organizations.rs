//! The table of organizations.

use diesel::prelude::*;

use super::schema::{accounts, api_keys, organizations, users};
use super::search::contains;
use super::{DbConnection, StoreError, WriteTransaction, plans};
use crate::domain::id::OrganizationId;
use crate::domain::organization::{Organization, OrganizationCounts};
use crate::domain::plan::{Limit, PlanName};
use crate::domain::profile::OrganizationProfile;
use crate::domain::time::Timestamp;

#[derive(Queryable, Insertable)]
#[diesel(table_name = organizations)]
struct Row {
    id: String,
    name: String,
    platform: bool,
    created_at: i64,
    plan: Option<String>,
    enterprise_requests_per_minute: Option<i64>,
    enterprise_requests_per_day: Option<i64>,
    enterprise_concurrent_connections: Option<i64>,
    profile: String,
}

impl TryFrom<Row> for Organization {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let damaged = |detail| StoreError::corrupt("organizations", &row.id, detail);
        Ok(Self {
            id: row.id.parse().map_err(damaged)?,
            name: row.name.parse().map_err(damaged)?,
            platform: row.platform,
            plan: row.plan.as_deref().map(str::parse).transpose().map_err(damaged)?,
            enterprise_limits: plans::limits(
                row.enterprise_requests_per_minute,
                row.enterprise_requests_per_day,
                row.enterprise_concurrent_connections,
            )
            .map_err(damaged)?,
            profile: row.profile.parse().map_err(damaged)?,
            created_at: Timestamp::from_unix(row.created_at),
        })
    }
}

impl Row {
    fn of(organization: &Organization) -> Self {
        let limits = organization.enterprise_limits;
        let number = |limit: Option<Limit>| limit.map(|limit| i64::from(limit.get()));
        Self {
            id: organization.id.to_string(),
            name: organization.name.to_string(),
            platform: organization.platform,
            created_at: organization.created_at.unix(),
            plan: organization.plan.as_ref().map(ToString::to_string),
            enterprise_requests_per_minute: number(limits.requests_per_minute),
            enterprise_requests_per_day: number(limits.requests_per_day),
            enterprise_concurrent_connections: number(limits.concurrent_connections),
            profile: organization.profile.to_string(),
        }
    }
}

/// Adds an organization.
///
/// # Errors
/// [`StoreError`].
pub fn insert(transaction: &mut WriteTransaction<'_>, organization: &Organization) -> Result<(), StoreError> {
    let row = Row::of(organization);
    diesel::insert_into(organizations::table).values(row).execute(transaction.connection)?;
    Ok(())
}

/// Writes the name, the plan, the enterprise limits and the profile of an organization that is there.
///
/// # Errors
/// [`StoreError::ForeignKeyViolation`] when there is no such plan.
pub fn update(transaction: &mut WriteTransaction<'_>, organization: &Organization) -> Result<(), StoreError> {
    let row = Row::of(organization);
    diesel::update(organizations::table.find(&row.id))
        .set((
            organizations::name.eq(&row.name),
            organizations::plan.eq(&row.plan),
            organizations::enterprise_requests_per_minute.eq(row.enterprise_requests_per_minute),
            organizations::enterprise_requests_per_day.eq(row.enterprise_requests_per_day),
            organizations::enterprise_concurrent_connections.eq(row.enterprise_concurrent_connections),
            organizations::profile.eq(&row.profile),
        ))
        .execute(transaction.connection)?;
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

/// The organizations that have a plan or enterprise limits of their own.
///
/// # Errors
/// [`StoreError`].
pub fn with_plan(connection: &mut DbConnection) -> Result<Vec<Organization>, StoreError> {
    let rows: Vec<Row> = organizations::table
        .filter(
            organizations::plan
                .is_not_null()
                .or(organizations::enterprise_requests_per_minute.is_not_null())
                .or(organizations::enterprise_requests_per_day.is_not_null())
                .or(organizations::enterprise_concurrent_connections.is_not_null()),
        )
        .load(connection)?;
    rows.into_iter().map(Organization::try_from).collect()
}

/// The organizations that have this profile.
///
/// # Errors
/// [`StoreError`].
pub fn with_profile(connection: &mut DbConnection, profile: OrganizationProfile) -> Result<Vec<OrganizationId>, StoreError> {
    let ids: Vec<String> =
        organizations::table.filter(organizations::profile.eq(profile.as_str())).select(organizations::id).load(connection)?;
    ids.into_iter().map(|id| id.parse().map_err(|detail| StoreError::corrupt("organizations", &id, detail))).collect()
}

/// Every organization, the oldest first.
///
/// # Errors
/// [`StoreError`].
pub fn all(connection: &mut DbConnection) -> Result<Vec<Organization>, StoreError> {
    let rows: Vec<Row> = organizations::table.order(organizations::id).load(connection)?;
    rows.into_iter().map(Organization::try_from).collect()
}

/// Up to `limit` organizations whose names contain `search`, that have the plan `plan` if one is named, and whose ids come
/// before `before`, the newest first.
///
/// # Errors
/// [`StoreError`].
pub fn newest(
    connection: &mut DbConnection,
    search: &str,
    plan: Option<&PlanName>,
    before: Option<OrganizationId>,
    limit: i64,
) -> Result<Vec<Organization>, StoreError> {
    let before = before.map_or_else(|| super::after_every_id(OrganizationId::PREFIX), |id| id.to_string());
    let newest = organizations::table
        .filter(organizations::id.lt(before))
        .filter(contains(connection, "organizations.name", search))
        .order(organizations::id.desc())
        .limit(limit);
    let rows: Vec<Row> = match plan {
        None => newest.load(connection)?,
        Some(plan) => newest.filter(organizations::plan.eq(plan.as_str())).load(connection)?,
    };
    rows.into_iter().map(Organization::try_from).collect()
}

/// How much there is of an organization.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn counts(connection: &mut DbConnection, id: OrganizationId) -> Result<OrganizationCounts, StoreError> {
    let id = id.to_string();
    Ok(OrganizationCounts {
        accounts: accounts::table.filter(accounts::organization_id.eq(&id)).count().get_result(connection)?,
        api_keys: api_keys::table.filter(api_keys::organization_id.eq(&id)).count().get_result(connection)?,
        users: users::table.filter(users::organization_id.eq(&id)).count().get_result(connection)?,
    })
}
