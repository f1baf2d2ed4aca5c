//! Adds to the audit log.

use super::{AppError, random_bits};
use crate::clock;
use crate::crypto::audit_chain::{AuditChain, GENESIS, Link};
use crate::domain::actor::Actor;
use crate::domain::audit_event::{AuditEntry, AuditEvent};
use crate::domain::id::AuditEventId;
use crate::store::audit_events::{self, AuditHead, AuditRow};
use crate::store::{StoreError, WriteTransaction};

/// What `actor` has done, or was refused, at this moment.
///
/// # Errors
/// [`AppError::Crypto`].
pub fn event(actor: Actor, entry: AuditEntry) -> Result<AuditEvent, AppError> {
    let occurred_at_ms = clock::unix_milliseconds();
    let id = AuditEventId::from_parts(occurred_at_ms, random_bits()?);
    Ok(AuditEvent { id, occurred_at_ms: i64::try_from(occurred_at_ms).unwrap_or(i64::MAX), actor, entry })
}

/// Chains the events to the log's end. The caller holds the writers' lock: two writers must not continue the same row.
///
/// # Errors
/// [`StoreError`].
pub fn append(transaction: &mut WriteTransaction<'_>, chain: &AuditChain, events: Vec<AuditEvent>) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let head = audit_events::head(transaction.reading())?;
    let (mut seq, mut last) = match head {
        None => (0, GENESIS),
        Some(head) => (head.seq, link_of(&head.hash)?),
    };
    let mut rows = Vec::with_capacity(events.len());
    for event in events {
        seq += 1;
        let mut row = to_row(seq, event);
        last = link(chain, &last, &row);
        row.hash = last.to_vec();
        rows.push(row);
    }
    audit_events::append(transaction, &rows, &AuditHead { seq, hash: last.to_vec(), seal: chain.seal(seq, &last).to_vec() })
}

/// The hash of `row` after a row of the hash `previous`.
pub fn link(chain: &AuditChain, previous: &Link, row: &AuditRow) -> Link {
    let (seq, occurred_at) = (row.seq.to_be_bytes(), row.occurred_at.to_be_bytes());
    let required = [&row.id, &row.actor, &row.action, &row.outcome].map(|text| Some(text.as_bytes()));
    let optional = [&row.organization_id, &row.address, &row.request_id, &row.target, &row.reason, &row.before, &row.after]
        .map(|text| text.as_deref().map(str::as_bytes));
    chain.link(previous, [Some(&seq[..]), Some(&occurred_at)].into_iter().chain(required).chain(optional))
}

/// The 32 bytes of a stored hash.
///
/// # Errors
/// [`StoreError::Corrupt`] when there are not 32.
pub fn link_of(stored: &[u8]) -> Result<Link, StoreError> {
    stored.try_into().map_err(|_| StoreError::corrupt("audit_head", 1, "the hash does not have 32 bytes"))
}

fn to_row(seq: i64, event: AuditEvent) -> AuditRow {
    let AuditEvent { id, occurred_at_ms, actor, entry } = event;
    AuditRow {
        seq,
        id: id.to_string(),
        occurred_at: occurred_at_ms,
        organization_id: entry.organization_id.map(|id| id.to_string()),
        actor: actor.principal.to_string(),
        address: actor.address.map(|address| address.to_string()),
        request_id: actor.request_id,
        action: entry.action.to_owned(),
        target: entry.target,
        outcome: entry.outcome.as_str().to_owned(),
        reason: entry.reason.map(str::to_owned),
        before: entry.before.map(|value| value.to_string()),
        after: entry.after.map(|value| value.to_string()),
        hash: Vec::new(),
    }
}
