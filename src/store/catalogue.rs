//! The tables of resource servers and scopes.

use std::collections::HashMap;

use diesel::prelude::*;

use super::schema::{grants, resource_servers, scope_implications, scopes};
use super::{DbConnection, StoreError, WriteTransaction};
use crate::domain::id::ResourceServerId;
use crate::domain::name::Name;
use crate::domain::resource_server::ResourceServer;
use crate::domain::scope::{Scope, ScopeName};
use crate::domain::time::Timestamp;

#[derive(Queryable, Insertable)]
#[diesel(table_name = resource_servers)]
struct ServerRow {
    id: String,
    identifier: String,
    name: String,
    builtin: bool,
    created_at: i64,
}

impl TryFrom<ServerRow> for ResourceServer {
    type Error = StoreError;

    fn try_from(row: ServerRow) -> Result<Self, StoreError> {
        let damaged = |detail| StoreError::corrupt("resource_servers", &row.id, detail);
        Ok(Self {
            id: row.id.parse().map_err(damaged)?,
            identifier: row.identifier.parse().map_err(damaged)?,
            name: row.name.parse().map_err(damaged)?,
            builtin: row.builtin,
            created_at: Timestamp::from_unix(row.created_at),
        })
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = scopes)]
struct ScopeRow {
    id: String,
    name: String,
    resource_server_id: String,
    level: String,
    description: String,
    created_at: i64,
}

impl ScopeRow {
    fn into_scope(self, implies: Vec<ScopeName>) -> Result<Scope, StoreError> {
        let damaged = |detail| StoreError::corrupt("scopes", &self.name, detail);
        Ok(Scope {
            id: self.id.parse().map_err(damaged)?,
            name: self.name.parse().map_err(damaged)?,
            resource_server: self.resource_server_id.parse().map_err(damaged)?,
            level: self.level.parse().map_err(damaged)?,
            description: self.description,
            implies,
            created_at: Timestamp::from_unix(self.created_at),
        })
    }
}

/// Every resource server, the oldest first.
///
/// # Errors
/// [`StoreError`].
pub fn resource_servers(connection: &mut DbConnection) -> Result<Vec<ResourceServer>, StoreError> {
    let rows: Vec<ServerRow> = resource_servers::table.order(resource_servers::id).load(connection)?;
    rows.into_iter().map(ResourceServer::try_from).collect()
}

/// Every scope, in order of name.
///
/// # Errors
/// [`StoreError`].
pub fn scopes(connection: &mut DbConnection) -> Result<Vec<Scope>, StoreError> {
    let rows: Vec<ScopeRow> = scopes::table.order(scopes::name).load(connection)?;
    let pairs: Vec<(String, String)> = scope_implications::table.order(scope_implications::implied).load(connection)?;
    let mut implications: HashMap<String, Vec<ScopeName>> = HashMap::new();
    for (scope, implied) in pairs {
        let implied = implied.parse().map_err(|detail| StoreError::corrupt("scope_implications", &scope, detail))?;
        implications.entry(scope).or_default().push(implied);
    }
    rows.into_iter()
        .map(|row| {
            let implies = implications.remove(&row.name).unwrap_or_default();
            row.into_scope(implies)
        })
        .collect()
}

/// Adds a resource server.
///
/// # Errors
/// [`StoreError::UniqueViolation`] when its identifier is taken.
pub fn insert_resource_server(transaction: &mut WriteTransaction<'_>, server: &ResourceServer) -> Result<(), StoreError> {
    let row = ServerRow {
        id: server.id.to_string(),
        identifier: server.identifier.to_string(),
        name: server.name.to_string(),
        builtin: server.builtin,
        created_at: server.created_at.unix(),
    };
    diesel::insert_into(resource_servers::table).values(row).execute(transaction.connection)?;
    Ok(())
}

/// Gives this server's own API another identifier.
///
/// # Errors
/// [`StoreError::UniqueViolation`] when the identifier is taken by another resource server.
pub fn set_builtin_identifier(transaction: &mut WriteTransaction<'_>, identifier: &str) -> Result<(), StoreError> {
    diesel::update(resource_servers::table.filter(resource_servers::builtin.eq(true)))
        .set(resource_servers::identifier.eq(identifier))
        .execute(transaction.connection)?;
    Ok(())
}

