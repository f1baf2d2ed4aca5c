//! The table of the audit log, and the end of its chain. How rows are chained is not known here.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use diesel::prelude::*;

use super::connection::MultiBackend;
use super::schema::{audit_events, audit_head};
use super::{DbConnection, StoreError, WriteTransaction};
use crate::domain::actor::Principal;
use crate::domain::audit_event::{ActionPrefix, Outcome};
use crate::domain::id::OrganizationId;

/// A row as it is stored: the hash covers these very texts.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = audit_events)]
pub struct AuditRow {
    /// 1 for the first row, without gaps.
    pub seq: i64,
    /// `audit_…`
    pub id: String,
    /// Unix milliseconds.
    pub occurred_at: i64,
    /// Whose log it belongs to.
    pub organization_id: Option<String>,
    /// Who.
    pub actor: String,
    /// From where.
    pub address: Option<String>,
    /// The request's name in the log.
    pub request_id: Option<String>,
    /// What.
    pub action: String,
    /// To what.
    pub target: Option<String>,
    /// `done` or `refused`.
    pub outcome: String,
    /// Why it was refused.
    pub reason: Option<String>,
    /// JSON.
    pub before: Option<String>,
    /// JSON.
    pub after: Option<String>,
    /// Covers the row and the hash before it; 32 bytes.
    pub hash: Vec<u8>,
}

/// The end of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// The newest row; 0 when there is none.
    pub seq: i64,
    /// Its hash; 32 bytes.
    pub hash: Vec<u8>,
    /// What proves that this is the end.
    pub seal: Vec<u8>,
}

/// The end of the chain, when there is a row.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn head(connection: &mut DbConnection) -> Result<Option<AuditHead>, StoreError> {
    let found: Option<(i64, Vec<u8>, Vec<u8>)> =
        audit_head::table.find(1).select((audit_head::seq, audit_head::hash, audit_head::seal)).first(connection).optional()?;
    Ok(found.map(|(seq, hash, seal)| AuditHead { seq, hash, seal }))
}

/// Adds rows and moves the end. The caller holds the writers' lock.
///
/// # Errors
/// [`StoreError`].
pub fn append(transaction: &mut WriteTransaction<'_>, rows: &[AuditRow], head: &AuditHead) -> Result<(), StoreError> {
    insert_rows!(transaction, audit_events::table, rows);
    let end = (audit_head::seq.eq(head.seq), audit_head::hash.eq(&head.hash), audit_head::seal.eq(&head.seal));
    if diesel::update(audit_head::table.find(1)).set(end).execute(transaction.connection)? == 0 {
        diesel::insert_into(audit_head::table).values((audit_head::id.eq(1), end)).execute(transaction.connection)?;
    }
    Ok(())
}

/// Up to `limit` rows after row `seq`, in their order; of one organization, or all.
///
/// # Errors
/// [`StoreError`].
pub fn after(
    connection: &mut DbConnection,
    seq: i64,
    organization_id: Option<&str>,
    limit: i64,
) -> Result<Vec<AuditRow>, StoreError> {
    let rows = audit_events::table.filter(audit_events::seq.gt(seq)).order(audit_events::seq).limit(limit);
    match organization_id {
        None => Ok(rows.load(connection)?),
        Some(id) => Ok(rows.filter(audit_events::organization_id.eq(id)).load(connection)?),
    }
}

/// The hashes of the rows of these numbers, as far as they are there.
///
/// # Errors
/// [`StoreError`].
pub fn hashes(connection: &mut DbConnection, seqs: &[i64]) -> Result<HashMap<i64, Vec<u8>>, StoreError> {
    let rows: Vec<(i64, Vec<u8>)> = audit_events::table
        .filter(audit_events::seq.eq_any(seqs))
        .select((audit_events::seq, audit_events::hash))
        .load(connection)?;
    Ok(rows.into_iter().collect())
}

/// The number of the newest row; 0 when there is none.
///
/// # Errors
/// [`StoreError`].
pub fn newest(connection: &mut DbConnection) -> Result<i64, StoreError> {
    let newest: Option<i64> = audit_events::table.select(diesel::dsl::max(audit_events::seq)).first(connection)?;
    Ok(newest.unwrap_or(0))
}

