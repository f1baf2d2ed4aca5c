//! The table of the audit log, and the end of its chain. How rows are chained is not known here.

use diesel::prelude::*;

use super::schema::{audit_events, audit_head};
use super::{DbConnection, StoreError, WriteTransaction};

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
