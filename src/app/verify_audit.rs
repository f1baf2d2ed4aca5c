//! Verifies the audit log: every row in its place, each fitting its hash and the row before it, up to the sealed end.
//!
//! Who can write to the database but does not have the master key can neither alter a row, nor add, move or leave out
//! one, nor cut off the newest. What the chain alone cannot show is an old state of the whole database put in its
//! place: for that there are anchors, kept elsewhere.

use std::fmt;

use super::audit::link;
use crate::crypto::audit_chain::{AuditChain, GENESIS, Link};
use crate::domain::audit_anchor::AuditAnchor;
use crate::store::audit_events::{self, AuditHead, AuditRow};
use crate::store::{Db, DbConnection, StoreError};

/// The first thing that is wrong with the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditFault {
    /// The number of the first row that is not as it was written.
    pub seq: i64,
    /// Its id, when there is a row.
    pub id: Option<String>,
    /// What is wrong with it.
    pub kind: FaultKind,
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// It and those up to this one are gone.
    Missing(i64),
    /// It is not what was written there.
    Altered,
    /// It stands before the first row.
    BeforeTheFirst,
    /// It stands after the sealed end.
    AfterTheEnd,
    /// It cannot even be read; the text says why.
    Unreadable(String),
    /// The record of the log's end is gone.
    NoEnd,
    /// The record of the log's end was not written by this program.
    ForgedEnd,
    /// An anchor names it, and the log ends before it.
    BeyondTheEnd,
    /// An anchor names another row in its place.
    NotTheAnchors,
}

impl fmt::Display for AuditFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seq = self.seq;
        match &self.id {
            Some(id) => write!(f, "row {seq} ({id}) ")?,
            None => write!(f, "row {seq} ")?,
        }
        match &self.kind {
            FaultKind::Missing(last) if *last == seq => f.write_str("is missing"),
            FaultKind::Missing(last) => write!(f, "is missing, and so are all up to row {last}"),
            FaultKind::Altered => f.write_str("is not what was written there: it was altered, moved or added"),
            FaultKind::BeforeTheFirst => f.write_str("was added before the first row"),
            FaultKind::AfterTheEnd => f.write_str("was added after the sealed end of the log"),
            FaultKind::Unreadable(cause) => write!(f, "cannot be read: {cause}"),
            FaultKind::NoEnd => f.write_str("is the last one, but the record of the log's end is gone"),
            FaultKind::ForgedEnd => f.write_str("is named by a record of the log's end whose seal is wrong: it was altered"),
            FaultKind::BeyondTheEnd => {
                f.write_str("is named by the anchor but not there: the end was cut off, or the database is an older one")
            }
            FaultKind::NotTheAnchors => {
                f.write_str("is not the one that the anchor names: the log was replaced, or continued from an older database")
            }
        }
    }
}

/// What the verification of the chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// How many rows were found good.
    pub rows: i64,
    /// The end of the log, when there is nothing wrong with it.
    pub head: Option<AuditAnchor>,
    /// The first thing that is wrong.
    pub fault: Option<AuditFault>,
}

/// Goes along the rows in their order.
struct Walk<'a> {
    chain: &'a AuditChain,
    seq: i64,
    last: Link,
    rows: i64,
}

impl<'a> Walk<'a> {
    /// From the first row on.
    const fn from_start(chain: &'a AuditChain) -> Self {
        Self { chain, seq: 0, last: GENESIS, rows: 0 }
    }

    fn step(&mut self, row: &AuditRow) -> Result<(), AuditFault> {
        let expected = self.seq + 1;
        let wrong = |kind| Err(AuditFault { seq: row.seq, id: Some(row.id.clone()), kind });
        if row.seq < expected {
            return wrong(FaultKind::BeforeTheFirst);
        }
        if row.seq > expected {
            return Err(AuditFault { seq: expected, id: None, kind: FaultKind::Missing(row.seq - 1) });
        }
        let hash = link(self.chain, &self.last, row);
        if row.hash != hash {
            return wrong(FaultKind::Altered);
        }
        (self.seq, self.last) = (expected, hash);
        self.rows += 1;
        Ok(())
    }

