//! `claviger accounts`

use clap::Subcommand;

use super::context::Context;
use super::{Failure, output};
use crate::app::AppError;
use crate::app::create_account::create_account;
use crate::domain::id::OrganizationId;
use crate::domain::name::Name;
use crate::store::{accounts, organizations};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make an account
    Create {
        /// The organization that it will belong to
        #[arg(long, value_name = "ID")]
        organization: OrganizationId,
        /// 1 to 64 characters
        name: Name,
    },
    /// List the accounts of an organization
    List {
        /// org_…
        #[arg(long, value_name = "ID")]
        organization: OrganizationId,
    },
}

pub(super) fn run(context: Context, command: Command) -> Result<(), Failure> {
    let opened = context.open()?;
    match command {
        Command::Create { organization, name } => {
            output::object(context.json, &opened.change(|work| create_account(work, organization, name))?)
        }
        Command::List { organization } => {
            let found = opened.db.read(|connection| match organizations::find(connection, organization)? {
                Some(_) => accounts::of_organization(connection, organization).map(Some),
                None => Ok(None),
            })?;
            let all = found.ok_or_else(|| AppError::not_found("organization", organization))?;
            output::list(context.json, &all, &["id", "name", "created_at"])
        }
    }
}
