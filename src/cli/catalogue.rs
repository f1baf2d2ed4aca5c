//! `claviger resource-servers` and `claviger scopes`

use clap::Subcommand;

use super::context::Context;
use super::{Failure, output};
use crate::app::catalogue::{NewScope, ServerName, create_resource_server, create_scope};
use crate::app::show_catalogue::{ScopeView, list_scopes};
use crate::domain::name::Name;
use crate::domain::resource_server::Audience;
use crate::domain::scope::{Level, ScopeName};
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
            let resource_server = ServerName::Identifier(resource_server);
            let (scope, server) =
                opened.change(|work| create_scope(work, NewScope { name, resource_server, level, description, implies }))?;
            output::object(context.json, &ScopeView::new(scope, &server))
        }
        ScopeCommand::List => {
            let all = list_scopes(&opened.db)?;
            output::list(context.json, &all, &["name", "level", "resource_server", "implies", "description"])
        }
    }
}
