//! `claviger keys import`

use std::fs::File;
use std::io::{self, BufReader};
use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::context::{Context, Opened};
use super::{Failure, output};
use crate::app::import_keys::{self, ImportError, ImportedKey, ImportedLine, Outcome};
use crate::domain::actor::{Actor, Principal};
use crate::domain::id::OrganizationId;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// JSON Lines, one key a line; - for standard input
    file: PathBuf,
    /// Whose the keys will be
    #[arg(long, value_name = "ID")]
    organization: OrganizationId,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
}

/// What was done, or would be.
#[derive(Serialize)]
struct Report {
    dry_run: bool,
    created: usize,
    existing: usize,
    deleted: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<Vec<ImportedLine>>,
}

pub(super) fn run(context: &Context, opened: &Opened, arguments: &Arguments) -> Result<(), Failure> {
    let plan = import_keys::plan(&opened.db, arguments.organization, read(arguments)?)?;
    let lines = if arguments.dry_run {
        plan.preview()
    } else {
        let envelope = opened.master_key.foreign_secret_envelope()?;
        let bar = progress_bar(plan.new_keys());
        let actor = Actor::local(Principal::CommandLine);
        let mut done = 0;
        let outcome = import_keys::run(&opened.management, &actor, &envelope, plan, |made| {
            done += made;
            bar.inc(u64::try_from(made).unwrap_or(0));
        });
        bar.finish_and_clear();
        outcome.map_err(|error| match done {
            0 => Failure::Failed(error.to_string()),
            _ => Failure::Failed(format!("{error}; {done} keys are imported: run it again for the rest")),
        })?
    };
    let count = |outcome| lines.iter().filter(|line| line.outcome == outcome).count();
    let report = Report {
        dry_run: arguments.dry_run,
        created: count(Outcome::Created),
        existing: count(Outcome::Existing),
        deleted: count(Outcome::Deleted),
        keys: None,
    };
    output::object(context.json, &Report { keys: context.json.then_some(lines), ..report })
}

fn read(arguments: &Arguments) -> Result<Vec<ImportedKey>, Failure> {
    let path = &arguments.file;
    let named = |error: ImportError| match error {
        ImportError::Read(cause) => Failure::Failed(format!("{}: {cause}", path.display())),
        other => other.into(),
    };
    if path.as_os_str() == "-" {
        return import_keys::read(io::stdin().lock()).map_err(named);
    }
    let file = File::open(path).map_err(|cause| named(ImportError::Read(cause)))?;
    import_keys::read(BufReader::new(file)).map_err(named)
}

/// On standard error, and only when that is a terminal.
fn progress_bar(keys: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(u64::try_from(keys).ok(), ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("{wide_bar} {pos}/{len} keys, {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
