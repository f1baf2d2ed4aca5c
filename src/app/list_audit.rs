//! The audit log as people and programs read it.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::domain::actor::Principal;
use crate::domain::id::OrganizationId;
use crate::domain::time::in_milliseconds;
use crate::store::audit_events::{self, AuditFilter, AuditRow, LogOwner};
use crate::store::{Db, DbConnection, StoreError, names};

/// A row as it is shown. Texts are shown as they are stored, also those that this version would not write.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AuditEvent)]
pub struct AuditView {
    /// `audit_…`
    #[schema(example = "audit_01hf7yat00000000000000000a")]
    pub id: String,
    /// Its place in the log.
    pub seq: i64,
    /// RFC 3339, with milliseconds.
    #[schema(format = DateTime, example = "2030-01-31T12:00:00.123Z")]
    pub occurred_at: String,
    /// Whose log it belongs to; `null`: the platform's alone.
    pub organization_id: Option<String>,
    /// Who.
    pub actor: ActorView,
    /// From where.
    pub address: Option<String>,
    /// The request's name in the server's log.
    pub request_id: Option<String>,
    /// What.
    #[schema(example = "api_key.created")]
    pub action: String,
    /// The id of what it was done to.
    pub target: Option<String>,
    /// What that user, API key, account or webhook is called now; left out when it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_name: Option<String>,
    /// `done` or `refused`.
    #[schema(example = "done")]
    pub outcome: String,
    /// Why it was refused.
    pub reason: Option<String>,
    /// What was so before, as far as it differs.
    #[schema(value_type = Option<Object>)]
    pub before: Option<Value>,
    /// What is so now, as far as it differs.
    #[schema(value_type = Option<Object>)]
    pub after: Option<Value>,
}

/// Who did something.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Actor)]
pub struct ActorView {
    /// `user`, `api_key`, `cli`, `dev`, `system` or `anonymous`.
    #[serde(rename = "type")]
    #[schema(example = "api_key")]
    pub kind: &'static str,
    /// The id of a user or an API key.
    pub id: Option<String>,
    /// What it is called now; left out when it is gone or another organization's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl ActorView {
    fn of(stored: String) -> Self {
        let kind = stored.parse().map_or("unknown", Principal::kind);
        let has_id = matches!(kind, "user" | "api_key" | "unknown");
        Self { kind, id: has_id.then_some(stored), name: None }
    }
}

impl From<AuditRow> for AuditView {
    fn from(row: AuditRow) -> Self {
        let json = |text: Option<String>| text.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)));
        Self {
            id: row.id,
            seq: row.seq,
            occurred_at: in_milliseconds(row.occurred_at),
            organization_id: row.organization_id,
            actor: ActorView::of(row.actor),
            address: row.address,
            request_id: row.request_id,
            action: row.action,
            target: row.target,
            target_name: None,
            outcome: row.outcome,
            reason: row.reason,
            before: json(row.before),
            after: json(row.after),
        }
    }
}

/// Some rows, the newest first.
#[derive(Clone, Debug)]
pub struct AuditPage {
    /// The rows.
    pub rows: Vec<AuditView>,
    /// Go on with the rows below this number; `None`: there are no more.
    pub next: Option<i64>,
}

/// How many rows are looked at for one page: a filter that hardly anything passes makes pages short, not slow.
const LOOKED_AT: i64 = 20_000;

/// Times may disagree with the order of the rows by as many rows: refusals are written a moment after they happened, and
/// the clocks of nodes differ.
const DISORDER: i64 = 20_000;

/// Up to `limit` rows with numbers below `below` that belong to one of `owners` and pass the filter.
///
/// # Errors
/// [`StoreError`].
pub fn list(
    db: &Db,
    owners: &[LogOwner],
    filter: &AuditFilter,
    below: Option<i64>,
    limit: usize,
) -> Result<AuditPage, StoreError> {
    db.read(|connection| {
        let newest = audit_events::newest(connection)?;
        let to = below.map_or(newest, |below| newest.min(below.saturating_sub(1)));
        let to = match filter.until {
            Some(until) => to.min(first_from(connection, newest, until)?.saturating_add(DISORDER)),
            None => to,
        };
        let from = match filter.since {
            Some(since) => first_from(connection, newest, since)?.saturating_sub(DISORDER).max(1),
            None => 1,
        };
        page(connection, owners, filter, (from, to), limit)
    })
}

/// Adds what people call the users, API keys, accounts and webhooks of the organization that rows name.
///
/// # Errors
/// [`StoreError`].
pub fn add_names(db: &Db, organization_id: OrganizationId, rows: &mut [AuditView]) -> Result<(), StoreError> {
    let mut ids: Vec<String> = rows.iter().flat_map(|row| [row.actor.id.clone(), row.target.clone()]).flatten().collect();
    ids.sort_unstable();
    ids.dedup();
    let names = db.read(|connection| names::of_ids(connection, organization_id, &ids))?;
    let name_of = |id: &Option<String>| id.as_ref().and_then(|id| names.get(id)).cloned();
    for row in rows {
        row.actor.name = name_of(&row.actor.id);
        row.target_name = name_of(&row.target);
    }
    Ok(())
}

fn page(
    connection: &mut DbConnection,
    owners: &[LogOwner],
    filter: &AuditFilter,
    (from, to): (i64, i64),
    limit: usize,
) -> Result<AuditPage, StoreError> {
    let mut floor = from;
    for owner in owners {
        floor = floor.max(audit_events::floor(connection, owner, filter, &(from..=to), LOOKED_AT)?.unwrap_or(from));
    }
    let mut rows: Vec<AuditRow> = Vec::new();
    let wanted = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    for owner in owners {
        rows.extend(audit_events::find(connection, owner, filter, &(floor..=to), wanted)?);
    }
    rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.seq));
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = match rows.last() {
        Some(last) if more => Some(last.seq),
        _ => Some(floor).filter(|floor| *floor > from),
    };
    Ok(AuditPage { rows: rows.into_iter().map(AuditView::from).collect(), next })
}

/// The number of the first row that happened at `moment` or later, if times were in the order of the rows; found in as
/// many steps as the number of rows has binary digits.
fn first_from(connection: &mut DbConnection, newest: i64, moment: i64) -> Result<i64, StoreError> {
    let (mut low, mut high) = (1, newest.saturating_add(1));
    while low < high {
        let middle = low + (high - low) / 2;
        match audit_events::time_at(connection, middle)? {
            Some(at) if at < moment => low = middle + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// Rows in memory at once.
const EXPORTED_AT_ONCE: i64 = 2_000;

/// Hands over every row, of one organization or all, in their order, each with its hash in hexadecimal digits.
///
/// # Errors
/// What `each` returns, or [`StoreError`].
pub fn export<E: From<StoreError>>(
    db: &Db,
    organization_id: Option<&str>,
    mut each: impl FnMut(AuditView, String) -> Result<(), E>,
) -> Result<(), E> {
    let mut after = i64::MIN;
    loop {
        let rows = db.read(|connection| audit_events::after(connection, after, organization_id, EXPORTED_AT_ONCE))?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.seq;
        for row in rows {
            let hash = row.hash.iter().map(|byte| format!("{byte:02x}")).collect();
            each(AuditView::from(row), hash)?;
        }
    }
}
