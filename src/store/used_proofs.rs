//! The table of what may be used once and has been: assertions and proofs of clients.

use std::collections::HashSet;

use diesel::prelude::*;

use super::schema::used_proofs;
use super::{StoreError, WriteTransaction};
use crate::domain::time::Timestamp;

/// Something that may be used once: a digest of what it is (43 characters of base64url), and when it need not be remembered
/// any longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneTimeProof {
    /// Tells it from all others.
    pub digest: String,
    /// From when on it would be refused anyway.
    pub expires_at: Timestamp,
}

/// Notes that these are used, and says of each whether it was not used before. Of the same in one call the first is the first.
///
/// # Errors
/// [`StoreError::UniqueViolation`] when another node notes one of them at this moment: nothing is kept then.
pub fn note(transaction: &mut WriteTransaction<'_>, proofs: &[OneTimeProof]) -> Result<Vec<bool>, StoreError> {
    let digests: Vec<&String> = proofs.iter().map(|proof| &proof.digest).collect();
    let known: Vec<String> = used_proofs::table
        .filter(used_proofs::digest.eq_any(digests))
        .select(used_proofs::digest)
        .load(transaction.connection)?;
    let mut known: HashSet<&str> = known.iter().map(String::as_str).collect();
    let first: Vec<bool> = proofs.iter().map(|proof| known.insert(&proof.digest)).collect();
    // In one order on every node: two that note the same must not wait for each other in a circle.
    let mut new: Vec<_> = proofs.iter().zip(&first).filter(|(_, first)| **first).collect();
    new.sort_unstable_by_key(|(proof, _)| &proof.digest);
    let rows: Vec<_> = new
        .into_iter()
        .map(|(proof, _)| (used_proofs::digest.eq(proof.digest.clone()), used_proofs::expires_at.eq(proof.expires_at.unix())))
        .collect();
    insert_rows!(transaction, used_proofs::table, rows);
    Ok(first)
}

/// Removes what had expired at `moment`.
///
/// # Errors
/// [`StoreError`].
pub fn remove_ended(transaction: &mut WriteTransaction<'_>, moment: Timestamp) -> Result<usize, StoreError> {
    Ok(diesel::delete(used_proofs::table.filter(used_proofs::expires_at.le(moment.unix()))).execute(transaction.connection)?)
}
