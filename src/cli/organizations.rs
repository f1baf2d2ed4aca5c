//! `claviger organizations`

use clap::Subcommand;

use super::context::Context;
use super::{Failure, output};
use crate::app::AppError;
use crate::app::create_organization::create_organization;
use crate::domain::id::OrganizationId;
use crate::domain::name::Name;
use crate::store::organizations;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make an organization
    Create {
        /// 1 to 64 characters
        name: Name,
    },
    /// List every organization
    List,
    /// Show an organization
    Show {
        /// org_…
        id: OrganizationId,
    },
}

pub(super) fn run(context: Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Create { name } => {
            let opened = context.open_or_create()?;
            output::object(context.json, &opened.change(|work| create_organization(work, name))?)
        }
        Command::List => {
            let all = context.open()?.db.read(organizations::all)?;
            output::list(context.json, &all, &["id", "name", "platform", "created_at"])
        }
        Command::Show { id } => {
            let found = context.open()?.db.read(|connection| organizations::find(connection, id))?;
            output::object(context.json, &found.ok_or_else(|| AppError::not_found("organization", id))?)
        }
    }
}