    /// Holds the last row against the record of the log's end.
    fn end(&self, head: Option<&AuditHead>) -> Result<Option<AuditAnchor>, AuditFault> {
        let fault = |seq, kind| Err(AuditFault { seq, id: None, kind });
        let Some(head) = head else {
            return if self.seq == 0 { Ok(None) } else { fault(self.seq, FaultKind::NoEnd) };
        };
        let Ok(hash) = Link::try_from(head.hash.as_slice()) else { return fault(head.seq, FaultKind::ForgedEnd) };
        if head.seal != self.chain.seal(head.seq, &hash) {
            return fault(head.seq, FaultKind::ForgedEnd);
        }
        match head.seq {
            seq if seq > self.seq => fault(self.seq + 1, FaultKind::Missing(seq)),
            seq if seq < self.seq => fault(seq + 1, FaultKind::AfterTheEnd),
            seq if hash != self.last => fault(seq, FaultKind::Altered),
            seq => Ok(Some(AuditAnchor { seq, hash })),
        }
    }

    fn outcome(&self, end: Result<Option<AuditAnchor>, AuditFault>) -> Verification {
        let (head, fault) = match end {
            Ok(head) => (head, None),
            Err(fault) => (None, Some(fault)),
        };
        Verification { rows: self.rows, head, fault }
    }
}

/// Rows in memory at once.
const PAGE: i64 = 5_000;

/// Verifies the whole log, on one snapshot of the database, in pages.
///
/// # Errors
/// [`StoreError`] when the database does not answer.
pub fn verify(db: &Db, chain: &AuditChain) -> Result<Verification, StoreError> {
    db.read(|connection| {
        let mut walk = Walk::from_start(chain);
        // Below the first row there must be nothing.
        let end = walk_on(connection, &mut walk, i64::MIN)?;
        Ok(walk.outcome(end))
    })
}

/// Verifies the newest `rows` rows and the end of the log, for a quick look.
///
/// # Errors
/// As for [`verify`].
pub fn verify_newest(db: &Db, chain: &AuditChain, rows: i64) -> Result<Verification, StoreError> {
    db.read(|connection| {
        let newest = audit_events::head(connection)?.map_or(0, |head| head.seq);
        let seq = newest.saturating_sub(rows).max(0);
        let before = audit_events::hashes(connection, &[seq])?.remove(&seq);
        let mut walk = Walk { seq, ..Walk::from_start(chain) };
        let end = match (seq, before.map(Link::try_from)) {
            (0, _) => walk_on(connection, &mut walk, i64::MIN)?,
            (_, Some(Ok(hash))) => {
                walk.last = hash;
                walk_on(connection, &mut walk, seq)?
            }
            (_, None) => Err(AuditFault { seq, id: None, kind: FaultKind::Missing(seq) }),
            (_, Some(Err(_))) => Err(AuditFault { seq, id: None, kind: FaultKind::Altered }),
        };
        Ok(walk.outcome(end))
    })
}

fn walk_on(
    connection: &mut DbConnection,
    walk: &mut Walk<'_>,
    mut after: i64,
) -> Result<Result<Option<AuditAnchor>, AuditFault>, StoreError> {
    let mut page = PAGE;
    loop {
        let rows = match audit_events::after(connection, after, None, page) {
            Ok(rows) => rows,
            // Which one of them it is, is found one by one.
            Err(StoreError::Corrupt { .. }) if page > 1 => {
                page = 1;
                continue;
            }
            Err(StoreError::Corrupt { detail, .. }) => {
                return Ok(Err(AuditFault { seq: walk.seq + 1, id: None, kind: FaultKind::Unreadable(detail) }));
            }
            Err(error) => return Err(error),
        };
        let Some(last) = rows.last() else { break };
        after = last.seq;
        if let Some(fault) = rows.iter().find_map(|row| walk.step(row).err()) {
            return Ok(Err(fault));
        }
    }
    let head = audit_events::head(connection)?;
    Ok(walk.end(head.as_ref()))
}

/// The most anchors in one call of [`check_anchors`].
pub const ANCHORS_AT_ONCE: usize = 500;

/// Holds rows of a log that [`verify`] found good against what was kept elsewhere.
///
/// # Errors
/// [`StoreError`] when the database does not answer.
pub fn check_anchors(db: &Db, anchors: &[AuditAnchor]) -> Result<Option<AuditFault>, StoreError> {
    let seqs: Vec<i64> = anchors.iter().map(|anchor| anchor.seq).collect();
    let stored = db.read(|connection| audit_events::hashes(connection, &seqs))?;
    let fault_of = |anchor: &AuditAnchor| {
        let kind = match stored.get(&anchor.seq) {
            None => FaultKind::BeyondTheEnd,
            Some(hash) if hash.as_slice() != anchor.hash => FaultKind::NotTheAnchors,
            Some(_) => return None,
        };
        Some(AuditFault { seq: anchor.seq, id: None, kind })
    };
    Ok(anchors.iter().filter_map(fault_of).min_by_key(|fault| fault.seq))
}

#[cfg(test)]
mod tests;
