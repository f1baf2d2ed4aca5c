//! The table of people, and that of the addresses from where they have signed in.

use std::net::IpAddr;

use diesel::prelude::*;

use super::schema::{known_addresses, users};
use super::search::contains;
use super::{DbConnection, StoreError, WriteTransaction};
use crate::domain::email::Email;
use crate::domain::id::{OrganizationId, UserId};
use crate::domain::password::PasswordHash;
use crate::domain::role::Role;
use crate::domain::time::Timestamp;
use crate::domain::user::User;

#[derive(Queryable, Insertable)]
#[diesel(table_name = users)]
struct Row {
    id: String,
    organization_id: String,
    email: String,
    name: Option<String>,
    role: String,
    password_hash: Option<String>,
    disabled_at: Option<i64>,
    created_at: i64,
    updated_at: i64,
    last_login_at: Option<i64>,
}

impl TryFrom<Row> for User {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let damaged = |detail| StoreError::corrupt("users", &row.id, detail);
        Ok(Self {
            id: row.id.parse().map_err(damaged)?,
            organization_id: row.organization_id.parse().map_err(damaged)?,
            email: row.email.parse().map_err(damaged)?,
            name: row.name.as_deref().map(str::parse).transpose().map_err(damaged)?,
            role: row.role.parse().map_err(damaged)?,
            has_password: row.password_hash.is_some(),
            disabled_at: row.disabled_at.map(Timestamp::from_unix),
            created_at: Timestamp::from_unix(row.created_at),
            updated_at: Timestamp::from_unix(row.updated_at),
            last_login_at: row.last_login_at.map(Timestamp::from_unix),
        })
    }
}

/// Adds a user.
///
/// # Errors
/// [`StoreError::UniqueViolation`] when the address is somebody's, [`StoreError::ForeignKeyViolation`] when there is no
/// such organization.
pub fn insert(transaction: &mut WriteTransaction<'_>, user: &User, hash: Option<&PasswordHash>) -> Result<(), StoreError> {
    let row = Row {
        id: user.id.to_string(),
        organization_id: user.organization_id.to_string(),
        email: user.email.to_string(),
        name: user.name.as_ref().map(ToString::to_string),
        role: user.role.to_string(),
        password_hash: hash.map(|hash| hash.as_str().to_owned()),
        disabled_at: user.disabled_at.map(Timestamp::unix),
        created_at: user.created_at.unix(),
        updated_at: user.updated_at.unix(),
        last_login_at: user.last_login_at.map(Timestamp::unix),
    };
    diesel::insert_into(users::table).values(row).execute(transaction.connection)?;
    Ok(())
}

/// Writes what a change of the user can alter: name, role, `disabled_at`, `updated_at`.
///
/// # Errors
/// [`StoreError`].
pub fn update(transaction: &mut WriteTransaction<'_>, user: &User) -> Result<(), StoreError> {
    diesel::update(users::table.find(user.id.to_string()))
        .set((
            users::name.eq(user.name.as_ref().map(ToString::to_string)),
            users::role.eq(user.role.as_str()),
            users::disabled_at.eq(user.disabled_at.map(Timestamp::unix)),
            users::updated_at.eq(user.updated_at.unix()),
        ))
        .execute(transaction.connection)?;
    Ok(())
}

/// Gives the user another password.
///
/// # Errors
/// [`StoreError`].
pub fn set_password(
    transaction: &mut WriteTransaction<'_>,
    id: UserId,
    hash: &PasswordHash,
    now: Timestamp,
) -> Result<(), StoreError> {
    diesel::update(users::table.find(id.to_string()))
        .set((users::password_hash.eq(hash.as_str()), users::updated_at.eq(now.unix())))
        .execute(transaction.connection)?;
    Ok(())
}

/// Notes that the user has signed in.
///
/// # Errors
/// [`StoreError`].
pub fn record_login(transaction: &mut WriteTransaction<'_>, id: UserId, now: Timestamp) -> Result<(), StoreError> {
    diesel::update(users::table.find(id.to_string())).set(users::last_login_at.eq(now.unix())).execute(transaction.connection)?;
    Ok(())
}