/// When row `seq`, or the next one that is there, happened; `None` after the newest.
///
/// # Errors
/// [`StoreError`].
pub fn time_at(connection: &mut DbConnection, seq: i64) -> Result<Option<i64>, StoreError> {
    let found = audit_events::table.filter(audit_events::seq.ge(seq)).order(audit_events::seq).select(audit_events::occurred_at);
    Ok(found.first(connection).optional()?)
}

/// Whose rows are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogOwner {
    /// Everybody's.
    All,
    /// An organization's.
    Organization(OrganizationId),
    /// Those of no organization: the platform's alone.
    Platform,
}

/// Which rows are asked for.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// How the action begins.
    pub action: Option<ActionPrefix>,
    /// Who.
    pub actor: Option<Principal>,
    /// To what.
    pub target: Option<String>,
    /// Whether it was done.
    pub outcome: Option<Outcome>,
    /// From this moment on; Unix milliseconds.
    pub since: Option<i64>,
    /// Before this moment; Unix milliseconds.
    pub until: Option<i64>,
}

/// Up to `limit` rows with numbers in `seqs`, the newest first.
///
/// # Errors
/// [`StoreError`].
pub fn find(
    connection: &mut DbConnection,
    owner: &LogOwner,
    filter: &AuditFilter,
    seqs: &RangeInclusive<i64>,
    limit: i64,
) -> Result<Vec<AuditRow>, StoreError> {
    Ok(matching(owner, filter, seqs).order(audit_events::seq.desc()).limit(limit).load(connection)?)
}

/// The number of the row that comes `rows` before the newest one in `seqs`, along the index that [`find`] takes: looking
/// from there on is bounded, whatever the filter leaves over. `None`: there are not so many.
///
/// # Errors
/// [`StoreError`].
pub fn floor(
    connection: &mut DbConnection,
    owner: &LogOwner,
    filter: &AuditFilter,
    seqs: &RangeInclusive<i64>,
    rows: i64,
) -> Result<Option<i64>, StoreError> {
    let narrow = AuditFilter { actor: filter.actor, target: filter.target.clone(), ..AuditFilter::default() };
    // One index is followed: that of the target, or else of the actor, or else of the organization.
    let owner = if narrow.target.is_some() || narrow.actor.is_some() { &LogOwner::All } else { owner };
    let narrow = if narrow.target.is_some() { AuditFilter { actor: None, ..narrow } } else { narrow };
    let found = matching(owner, &narrow, seqs).order(audit_events::seq.desc()).select(audit_events::seq).offset(rows).limit(1);
    Ok(found.first(connection).optional()?)
}

type Matching<'a> = audit_events::BoxedQuery<'a, MultiBackend>;

fn matching<'a>(owner: &LogOwner, filter: &AuditFilter, seqs: &RangeInclusive<i64>) -> Matching<'a> {
    let (from, to) = (*seqs.start(), *seqs.end());
    let mut rows = audit_events::table.filter(audit_events::seq.between(from, to)).into_boxed();
    rows = match owner {
        LogOwner::All => rows,
        LogOwner::Organization(id) => rows.filter(audit_events::organization_id.eq(id.to_string())),
        LogOwner::Platform => rows.filter(audit_events::organization_id.is_null()),
    };
    if let Some(prefix) = &filter.action {
        // Not by comparing: PostgreSQL's order may be that of a language.
        rows = rows.filter(audit_events::action.like(format!("{}%", prefix.as_str().replace('_', "\\_"))).escape('\\'));
    }
    if let Some(actor) = &filter.actor {
        rows = rows.filter(audit_events::actor.eq(actor.to_string()));
    }
    if let Some(target) = &filter.target {
        rows = rows.filter(audit_events::target.eq(target.clone()));
    }
    if let Some(outcome) = &filter.outcome {
        rows = rows.filter(audit_events::outcome.eq(outcome.as_str()));
    }
    if let Some(since) = filter.since {
        rows = rows.filter(audit_events::occurred_at.ge(since));
    }
    if let Some(until) = filter.until {
        rows = rows.filter(audit_events::occurred_at.lt(until));
    }
    rows
}
