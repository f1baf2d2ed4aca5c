//! Adds to the catalogue of resource servers and scopes, and changes scopes.

use std::fmt;
use std::str::FromStr;

use serde_json::{Value, json};

use super::{AppError, Work, random_bits};
use crate::clock;
use crate::domain::Invalid;
use crate::domain::audit_event::AuditEntry;
use crate::domain::catalogue::Catalogue;
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

/// Which resource server is meant: by what it is called in tokens, or by its id.
#[derive(Clone, Debug)]
pub enum ServerName {
    /// Its identifier.
    Identifier(Audience),
    /// `rs_…`
    Id(ResourceServerId),
}

impl FromStr for ServerName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        // An identifier has a colon, an id has none.
        text.parse().map(Self::Id).or_else(|_: Invalid| text.parse().map(Self::Identifier))
    }
}

impl ServerName {
    fn is(&self, server: &ResourceServer) -> bool {
        match self {
            Self::Identifier(identifier) => server.identifier == *identifier,
            Self::Id(id) => server.id == *id,
        }
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identifier(identifier) => identifier.fmt(f),
            Self::Id(id) => id.fmt(f),
        }
    }
}

/// What a new scope is to be.
#[derive(Clone, Debug)]
pub struct NewScope {
    /// Unique.
    pub name: ScopeName,
    /// Its resource server.
    pub resource_server: ServerName,
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
/// [`AppError::Invalid`] when the resource server or an implied scope does not exist or does not fit,
/// [`AppError::Conflict`] when the name is taken, [`AppError::Forbidden`] for this server's own API.
pub fn create_scope(work: &mut Work<'_, '_>, new: NewScope) -> Result<(Scope, ResourceServer), AppError> {
    check_description(&new.description)?;
    let (servers, existing) = read(work)?;
    let server = servers.iter().find(|server| new.resource_server.is(server)).cloned().ok_or_else(|| {
        Invalid::new("resource_server", "unknown", format!("there is no resource server {}", new.resource_server))
    })?;
    check_not_own(&server)?;
    if existing.iter().any(|scope| scope.name == new.name) {
        return Err(AppError::Conflict(format!("there is a scope {} already", new.name)));
    }
    let id = ScopeId::from_parts(clock::unix_milliseconds(), random_bits()?);
    let scope = Scope {
        id,
        name: new.name,
        resource_server: server.id,
        level: new.level,
        description: new.description,
        implies: in_order(new.implies),
        created_at: work.now,
    };
    check_implied(&scope, &servers, &existing)?;
    catalogue::insert_scope(work.transaction, &scope)?;
    work.transaction.changed(Change::Catalogue);
    work.audit(AuditEntry::done("scope.created", None, scope.id).changing(None, Some(describe(&scope, &server))));
    Ok((scope, server))
}

/// Changes what a scope says and implies; `None` leaves it as it is. Every key that holds the scope holds from now on
/// what it implies.
///
/// # Errors
/// As [`create_scope`]; [`AppError::NotFound`].
pub fn edit_scope(
    work: &mut Work<'_, '_>,
    id: ScopeId,
    description: Option<String>,
    implies: Option<Vec<ScopeName>>,
) -> Result<(Scope, ResourceServer), AppError> {
    let (before, server) = find_scope(work, id)?;
    let mut scope = before.clone();
    if let Some(description) = description {
        check_description(&description)?;
        scope.description = description;
    }
    if let Some(implies) = implies {
        scope.implies = in_order(implies);
        let (servers, existing) = read(work)?;
        check_implied(&scope, &servers, &existing)?;
    }
    if scope != before {
        catalogue::change_scope(work.transaction, &scope.name, &scope.description, &scope.implies)?;
        work.transaction.changed(Change::Catalogue);
        let entry = AuditEntry::done("scope.edited", None, id);
        work.audit(entry.changing(Some(describe(&before, &server)), Some(describe(&scope, &server))));
    }
    Ok((scope, server))
}

/// A scope that may be changed, and its resource server.
pub(super) fn find_scope(work: &mut Work<'_, '_>, id: ScopeId) -> Result<(Scope, ResourceServer), AppError> {
    let (servers, scopes) = read(work)?;
    let scope = scopes.into_iter().find(|scope| scope.id == id).ok_or_else(|| AppError::not_found("scope", id))?;
    let server = servers.into_iter().find(|server| server.id == scope.resource_server);
    let server = server.ok_or_else(|| AppError::not_found("resource server", scope.resource_server))?;
    check_not_own(&server)?;
    Ok((scope, server))
}

/// A resource server that may be changed.
pub(super) fn find_resource_server(work: &mut Work<'_, '_>, id: ResourceServerId) -> Result<ResourceServer, AppError> {
    let servers = catalogue::resource_servers(work.transaction.reading())?;
    let server = servers.into_iter().find(|server| server.id == id).ok_or_else(|| AppError::not_found("resource server", id))?;
    check_not_own(&server)?;
    Ok(server)
}

/// What the audit log says of a scope.
pub(super) fn describe(scope: &Scope, server: &ResourceServer) -> Value {
    json!({
        "name": scope.name,
        "resource_server": server.identifier,
        "level": scope.level,
        "description": scope.description,
        "implies": scope.implies,
    })
}

fn read(work: &mut Work<'_, '_>) -> Result<(Vec<ResourceServer>, Vec<Scope>), AppError> {
    let connection = work.transaction.reading();
    Ok((catalogue::resource_servers(connection)?, catalogue::scopes(connection)?))
}

fn in_order(mut names: Vec<ScopeName>) -> Vec<ScopeName> {
    names.sort_unstable();
    names.dedup();
    names
}

fn check_not_own(server: &ResourceServer) -> Result<(), AppError> {
    if server.builtin {
        let detail = "this server's own API and its scopes are part of the program and can't be changed";
        return Err(AppError::forbidden("builtin", detail));
    }
    Ok(())
}

/// What a scope implies must exist, have its level, and not lead back to it. This server's own scopes are not to be had
/// by way of another: whoever may write the catalogue could give every key the management of keys.
fn check_implied(scope: &Scope, servers: &[ResourceServer], existing: &[Scope]) -> Result<(), AppError> {
    let refused = |code, detail: String| Err(Invalid::new("implies", code, detail).into());
    let catalogue = Catalogue::new(servers, existing);
    for name in &scope.implies {
        let Some(implied) = existing.iter().find(|other| other.name == *name) else {
            return refused("unknown_scope", format!("there is no scope {name}"));
        };
        if implied.level != scope.level {
            let (theirs, ours) = (implied.level, scope.level);
            return refused("wrong_level", format!("the scope {name} has another level ({theirs}) than {} ({ours})", scope.name));
        }
        if catalogue.closure_of(name).contains(&scope.name) {
            return refused("cycle", format!("the scope {name} is or implies {} itself", scope.name));
        }
        if servers.iter().any(|server| server.builtin && server.id == implied.resource_server) {
            return refused("builtin", format!("the scope {name} is this server's own; grant it by its name"));
        }
    }
    Ok(())
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
