//! `claviger organizations`

use clap::Subcommand;

use super::context::Context;
use super::plans::{LimitArguments, lift};
use super::{Failure, output, usage};
use crate::app::AppError;
use crate::app::create_organization::create_organization;
use crate::app::organizations::edit_organization;
use crate::domain::Invalid;
use crate::domain::id::OrganizationId;
use crate::domain::name::Name;
use crate::domain::organization::Organization;
use crate::domain::plan::{PlanLimits, PlanName};
use crate::domain::profile::OrganizationProfile;
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
    /// Change an organization's name, rate plan or profile
    Edit {
        /// org_…
        id: OrganizationId,
        /// 1 to 64 characters
        #[arg(long)]
        name: Option<Name>,
        /// The rate plan of its keys that have none of their own
        #[arg(long)]
        plan: Option<PlanName>,
        #[command(flatten)]
        enterprise: LimitArguments,
        /// default, or fapi2: asymmetric client authentication, bound tokens, no RS256
        #[arg(long)]
        profile: Option<OrganizationProfile>,
        /// Empties plan, requests_per_minute, requests_per_day or concurrent_connections; may repeat
        #[arg(long, value_name = "FIELD")]
        clear: Vec<String>,
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
            output::list(context.json, &all, &["id", "name", "platform", "plan", "created_at"])
        }
        Command::Show { id } => {
            let found = context.open()?.db.read(|connection| organizations::find(connection, id))?;
            output::object(context.json, &found.ok_or_else(|| AppError::not_found("organization", id))?)
        }
        Command::Edit { id, name, plan, enterprise, profile, clear } => {
            let is_known = |field: &String| field == "plan" || lift(&mut PlanLimits::default(), field);
            if !clear.iter().all(is_known) {
                let detail = "can empty plan, requests_per_minute, requests_per_day and concurrent_connections";
                return Err(usage(Invalid::new("clear", "unknown_field", detail)));
            }
            let edit = |organization: &mut Organization| {
                for field in &clear {
                    if !lift(&mut organization.enterprise_limits, field) {
                        organization.plan = None;
                    }
                }
                enterprise.apply_to(&mut organization.enterprise_limits);
                organization.name = name.unwrap_or_else(|| organization.name.clone());
                organization.plan = plan.or_else(|| organization.plan.take());
                organization.profile = profile.unwrap_or(organization.profile);
                Ok(())
            };
            let opened = context.open()?;
            output::object(context.json, &opened.change(|work| edit_organization(work, id, edit))?)
        }
    }
}
