//! `claviger plans`

use clap::{Args, Subcommand};
use serde_json::json;

use super::context::Context;
use super::{Failure, output, usage};
use crate::app::plans;
use crate::domain::Invalid;
use crate::domain::plan::{Limit, Plan, PlanLimits, PlanName};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a rate plan
    Create {
        /// 1 to 64 of a-z, 0-9, - and _
        name: PlanName,
        #[command(flatten)]
        limits: LimitArguments,
        /// Count and report, but refuse nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// List every rate plan
    List,
    /// Show a rate plan
    Show {
        /// The plan's name
        name: PlanName,
    },
    /// Change what a rate plan allows
    Edit {
        /// The plan's name
        name: PlanName,
        #[command(flatten)]
        limits: LimitArguments,
        /// Lifts requests_per_minute, requests_per_day or concurrent_connections; may repeat
        #[arg(long, value_name = "FIELD")]
        clear: Vec<String>,
        /// Count and report, but refuse nothing
        #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
        dry_run: Option<bool>,
    },
    /// Delete a rate plan that nobody is on
    Delete {
        /// The plan's name
        name: PlanName,
    },
}

/// Limits as arguments; what is not given stays as it is.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct LimitArguments {
    /// Requests within one minute of the clock
    #[arg(long, value_name = "N")]
    requests_per_minute: Option<Limit>,
    /// Requests within one day, UTC
    #[arg(long, value_name = "N")]
    requests_per_day: Option<Limit>,
    /// Requests in progress at the same time
    #[arg(long, value_name = "N")]
    concurrent_connections: Option<Limit>,
}

impl LimitArguments {
    pub(super) fn apply_to(self, limits: &mut PlanLimits) {
        limits.requests_per_minute = self.requests_per_minute.or(limits.requests_per_minute);
        limits.requests_per_day = self.requests_per_day.or(limits.requests_per_day);
        limits.concurrent_connections = self.concurrent_connections.or(limits.concurrent_connections);
    }
}

/// Lifts the limit of that name. Whether there is such a limit.
pub(super) fn lift(limits: &mut PlanLimits, field: &str) -> bool {
    match field {
        "requests_per_minute" => limits.requests_per_minute = None,
        "requests_per_day" => limits.requests_per_day = None,
        "concurrent_connections" => limits.concurrent_connections = None,
        _ => return false,
    }
    true
}

pub(super) fn run(context: Context, command: Command) -> Result<(), Failure> {
    let opened = context.open()?;
    let db = &opened.db;
    match command {
        Command::Create { name, limits: given, dry_run } => {
            let mut limits = PlanLimits::default();
            given.apply_to(&mut limits);
            output::object(context.json, &opened.change(|work| plans::create_plan(work, Plan { name, limits, dry_run }))?)
        }
        Command::List => {
            let columns = ["name", "requests_per_minute", "requests_per_day", "concurrent_connections", "dry_run"];
            output::list(context.json, &plans::list_plans(db)?, &columns)
        }
        Command::Show { name } => output::object(context.json, &plans::show_plan(db, &name)?),
        Command::Edit { name, limits: given, clear, dry_run } => {
            if !clear.iter().all(|field| lift(&mut PlanLimits::default(), field)) {
                let detail = "can lift requests_per_minute, requests_per_day and concurrent_connections";
                return Err(usage(Invalid::new("clear", "unknown_field", detail)));
            }
            let edit = |limits: &mut PlanLimits, is_dry_run: &mut bool| {
                for field in &clear {
                    lift(limits, field);
                }
                given.apply_to(limits);
                *is_dry_run = dry_run.unwrap_or(*is_dry_run);
                Ok(())
            };
            output::object(context.json, &opened.change(|work| plans::edit_plan(work, &name, edit))?)
        }
        Command::Delete { name } => {
            opened.change(|work| plans::delete_plan(work, &name))?;
            output::object(context.json, &json!({"name": name, "deleted": true}))
        }
    }
}
