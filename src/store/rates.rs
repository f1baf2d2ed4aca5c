//! The tables of what the nodes share of the rate plans: requests taken of each window, requests in progress.

use std::collections::HashMap;

use diesel::prelude::*;

use super::schema::{rate_connections, rate_windows};
use super::{DbConnection, StoreError, WriteTransaction};
use crate::domain::id::ClientId;
use crate::domain::time::Timestamp;

/// What a node settles with all others for one window of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// Whose.
    pub client_id: ClientId,
    /// `minute` or `day`.
    pub kind: &'static str,
    /// When the window began.
    pub starts_at: Timestamp,
    /// Requests that were admitted without having been taken, less those that were taken and not needed.
    pub correction: i64,
    /// How many more the node would like to take.
    pub wanted: u32,
    /// How many all nodes together may take.
    pub limit: u32,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// How many of the wanted ones the node got.
    pub granted: u32,
    /// How many all nodes together have taken now.
    pub taken: u32,
}

impl Settlement {
    /// What comes of it when `taken` were taken before.
    pub fn apply_to(&self, taken: i64) -> Settled {
        let corrected = taken.saturating_add(self.correction).clamp(0, i64::from(u32::MAX));
        let left = i64::from(self.limit).saturating_sub(corrected).max(0);
        let granted = u32::try_from(left).unwrap_or(u32::MAX).min(self.wanted);
        let taken = u32::try_from(corrected).unwrap_or(u32::MAX).saturating_add(granted);
        Settled { granted, taken }
    }
}

/// Settles with all other nodes, which wait meanwhile. `all` must be in the same order on every node: [`order`].
///
/// # Errors
/// [`StoreError::UniqueViolation`] when another node began the same window at the same moment: to be tried again.
pub fn settle(transaction: &mut WriteTransaction<'_>, all: &[Settlement]) -> Result<Vec<Settled>, StoreError> {
    all.iter().map(|settlement| settle_one(transaction.connection, settlement)).collect()
}

/// In which order settlements must be.
pub fn order(settlement: &Settlement) -> (ClientId, &'static str, Timestamp) {
    (settlement.client_id, settlement.kind, settlement.starts_at)
}

fn settle_one(connection: &mut DbConnection, settlement: &Settlement) -> Result<Settled, StoreError> {
    let Settlement { client_id, kind, starts_at, .. } = *settlement;
    let (client_id, starts_at) = (client_id.to_string(), starts_at.unix());
    let row = || rate_windows::table.find((&client_id, kind, starts_at));
    // Locks the row until the end of the transaction; what is read after that is true until then.
    diesel::update(row()).set(rate_windows::taken.eq(rate_windows::taken)).execute(connection)?;
    let before: Option<i64> = row().select(rate_windows::taken).first(connection).optional()?;
    let settled = settlement.apply_to(before.unwrap_or(0));
    let taken = i64::from(settled.taken);
    match before {
        Some(before) if before == taken => {}
        Some(_) => drop(diesel::update(row()).set(rate_windows::taken.eq(taken)).execute(connection)?),
        None => {
            diesel::insert_into(rate_windows::table)
                .values((
                    rate_windows::client_id.eq(&client_id),
                    rate_windows::kind.eq(kind),
                    rate_windows::starts_at.eq(starts_at),
                    rate_windows::taken.eq(taken),
                ))
                .execute(connection)?;
        }
    }
    Ok(settled)
}

/// Writes how many of each key's requests this node has in progress; zero takes the row away.
///
/// # Errors
/// [`StoreError`].
pub fn publish_connections(
    transaction: &mut WriteTransaction<'_>,
    node_id: &str,
    counts: &[(ClientId, u32)],
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    for (client_id, count) in counts {
        let client_id = client_id.to_string();
        let row = || rate_connections::table.find((node_id, &client_id));
        if *count == 0 {
            diesel::delete(row()).execute(transaction.connection)?;
            continue;
        }
        let values = (rate_connections::connections.eq(i64::from(*count)), rate_connections::expires_at.eq(expires_at.unix()));
        if diesel::update(row()).set(values).execute(transaction.connection)? == 0 {
            diesel::insert_into(rate_connections::table)
                .values((rate_connections::node_id.eq(node_id), rate_connections::client_id.eq(&client_id), values.0, values.1))
                .execute(transaction.connection)?;
        }
    }
    Ok(())
}

