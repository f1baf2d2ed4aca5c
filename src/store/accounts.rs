//! The table of accounts.

use diesel::prelude::*;

use super::schema::accounts;
use super::search::contains;
use super::{DbConnection, StoreError, WriteTransaction};
use crate::domain::account::Account;
use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::name::Name;
use crate::domain::time::Timestamp;

#[derive(Queryable, Insertable)]
#[diesel(table_name = accounts)]
struct Row {
    id: String,
    organization_id: String,
    name: String,
    created_at: i64,
}

impl TryFrom<Row> for Account {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let damaged = |detail| StoreError::corrupt("accounts", &row.id, detail);
        Ok(Self {
            id: row.id.parse().map_err(damaged)?,
            organization_id: row.organization_id.parse().map_err(damaged)?,
            name: row.name.parse().map_err(damaged)?,
            created_at: Timestamp::from_unix(row.created_at),
        })
    }
}

/// Adds an account.
///
/// # Errors
/// [`StoreError::ForeignKeyViolation`] when there is no such organization.
pub fn insert(transaction: &mut WriteTransaction<'_>, account: &Account) -> Result<(), StoreError> {
    let row = Row {
        id: account.id.to_string(),
        organization_id: account.organization_id.to_string(),
        name: account.name.to_string(),
        created_at: account.created_at.unix(),
    };
    diesel::insert_into(accounts::table).values(row).execute(transaction.connection)?;
    Ok(())
}

/// Gives an account another name.
///
/// # Errors
/// [`StoreError`].
pub fn rename(transaction: &mut WriteTransaction<'_>, id: AccountId, name: &Name) -> Result<(), StoreError> {
    diesel::update(accounts::table.find(id.to_string())).set(accounts::name.eq(name.as_str())).execute(transaction.connection)?;
    Ok(())
}

/// The account of this id.
///
/// # Errors
/// [`StoreError`].
pub fn find(connection: &mut DbConnection, id: AccountId) -> Result<Option<Account>, StoreError> {
    let row: Option<Row> = accounts::table.find(id.to_string()).first(connection).optional()?;
    row.map(Account::try_from).transpose()
}

/// The accounts of an organization, the oldest first.
///
/// # Errors
/// [`StoreError`].
pub fn of_organization(connection: &mut DbConnection, id: OrganizationId) -> Result<Vec<Account>, StoreError> {
    let rows: Vec<Row> =
        accounts::table.filter(accounts::organization_id.eq(id.to_string())).order(accounts::id).load(connection)?;
    rows.into_iter().map(Account::try_from).collect()
}

/// Up to `limit` accounts of an organization whose names contain `search` and whose ids come before `before`, the newest
/// first.
///
/// # Errors
/// [`StoreError`].
pub fn newest_of_organization(
    connection: &mut DbConnection,
    id: OrganizationId,
    search: &str,
    before: Option<AccountId>,
    limit: i64,
) -> Result<Vec<Account>, StoreError> {
    let before = before.map_or_else(|| super::after_every_id(AccountId::PREFIX), |id| id.to_string());
    let rows: Vec<Row> = accounts::table
        .filter(accounts::organization_id.eq(id.to_string()))
        .filter(accounts::id.lt(before))
        .filter(contains(connection, "accounts.name", search))
        .order(accounts::id.desc())
        .limit(limit)
        .load(connection)?;
    rows.into_iter().map(Account::try_from).collect()
}
