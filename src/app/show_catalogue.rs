//! The catalogue as people and programs see it.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::AppError;
use crate::domain::id::{ResourceServerId, ScopeId};
use crate::domain::resource_server::{Audience, ResourceServer};
use crate::domain::scope::{Level, Scope, ScopeName};
use crate::domain::time::Timestamp;
use crate::store::{Db, catalogue};

/// A scope as it is shown: with its resource server's identifier.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Scope)]
pub struct ScopeView {
    /// `scope_…`
    pub id: ScopeId,
    /// Unique in the catalogue; never changes.
    pub name: ScopeName,
    /// The identifier of the resource server that understands it.
    pub resource_server: Audience,
    /// Where it can be granted.
    pub level: Level,
    /// What it allows, for people.
    pub description: String,
    /// Scopes of the same level that whoever holds this one holds too.
    pub implies: Vec<ScopeName>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl ScopeView {
    /// The view of a scope of that resource server.
    pub fn new(scope: Scope, server: &ResourceServer) -> Self {
        Self {
            id: scope.id,
            name: scope.name,
            resource_server: server.identifier.clone(),
            level: scope.level,
            description: scope.description,
            implies: scope.implies,
            created_at: scope.created_at,
        }
    }
}

/// Every scope, in order of name.
///
/// # Errors
/// [`AppError::Store`].
pub fn list_scopes(db: &Db) -> Result<Vec<ScopeView>, AppError> {
    let (servers, scopes) =
        db.read(|connection| Ok((catalogue::resource_servers(connection)?, catalogue::scopes(connection)?)))?;
    let servers: HashMap<ResourceServerId, ResourceServer> = servers.into_iter().map(|server| (server.id, server)).collect();
    let mut all: Vec<ScopeView> = scopes
        .into_iter()
        // The database's foreign keys make sure that each has its resource server.
        .filter_map(|scope| servers.get(&scope.resource_server).map(|server| ScopeView::new(scope, server)))
        .collect();
    // A database's own order depends on its locale.
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

/// Every resource server, in order of identifier.
///
/// # Errors
/// [`AppError::Store`].
pub fn list_resource_servers(db: &Db) -> Result<Vec<ResourceServer>, AppError> {
    let mut all = db.read(catalogue::resource_servers)?;
    all.sort_by(|a, b| a.identifier.cmp(&b.identifier));
    Ok(all)
}
