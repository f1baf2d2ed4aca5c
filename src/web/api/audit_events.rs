//! `/audit-events`

use super::answer::Answer;
use super::call::Call;
use super::cursor;
use super::problem::ApiError;
use super::query::{bad, bad_cursor};
use crate::app::list_audit::{add_names, list as find};
use crate::domain::time::Timestamp;
use crate::store::audit_events::{AuditFilter, LogOwner};

/// The longest target that is looked for, in bytes; ids are shorter.
const LONGEST_TARGET: usize = 128;

/// The caller's organization's rows, the newest first; operators see those of the platform alone beside their own. A
/// filter that hardly anything passes makes pages short, or even empty, before the last.
pub(super) fn list(call: &Call) -> Result<Answer, ApiError> {
    let query = &call.query;
    query.allow(&["action", "actor", "target", "outcome", "since", "until", "limit", "cursor"])?;
    let milliseconds = |time: Timestamp| time.unix() * 1_000;
    let target = query.text("target").map(str::to_owned);
    if target.as_ref().is_some_and(|target| target.is_empty() || target.len() > LONGEST_TARGET) {
        return Err(bad("target", "must be an id"));
    }
    let filter = AuditFilter {
        action: query.parsed("action")?,
        actor: query.parsed("actor")?,
        target,
        outcome: query.parsed("outcome")?,
        since: query.parsed("since")?.map(milliseconds),
        until: query.parsed("until")?.map(milliseconds),
    };
    let below = query.after()?.map(|seq| seq.parse().map_err(|_| bad_cursor())).transpose()?;
    let mut owners = vec![LogOwner::Organization(call.organization_id()?)];
    if call.caller()?.is_operator {
        owners.push(LogOwner::Platform);
    }
    let limit = usize::try_from(query.limit()?).unwrap_or_default();
    let mut page = find(&call.management.db, &owners, &filter, below, limit)?;
    add_names(&call.management.db, call.organization_id()?, &mut page.rows)?;
    Answer::page(&page.rows, page.next.map(|seq| cursor::encode(&seq.to_string())))
}