/// Gives a resource server another name.
///
/// # Errors
/// [`StoreError`].
pub fn rename_resource_server(
    transaction: &mut WriteTransaction<'_>,
    id: ResourceServerId,
    name: &Name,
) -> Result<(), StoreError> {
    diesel::update(resource_servers::table.find(id.to_string()))
        .set(resource_servers::name.eq(name.as_str()))
        .execute(transaction.connection)?;
    Ok(())
}

/// Writes what can change of a scope that is there: its description and all that it implies.
///
/// # Errors
/// [`StoreError::ForeignKeyViolation`] when an implied scope does not exist.
pub fn change_scope(
    transaction: &mut WriteTransaction<'_>,
    name: &ScopeName,
    description: &str,
    implies: &[ScopeName],
) -> Result<(), StoreError> {
    diesel::update(scopes::table.filter(scopes::name.eq(name.as_str())))
        .set(scopes::description.eq(description))
        .execute(transaction.connection)?;
    diesel::delete(scope_implications::table.filter(scope_implications::scope.eq(name.as_str())))
        .execute(transaction.connection)?;
    for implied in implies {
        insert_implication(transaction, name, implied)?;
    }
    Ok(())
}

fn insert_implication(transaction: &mut WriteTransaction<'_>, name: &ScopeName, implied: &ScopeName) -> Result<(), StoreError> {
    diesel::insert_into(scope_implications::table)
        .values((scope_implications::scope.eq(name.as_str()), scope_implications::implied.eq(implied.as_str())))
        .execute(transaction.connection)?;
    Ok(())
}

/// Adds a scope with what it implies.
///
/// # Errors
/// [`StoreError::UniqueViolation`] when the name is taken, [`StoreError::ForeignKeyViolation`] when the resource server
/// or an implied scope does not exist.
pub fn insert_scope(transaction: &mut WriteTransaction<'_>, scope: &Scope) -> Result<(), StoreError> {
    let row = ScopeRow {
        id: scope.id.to_string(),
        name: scope.name.to_string(),
        resource_server_id: scope.resource_server.to_string(),
        level: scope.level.as_str().to_owned(),
        description: scope.description.clone(),
        created_at: scope.created_at.unix(),
    };
    diesel::insert_into(scopes::table).values(row).execute(transaction.connection)?;
    insert_implications(transaction, scope)
}

fn insert_implications(transaction: &mut WriteTransaction<'_>, scope: &Scope) -> Result<(), StoreError> {
    for implied in &scope.implies {
        insert_implication(transaction, &scope.name, implied)?;
    }
    Ok(())
}

/// Removes a resource server.
///
/// # Errors
/// [`StoreError::ForeignKeyViolation`] when it still has scopes.
pub fn delete_resource_server(transaction: &mut WriteTransaction<'_>, server: &ResourceServer) -> Result<(), StoreError> {
    diesel::delete(resource_servers::table.find(server.id.to_string())).execute(transaction.connection)?;
    Ok(())
}

fn remove_implications(transaction: &mut WriteTransaction<'_>, scope: &Scope) -> Result<(), StoreError> {
    diesel::delete(scope_implications::table.filter(scope_implications::scope.eq(scope.name.as_str())))
        .execute(transaction.connection)?;
    Ok(())
}

/// Removes a scope with what it implies.
///
/// # Errors
/// [`StoreError::ForeignKeyViolation`] when a key holds it or another scope implies it.
pub fn delete_scope(transaction: &mut WriteTransaction<'_>, scope: &Scope) -> Result<(), StoreError> {
    remove_implications(transaction, scope)?;
    diesel::delete(scopes::table.find(scope.id.to_string())).execute(transaction.connection)?;
    Ok(())
}

/// Whether some key names the scope in its grants.
///
/// # Errors
/// [`StoreError`].
pub fn is_granted(connection: &mut DbConnection, name: &ScopeName) -> Result<bool, StoreError> {
    let one: Option<String> =
        grants::table.filter(grants::scope.eq(name.as_str())).select(grants::client_id).first(connection).optional()?;
    Ok(one.is_some())
}
