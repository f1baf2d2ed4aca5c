//! The audit log: what is in it, who sees it, and that nobody alters it unseen.

mod list;
mod refusals;
mod verify;

use std::time::Duration;

use serde_json::Value;

use crate::support::App;
use crate::support::tools::eventually;

/// How long a refusal may take into the log: two seconds, and much more on a machine that is busy with other tests.
const WITHIN: Duration = Duration::from_secs(20);

/// What `claviger audit list` shows, the newest first.
#[track_caller]
fn rows(app: &App, filter: &[&str]) -> Vec<Value> {
    let mut args = vec!["audit", "list", "--limit", "100000"];
    args.extend_from_slice(filter);
    app.json(&args).as_array().unwrap().clone()
}

/// Waits for at least one row.
#[track_caller]
fn awaited(app: &App, filter: &[&str]) -> Vec<Value> {
    eventually(WITHIN, &format!("a row of {filter:?}"), || Some(rows(app, filter)).filter(|rows| !rows.is_empty()))
}