/// How many of each key's requests the other nodes have in progress. A row that claims to be good until after `latest`
/// comes from a clock that was wrong, and is not believed.
///
/// # Errors
/// [`StoreError`].
pub fn connections_elsewhere(
    connection: &mut DbConnection,
    node_id: &str,
    now: Timestamp,
    latest: Timestamp,
) -> Result<HashMap<ClientId, u32>, StoreError> {
    let rows: Vec<(String, i64)> = rate_connections::table
        .filter(rate_connections::node_id.ne(node_id))
        .filter(rate_connections::expires_at.gt(now.unix()))
        .filter(rate_connections::expires_at.le(latest.unix()))
        .select((rate_connections::client_id, rate_connections::connections))
        .load(connection)?;
    let mut sums: HashMap<ClientId, u32> = HashMap::new();
    for (client_id, count) in rows {
        let id = client_id.parse().map_err(|detail| StoreError::corrupt("rate_connections", &client_id, detail))?;
        let sum = sums.entry(id).or_default();
        *sum = sum.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
    }
    Ok(sums)
}

/// How many requests all nodes have taken of the windows of a key that began at these moments: minute, day.
///
/// # Errors
/// [`StoreError`].
pub fn taken(
    connection: &mut DbConnection,
    client_id: ClientId,
    minute: Timestamp,
    day: Timestamp,
) -> Result<[u32; 2], StoreError> {
    let client_id = client_id.to_string();
    let mut of = |kind: &str, starts_at: Timestamp| -> Result<u32, StoreError> {
        let row = rate_windows::table.find((&client_id, kind, starts_at.unix()));
        let taken: Option<i64> = row.select(rate_windows::taken).first(connection).optional()?;
        Ok(u32::try_from(taken.unwrap_or(0)).unwrap_or(u32::MAX))
    };
    Ok([of("minute", minute)?, of("day", day)?])
}

/// How many of a key's requests all nodes have in progress, as they last told. `latest` as for
/// [`connections_elsewhere`].
///
/// # Errors
/// [`StoreError`].
pub fn connections(
    connection: &mut DbConnection,
    client_id: ClientId,
    now: Timestamp,
    latest: Timestamp,
) -> Result<u32, StoreError> {
    let rows: Vec<i64> = rate_connections::table
        .filter(rate_connections::client_id.eq(client_id.to_string()))
        .filter(rate_connections::expires_at.gt(now.unix()))
        .filter(rate_connections::expires_at.le(latest.unix()))
        .select(rate_connections::connections)
        .load(connection)?;
    Ok(rows.into_iter().fold(0, |sum, count| sum.saturating_add(u32::try_from(count).unwrap_or(u32::MAX))))
}

/// Removes the windows that began before `oldest` or after `newest`, and the connections of dead nodes. A window that
/// begins in the future was written by a clock that was wrong.
///
/// # Errors
/// [`StoreError`].
pub fn remove_outside(transaction: &mut WriteTransaction<'_>, oldest: Timestamp, newest: Timestamp) -> Result<(), StoreError> {
    let outside = rate_windows::starts_at.lt(oldest.unix()).or(rate_windows::starts_at.gt(newest.unix()));
    diesel::delete(rate_windows::table.filter(outside)).execute(transaction.connection)?;
    let dead = rate_connections::expires_at.lt(oldest.unix()).or(rate_connections::expires_at.gt(newest.unix()));
    diesel::delete(rate_connections::table.filter(dead)).execute(transaction.connection)?;
    Ok(())
}

/// Removes the minutes that began before `oldest`.
///
/// # Errors
/// [`StoreError`].
pub fn remove_minutes_before(transaction: &mut WriteTransaction<'_>, oldest: Timestamp) -> Result<(), StoreError> {
    let ended = rate_windows::kind.eq("minute").and(rate_windows::starts_at.lt(oldest.unix()));
    diesel::delete(rate_windows::table.filter(ended)).execute(transaction.connection)?;
    Ok(())
}
