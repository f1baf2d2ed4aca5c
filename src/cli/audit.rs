//! `claviger audit`

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write, stdout};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

use super::context::{Context, Opened};
use super::{Failure, output, usage};
use crate::app::audit_csv::AuditCsv;
use crate::app::list_audit::{self, AuditView};
use crate::app::verify_audit::{self, ANCHORS_AT_ONCE, Verification};
use crate::domain::actor::Principal;
use crate::domain::audit_anchor::AuditAnchor;
use crate::domain::audit_event::{ActionPrefix, Outcome};
use crate::domain::id::OrganizationId;
use crate::domain::time::Timestamp;
use crate::store::audit_events::{AuditFilter, LogOwner};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Verify every row of the log, and name the first that was tampered with
    Verify {
        /// What `audit head` printed once, kept elsewhere: shows whether the end was cut off or the database is an old one
        #[arg(long = "anchor", value_name = "SEQ:HASH")]
        anchors: Vec<AuditAnchor>,
        /// A file of anchors: what `audit head` or `audit export` printed, one a line
        #[arg(long, value_name = "FILE")]
        anchor_file: Option<PathBuf>,
    },
    /// List rows, the newest first
    List(ListArguments),
    /// Print every row in its order
    Export {
        /// Only rows of this organization
        #[arg(long, value_name = "ID")]
        organization: Option<OrganizationId>,
        /// One JSON object a line, or a table for spreadsheets
        #[arg(long, value_enum, default_value_t = Format::Jsonl)]
        format: Format,
    },
    /// Print the end of the log as an anchor, to be kept elsewhere
    Head,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// One JSON object a line
    Jsonl,
    /// A table (RFC 4180)
    Csv,
}

#[derive(Debug, Args)]
pub(super) struct ListArguments {
    /// Only rows of this organization
    #[arg(long, value_name = "ID")]
    organization: Option<OrganizationId>,
    /// Only what begins so, e.g. api_key.
    #[arg(long, value_name = "PREFIX")]
    action: Option<ActionPrefix>,
    /// Only what this one did: the id of a user or an API key, or cli, dev, system, anonymous
    #[arg(long, value_name = "A")]
    actor: Option<Principal>,
    /// Only what was done to this id
    #[arg(long, value_name = "T")]
    target: Option<String>,
    /// Only done or refused
    #[arg(long, value_name = "OUTCOME")]
    outcome: Option<Outcome>,
    /// Only from this moment on (RFC 3339)
    #[arg(long, value_name = "T")]
    since: Option<Timestamp>,
    /// Only before this moment (RFC 3339)
    #[arg(long, value_name = "T")]
    until: Option<Timestamp>,
    /// At most so many rows
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
}

pub(super) fn run(context: Context, command: Command) -> Result<(), Failure> {
    let opened = context.open()?;
    match command {
        Command::Verify { anchors, anchor_file } => verify(&opened, context.json, &anchors, anchor_file.as_deref()),
        Command::List(arguments) => list(&opened, context.json, arguments),
        Command::Export { organization, format } => export(&opened, organization, format),
        Command::Head => head(&opened, context.json),
    }
}

#[derive(Serialize)]
struct Report {
    verified: bool,
    rows: i64,
    head: Option<String>,
    anchors: usize,
    fault: Option<FaultReport>,
}

#[derive(Serialize)]
struct FaultReport {
    seq: i64,
    id: Option<String>,
    detail: String,
}

fn verify(opened: &Opened, json: bool, given: &[AuditAnchor], file: Option<&Path>) -> Result<(), Failure> {
    let Verification { rows, head, mut fault } = verify_audit::verify(&opened.db, opened.management.chain())?;
    let mut checked = 0;
    let mut check = |anchors: &[AuditAnchor]| -> Result<(), Failure> {
        if fault.is_none() {
            checked += anchors.len();
            fault = verify_audit::check_anchors(&opened.db, anchors)?;
        }
        Ok(())
    };
    check(given)?;
    if let Some(path) = file {
        in_batches(path, &mut check)?;
    }
    let report = Report {
        verified: fault.is_none(),
        rows,
        head: head.map(|head| head.to_string()),
        anchors: checked,
        fault: fault.map(|fault| FaultReport { seq: fault.seq, detail: fault.to_string(), id: fault.id }),
    };
    if json {
        output::object(true, &report)?;
    }
    match report.fault {
        Some(fault) => {
            output::message(&format!("claviger: the audit log was tampered with: {}", fault.detail));
            Err(Failure::Reported)
        }
        None if json => Ok(()),
        None => {
            let head = report.head.unwrap_or_else(|| "-".to_owned());
            output::line(&format!("verified  {rows} rows, {checked} anchors\nhead      {head}"))?;
            if checked == 0 {
                output::message(
                    "Without an anchor kept elsewhere, an old state of the whole database in its place cannot be seen.",
                );
            }
            Ok(())
        }
    }
}

