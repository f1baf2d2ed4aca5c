//! Removes scopes and resource servers that nothing refers to any more.

use serde_json::json;

use super::catalogue::{describe, find_resource_server, find_scope};
use super::{AppError, Work};
use crate::domain::audit_event::AuditEntry;
use crate::domain::id::{ResourceServerId, ScopeId};
use crate::store::{Change, catalogue};

/// Removes a resource server without scopes.
///
/// # Errors
/// [`AppError::NotFound`]; [`AppError::Forbidden`] for this server's own API; [`AppError::Conflict`] while it has scopes.
pub fn delete_resource_server(work: &mut Work<'_, '_>, id: ResourceServerId) -> Result<(), AppError> {
    let server = find_resource_server(work, id)?;
    let scopes = catalogue::scopes(work.transaction.reading())?;
    let left = scopes.iter().filter(|scope| scope.resource_server == id).count();
    if left > 0 {
        return Err(AppError::Conflict(format!("{left} scopes belong to this resource server; delete them first")));
    }
    catalogue::delete_resource_server(work.transaction, &server)?;
    work.transaction.changed(Change::Catalogue);
    let before = json!({"identifier": server.identifier, "name": server.name});
    work.audit(AuditEntry::done("resource_server.deleted", None, id).changing(Some(before), None));
    Ok(())
}

/// Removes a scope that no key holds and no other scope implies.
///
/// # Errors
/// [`AppError::NotFound`]; [`AppError::Forbidden`] for a scope of this server's own API; [`AppError::Conflict`] while
/// something refers to it.
pub fn delete_scope(work: &mut Work<'_, '_>, id: ScopeId) -> Result<(), AppError> {
    let (scope, server) = find_scope(work, id)?;
    let scopes = catalogue::scopes(work.transaction.reading())?;
    if let Some(other) = scopes.iter().find(|other| other.implies.contains(&scope.name)) {
        return Err(AppError::Conflict(format!("the scope {} implies this one", other.name)));
    }
    if catalogue::is_granted(work.transaction.reading(), &scope.name)? {
        return Err(AppError::Conflict("there are API keys whose grants name this scope".to_owned()));
    }
    catalogue::delete_scope(work.transaction, &scope)?;
    work.transaction.changed(Change::Catalogue);
    work.audit(AuditEntry::done("scope.deleted", None, id).changing(Some(describe(&scope, &server)), None));
    Ok(())
}
