//! `claviger apply`

use std::io::{self, Read};
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::{Failure, output};
use crate::app::apply::{self, ApplyError, Difference, Document, MAX_FILE_BYTES};
use crate::domain::actor::{Actor, Principal};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// A TOML file; - for standard input
    file: PathBuf,
    /// Only print the difference
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(context: Context, arguments: &Arguments) -> Result<(), Failure> {
    let text = read(arguments)?;
    let document = Document::parse(&text).map_err(ApplyError::Faults)?;
    let opened = if arguments.dry_run { context.open()? } else { context.open_or_create()? };
    let changes = if arguments.dry_run {
        apply::preview(&opened.db, &document)?
    } else {
        apply::apply(&opened.management, &Actor::local(Principal::CommandLine), &document)?
    };
    if context.json {
        return output::object(true, &json!({"dry_run": arguments.dry_run, "changes": changes}));
    }
    changes.iter().flat_map(lines).try_for_each(|line| output::line(&line))?;
    output::message(&match (changes.len(), arguments.dry_run) {
        (0, _) => "Everything is as the file says.".to_owned(),
        (count, true) => format!("{count} to change; nothing was done."),
        (count, false) => format!("{count} changed."),
    });
    Ok(())
}

fn read(arguments: &Arguments) -> Result<String, Failure> {
    let path = &arguments.file;
    let named = |cause: io::Error| Failure::Failed(format!("{}: {cause}", path.display()));
    let limit = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut text = String::new();
    if path.as_os_str() == "-" {
        io::stdin().lock().take(limit).read_to_string(&mut text).map_err(named)?;
    } else {
        std::fs::File::open(path).and_then(|file| file.take(limit).read_to_string(&mut text)).map_err(named)?;
    }
    Ok(text)
}

/// `+ scope payments:read`, or `~ scope payments:read` and a line for each member that changes.
fn lines(difference: &Difference) -> Vec<String> {
    let sign = if difference.before.is_some() { '~' } else { '+' };
    let kind = difference.kind.replace('_', " ");
    let mut lines = vec![format!("{sign} {kind} {}", difference.name)];
    for (name, after) in difference.after.as_object().into_iter().flatten() {
        let after = shown(after);
        match difference.before.as_ref().and_then(|before| before.get(name)) {
            Some(before) => lines.push(format!("    {name}: {} -> {after}", shown(before))),
            // Of what is new, only what says more than the line above.
            None if after != difference.name && after != NOTHING => lines.push(format!("    {name}: {after}")),
            None => {}
        }
    }
    lines
}

/// How emptiness is shown.
const NOTHING: &str = "-";

fn shown(value: &Value) -> String {
    match value {
        Value::Null => NOTHING.to_owned(),
        Value::String(text) if text.is_empty() => NOTHING.to_owned(),
        Value::Array(items) if items.is_empty() => NOTHING.to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}