/// A line of `audit export` or of `audit head --json`, as far as it is an anchor.
#[derive(Deserialize)]
struct AnchorLine {
    seq: i64,
    hash: String,
}

/// Reads a file of anchors, never more of it at once than is checked at once.
fn in_batches(path: &Path, check: &mut impl FnMut(&[AuditAnchor]) -> Result<(), Failure>) -> Result<(), Failure> {
    let wrong = |cause: &dyn std::fmt::Display| usage(format!("{}: {cause}", path.display()));
    let mut batch = Vec::with_capacity(ANCHORS_AT_ONCE);
    for (number, line) in BufReader::new(File::open(path).map_err(|e| wrong(&e))?).lines().enumerate() {
        let line = line.map_err(|e| wrong(&e))?;
        let text = match serde_json::from_str::<AnchorLine>(&line) {
            Ok(AnchorLine { seq, hash }) => format!("{seq}:{hash}"),
            Err(_) => line.trim().to_owned(),
        };
        if text.is_empty() {
            continue;
        }
        batch.push(text.parse().map_err(|e| wrong(&format!("line {}: {e}", number + 1)))?);
        if batch.len() == ANCHORS_AT_ONCE {
            check(&batch)?;
            batch.clear();
        }
    }
    check(&batch)
}

#[derive(Serialize)]
struct HeadReport {
    seq: i64,
    hash: String,
    anchor: String,
}

fn head(opened: &Opened, json: bool) -> Result<(), Failure> {
    let Verification { head, fault, .. } = verify_audit::verify_newest(&opened.db, opened.management.chain(), 1)?;
    if let Some(fault) = fault {
        return Err(Failure::Failed(format!("the audit log was tampered with: {fault}")));
    }
    let Some(head) = head else { return Err(Failure::Failed("the audit log has no row yet".to_owned())) };
    let anchor = head.to_string();
    if !json {
        return output::line(&anchor);
    }
    let hash = anchor.split_once(':').map(|(_, hash)| hash.to_owned()).unwrap_or_default();
    // On one line, so that a file of them can be made with >>.
    output::line(&serde_json::to_string(&HeadReport { seq: head.seq, hash, anchor })?)
}

/// A row as people see it on a terminal.
#[derive(Serialize)]
struct Line {
    occurred_at: String,
    actor: String,
    action: String,
    target: Option<String>,
    outcome: String,
    reason: Option<String>,
    address: Option<String>,
}

impl From<AuditView> for Line {
    fn from(row: AuditView) -> Self {
        let actor = row.actor.id.unwrap_or_else(|| row.actor.kind.to_owned());
        let AuditView { occurred_at, action, target, outcome, reason, address, .. } = row;
        Self { occurred_at, actor, action, target, outcome, reason, address }
    }
}

fn list(opened: &Opened, json: bool, arguments: ListArguments) -> Result<(), Failure> {
    let milliseconds = |time: Timestamp| time.unix() * 1000;
    let filter = AuditFilter {
        action: arguments.action,
        actor: arguments.actor,
        target: arguments.target,
        outcome: arguments.outcome,
        since: arguments.since.map(milliseconds),
        until: arguments.until.map(milliseconds),
    };
    let owner = arguments.organization.map_or(LogOwner::All, LogOwner::Organization);
    let mut rows = Vec::new();
    let mut below = None;
    loop {
        let page = list_audit::list(&opened.db, &[owner], &filter, below, arguments.limit.saturating_sub(rows.len()))?;
        rows.extend(page.rows);
        below = page.next;
        if below.is_none() || rows.len() >= arguments.limit {
            break;
        }
    }
    if json {
        return output::list(true, &rows, &[]);
    }
    let lines: Vec<Line> = rows.into_iter().map(Line::from).collect();
    output::list(false, &lines, &["occurred_at", "actor", "action", "target", "outcome", "reason", "address"])
}

#[derive(Serialize)]
struct Exported {
    #[serde(flatten)]
    row: AuditView,
    hash: String,
}

fn export(opened: &Opened, organization: Option<OrganizationId>, format: Format) -> Result<(), Failure> {
    let mut out = BufWriter::new(stdout().lock());
    let organization = organization.map(|id| id.to_string());
    let organization = organization.as_deref();
    match format {
        Format::Jsonl => list_audit::export(&opened.db, organization, |row, hash| -> Result<(), Failure> {
            serde_json::to_writer(&mut out, &Exported { row, hash })?;
            Ok(out.write_all(b"\n")?)
        })?,
        Format::Csv => {
            let mut table = AuditCsv::begin(&mut out)?;
            list_audit::export(&opened.db, organization, |row, hash| -> Result<(), Failure> {
                Ok(table.add(&serde_json::to_value(Exported { row, hash })?)?)
            })?;
            table.end()?;
        }
    }
    Ok(out.flush()?)
}