/// Notes that the user has been at this address, with a password or a link.
///
/// # Errors
/// [`StoreError`].
pub fn record_address(
    transaction: &mut WriteTransaction<'_>,
    id: UserId,
    address: IpAddr,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (id, address) = (id.to_string(), address.to_string());
    let known = diesel::update(known_addresses::table.find((&id, &address)))
        .set(known_addresses::last_login_at.eq(now.unix()))
        .execute(transaction.connection)?;
    if known == 0 {
        diesel::insert_into(known_addresses::table)
            .values((
                known_addresses::user_id.eq(id),
                known_addresses::address.eq(address),
                known_addresses::last_login_at.eq(now.unix()),
            ))
            .execute(transaction.connection)?;
    }
    Ok(())
}

/// Removes a user, with sessions, links and mails.
///
/// # Errors
/// [`StoreError`].
pub fn delete(transaction: &mut WriteTransaction<'_>, id: UserId) -> Result<(), StoreError> {
    diesel::delete(users::table.find(id.to_string())).execute(transaction.connection)?;
    Ok(())
}

/// The user of this id.
///
/// # Errors
/// [`StoreError`].
pub fn find(connection: &mut DbConnection, id: UserId) -> Result<Option<User>, StoreError> {
    let row: Option<Row> = users::table.find(id.to_string()).first(connection).optional()?;
    row.map(User::try_from).transpose()
}

/// The user of this address.
///
/// # Errors
/// [`StoreError`].
pub fn find_by_email(connection: &mut DbConnection, email: &Email) -> Result<Option<User>, StoreError> {
    let row: Option<Row> = users::table.filter(users::email.eq(email.as_str())).first(connection).optional()?;
    row.map(User::try_from).transpose()
}

/// The user's password, as far as it is kept.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn password_hash(connection: &mut DbConnection, id: UserId) -> Result<Option<PasswordHash>, StoreError> {
    let hash: Option<Option<String>> =
        users::table.find(id.to_string()).select(users::password_hash).first(connection).optional()?;
    Ok(hash.flatten().map(PasswordHash::from_stored))
}

/// Whether the user has signed in from this address.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn is_known_address(connection: &mut DbConnection, id: UserId, address: IpAddr) -> Result<bool, StoreError> {
    let found: Option<i64> = known_addresses::table
        .find((id.to_string(), address.to_string()))
        .select(known_addresses::last_login_at)
        .first(connection)
        .optional()?;
    Ok(found.is_some())
}

/// The users of an organization made before `before` whose names or addresses contain `search`, the newest first, at most
/// `limit`.
///
/// # Errors
/// [`StoreError`].
pub fn page(
    connection: &mut DbConnection,
    organization_id: OrganizationId,
    search: &str,
    before: Option<UserId>,
    limit: i64,
) -> Result<Vec<User>, StoreError> {
    let before = before.map_or_else(|| super::after_every_id(UserId::PREFIX), |id| id.to_string());
    let in_name = contains(connection, "coalesce(users.name, '')", search);
    let rows: Vec<Row> = users::table
        .filter(users::organization_id.eq(organization_id.to_string()))
        .filter(users::id.lt(before))
        .filter(in_name.or(contains(connection, "users.email", search)))
        .order(users::id.desc())
        .limit(limit)
        .load(connection)?;
    rows.into_iter().map(User::try_from).collect()
}

/// Every user, of one organization or of all, the oldest first.
///
/// # Errors
/// [`StoreError`].
pub fn all(connection: &mut DbConnection, organization_id: Option<OrganizationId>) -> Result<Vec<User>, StoreError> {
    let mut query = users::table.order(users::id).into_boxed();
    if let Some(organization_id) = organization_id {
        query = query.filter(users::organization_id.eq(organization_id.to_string()));
    }
    let rows: Vec<Row> = query.load(connection)?;
    rows.into_iter().map(User::try_from).collect()
}

/// The owners of an organization.
///
/// # Errors
/// [`StoreError`].
pub fn owners(connection: &mut DbConnection, organization_id: OrganizationId) -> Result<Vec<User>, StoreError> {
    let rows: Vec<Row> = users::table
        .filter(users::organization_id.eq(organization_id.to_string()))
        .filter(users::role.eq(Role::Owner.as_str()))
        .order(users::id)
        .load(connection)?;
    rows.into_iter().map(User::try_from).collect()
}

/// Forgets addresses from where nobody has signed in since `moment`.
///
/// # Errors
/// [`StoreError`].
pub fn forget_addresses_before(transaction: &mut WriteTransaction<'_>, moment: Timestamp) -> Result<usize, StoreError> {
    let old = known_addresses::table.filter(known_addresses::last_login_at.lt(moment.unix()));
    Ok(diesel::delete(old).execute(transaction.connection)?)
}
