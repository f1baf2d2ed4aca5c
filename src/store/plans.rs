//! The table of rate plans.

use diesel::prelude::*;

use super::schema::plans;
use super::{DbConnection, StoreError, WriteTransaction};
use crate::domain::Invalid;
use crate::domain::plan::{Limit, Plan, PlanLimits, PlanName};

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = plans, treat_none_as_null = true)]
struct Row {
    name: String,
    requests_per_minute: Option<i64>,
    requests_per_day: Option<i64>,
    concurrent_connections: Option<i64>,
    dry_run: bool,
}

impl Row {
    fn of(plan: &Plan) -> Self {
        let number = |limit: Option<Limit>| limit.map(|limit| i64::from(limit.get()));
        Self {
            name: plan.name.to_string(),
            requests_per_minute: number(plan.limits.requests_per_minute),
            requests_per_day: number(plan.limits.requests_per_day),
            concurrent_connections: number(plan.limits.concurrent_connections),
            dry_run: plan.dry_run,
        }
    }
}

impl TryFrom<Row> for Plan {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let damaged = |detail| StoreError::corrupt("plans", &row.name, detail);
        Ok(Self {
            name: row.name.parse().map_err(damaged)?,
            limits: limits(row.requests_per_minute, row.requests_per_day, row.concurrent_connections).map_err(damaged)?,
            dry_run: row.dry_run,
        })
    }
}

pub(super) fn limits(minute: Option<i64>, day: Option<i64>, connections: Option<i64>) -> Result<PlanLimits, Invalid> {
    let limit = |field, number: Option<i64>| number.map(|number| Limit::new(field, number)).transpose();
    Ok(PlanLimits {
        requests_per_minute: limit("requests_per_minute", minute)?,
        requests_per_day: limit("requests_per_day", day)?,
        concurrent_connections: limit("concurrent_connections", connections)?,
    })
}

/// Every plan, in order of name.
///
/// # Errors
/// [`StoreError`].
pub fn all(connection: &mut DbConnection) -> Result<Vec<Plan>, StoreError> {
    let mut rows: Vec<Row> = plans::table.load(connection)?;
    // Here, because databases have orders of their own.
    rows.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    rows.into_iter().map(Plan::try_from).collect()
}

/// The plan of this name.
///
/// # Errors
/// [`StoreError`].
pub fn find(connection: &mut DbConnection, name: &PlanName) -> Result<Option<Plan>, StoreError> {
    let row: Option<Row> = plans::table.find(name.as_str()).first(connection).optional()?;
    row.map(Plan::try_from).transpose()
}

/// Adds a plan.
///
/// # Errors
/// [`StoreError::UniqueViolation`] when there is one of this name.
pub fn insert(transaction: &mut WriteTransaction<'_>, plan: &Plan) -> Result<(), StoreError> {
    diesel::insert_into(plans::table).values(Row::of(plan)).execute(transaction.connection)?;
    Ok(())
}

/// Writes a plan that is there.
///
/// # Errors
/// [`StoreError`].
pub fn update(transaction: &mut WriteTransaction<'_>, plan: &Plan) -> Result<(), StoreError> {
    diesel::update(plans::table.find(plan.name.as_str())).set(Row::of(plan)).execute(transaction.connection)?;
    Ok(())
}

/// Removes a plan.
///
/// # Errors
/// [`StoreError::ForeignKeyViolation`] when a key or an organization is on it.
pub fn delete(transaction: &mut WriteTransaction<'_>, name: &PlanName) -> Result<(), StoreError> {
    diesel::delete(plans::table.find(name.as_str())).execute(transaction.connection)?;
    Ok(())
}
