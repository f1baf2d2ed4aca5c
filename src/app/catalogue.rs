//! Adds to the catalogue of resource servers and scopes.

use serde_json::json;

use super::{AppError, Work, random_bits};
use crate::clock;
use crate::domain::Invalid;
use crate::domain::audit_event::AuditEntry;
use crate::domain::id::{ResourceServerId, ScopeId};
use crate::domain::name::Name;
use crate::domain::resource_server::{Audience, ResourceServer};
use crate::domain::scope::{Level, Scope, ScopeName, check_description};
use crate::store::{Change, Db, StoreError, catalogue};

/// Adds a resource server; its name is its identifier, as far as that fits, unless another is given.
///
/// # Errors
/// [`AppError::Conflict`] when the identifier is taken.
pub fn create_resource_server(
    work: &mut Work<'_, '_>,
    identifier: Audience,
    name: Option<Name>,
) -> Result<ResourceServer, AppError> {
    let id = ResourceServerId::from_parts(clock::unix_milliseconds(), random_bits()?);
    let name = match name {
        Some(name) => name,
        None => identifier.as_str().chars().take(crate::domain::name::MAX_NAME_CHARACTERS).collect::<String>().parse()?,
    };
    let server = ResourceServer { id, identifier, name, builtin: false, created_at: work.now };
    catalogue::insert_resource_server(work.transaction, &server).map_err(|error| match error {
        StoreError::UniqueViolation(_) => AppError::Conflict(format!("there is a resource server {} already", server.identifier)),
        other => other.into(),
    })?;
    work.transaction.changed(Change::Catalogue);
    let after = json!({"identifier": server.identifier, "name": server.name});
    work.audit(AuditEntry::done("resource_server.created", None, id).changing(None, Some(after)));
    Ok(server)
}

/// What a new scope is to be.
#[derive(Clone, Debug)]
pub struct NewScope {
    /// Unique.
    pub name: ScopeName,
    /// Its resource server's identifier.
    pub resource_server: Audience,
    /// Where it can be granted.
    pub level: Level,
    /// For people.
    pub description: String,
    /// Scopes of the same level.
    pub implies: Vec<ScopeName>,
}

/// Adds a scope. Returns it with its resource server.
///
/// # Errors
/// [`AppError::Invalid`] when the resource server or an implied scope does not exist or is of another level,
/// [`AppError::Conflict`] when the name is taken.
pub fn create_scope(work: &mut Work<'_, '_>, new: NewScope) -> Result<(Scope, ResourceServer), AppError> {
    check_description(&new.description)?;
    let id = ScopeId::from_parts(clock::unix_milliseconds(), random_bits()?);
    {
        let transaction = &mut *work.transaction;
        let server = catalogue::resource_servers(transaction.reading())?
            .into_iter()
            .find(|server| server.identifier == new.resource_server)
            .ok_or_else(|| {
                Invalid::new("resource_server", "unknown", format!("there is no resource server {}", new.resource_server))
            })?;
        let existing = catalogue::scopes(transaction.reading())?;
        if existing.iter().any(|scope| scope.name == new.name) {
            return Err(AppError::Conflict(format!("there is a scope {} already", new.name)));
        }
        let mut implies = new.implies;
        implies.sort_unstable();
        implies.dedup();
        for name in &implies {
            match existing.iter().find(|scope| scope.name == *name) {
                None => return Err(Invalid::new("implies", "unknown_scope", format!("there is no scope {name}")).into()),
                Some(implied) if implied.level != new.level => {
                    let detail =
                        format!("the scope {name} has another level ({}) than the new one ({})", implied.level, new.level);
                    return Err(Invalid::new("implies", "wrong_level", detail).into());
                }
                Some(_) => {}
            }
        }
        let scope = Scope {
            id,
            name: new.name,
            resource_server: server.id,
            level: new.level,
            description: new.description,
            implies,
            created_at: work.now,
        };
        catalogue::insert_scope(transaction, &scope)?;
        transaction.changed(Change::Catalogue);
        let after = json!({
            "name": scope.name,
            "resource_server": server.identifier,
            "level": scope.level,
            "description": scope.description,
            "implies": scope.implies,
        });
        work.audit(AuditEntry::done("scope.created", None, scope.id).changing(None, Some(after)));
        Ok((scope, server))
    }
}

/// Makes `<issuer>/api` the identifier of this server's own API, when it is not yet.
///
/// # Errors
/// [`AppError::Conflict`] when another resource server has that identifier.
pub fn name_own_api(db: &Db, issuer: &str) -> Result<(), AppError> {
    let identifier: Audience = format!("{}/api", issuer.trim_end_matches('/')).parse()?;
    let servers = db.read(catalogue::resource_servers)?;
    if servers.iter().any(|server| server.builtin && server.identifier == identifier) {
        return Ok(());
    }
    db.write(clock::now(), |transaction| {
        catalogue::set_builtin_identifier(transaction, identifier.as_str()).map_err(|error| match error {
            StoreError::UniqueViolation(_) => AppError::Conflict(format!(
                "the resource server {identifier} stands in the catalogue already, but <issuer>/api is this server's own"
            )),
            other => other.into(),
        })?;
        transaction.changed(Change::Catalogue);
        Ok(())
    })
}
