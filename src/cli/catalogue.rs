//! `claviger resource-servers` and `claviger scopes`

use std::collections::HashMap;

use clap::Subcommand;
use serde::Serialize;

use super::context::Context;
use super::{Failure, output};
use crate::app::catalogue::{NewScope, create_resource_server, create_scope};
use crate::domain::id::ScopeId;
use crate::domain::name::Name;
use crate::domain::resource_server::Audience;
use crate::domain::scope::{Level, Scope, ScopeName};
use crate::domain::time::Timestamp;
use crate::store::catalogue;

#[derive(Debug, Subcommand)]
pub(super) enum ServerCommand {
    /// Add a resource server
    Create {
        /// An absolute URI: the aud of its tokens
        identifier: Audience,
        /// Shown to people [default: the identifier]
        #[arg(long)]
        name: Option<Name>,
    },
    /// List the resource servers
    List,
}

#[derive(Debug, Subcommand)]
pub(super) enum ScopeCommand {
    /// Add a scope
    Create {
        /// e.g. payments:read
        name: ScopeName,
        /// The identifier of the resource server that understands it
        #[arg(long, value_name = "IDENTIFIER")]
        resource_server: Audience,
        /// organization, account or platform
        #[arg(long, default_value = "organization")]
        level: Level,
        /// What it allows, for people
        #[arg(long, default_value = "")]
        description: String,
        /// A scope that whoever holds this one holds too; may repeat
        #[arg(long, value_name = "SCOPE")]
        implies: Vec<ScopeName>,
    },
    /// List the catalogue
    List,
}

/// A scope as it is shown: with its resource server's identifier.
#[derive(Serialize)]
struct ScopeView {
    id: ScopeId,
    name: ScopeName,
    resource_server: String,
    level: Level,
    description: String,
    implies: Vec<ScopeName>,
    created_at: Timestamp,
}

impl ScopeView {
    fn new(scope: Scope, resource_server: String) -> Self {
        Self {
            id: scope.id,
            name: scope.name,
            resource_server,
            level: scope.level,
            description: scope.description,
            implies: scope.implies,
            created_at: scope.created_at,
        }
    }
}

pub(super) fn run_servers(context: Context, command: ServerCommand) -> Result<(), Failure> {
    match command {
        ServerCommand::Create { identifier, name } => {
            let opened = context.open_or_create()?;
            output::object(context.json, &opened.change(|work| create_resource_server(work, identifier, name))?)
        }
        ServerCommand::List => {
            let all = context.open()?.db.read(catalogue::resource_servers)?;
            output::list(context.json, &all, &["id", "identifier", "name", "builtin"])
        }
    }
}

pub(super) fn run_scopes(context: Context, command: ScopeCommand) -> Result<(), Failure> {
    let opened = context.open()?;
    match command {
        ScopeCommand::Create { name, resource_server, level, description, implies } => {
            let (scope, server) =
                opened.change(|work| create_scope(work, NewScope { name, resource_server, level, description, implies }))?;
            output::object(context.json, &ScopeView::new(scope, server.identifier.to_string()))
        }
        ScopeCommand::List => {
            let (servers, scopes) =
                opened.db.read(|connection| Ok((catalogue::resource_servers(connection)?, catalogue::scopes(connection)?)))?;
            let identifiers: HashMap<_, _> =
                servers.into_iter().map(|server| (server.id, server.identifier.to_string())).collect();
            let mut all: Vec<ScopeView> = scopes
                .into_iter()
                .map(|scope| {
                    let server = identifiers.get(&scope.resource_server).cloned().unwrap_or_default();
                    ScopeView::new(scope, server)
                })
                .collect();
            // A database's own order depends on its locale.
            all.sort_by(|a, b| a.name.cmp(&b.name));
            output::list(context.json, &all, &["name", "level", "resource_server", "implies", "description"])
        }
    }
}
