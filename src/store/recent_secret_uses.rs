//! The table of uses of secrets that wait to be written to the secrets' own rows, many in one row.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::ops::Range;

use diesel::prelude::*;

use super::last_uses::LastUse;
use super::schema::recent_secret_uses as table;
use super::{DbConnection, StoreError, WriteTransaction};
use crate::domain::id::SecretId;
use crate::domain::time::Timestamp;

/// Bytes of one use: the secret's id, the moment, the address as IPv6.
const LENGTH: usize = 16 + 8 + 16;

/// Uses in one row: few enough that whoever asks for one secret reads little else.
const IN_A_ROW: usize = 500;

/// Rows that are read in one statement.
const READ_AT_ONCE: i64 = 100;

/// Appends uses, in the order of their secrets, each of which may stand in `uses` once. `node` is who will move them on.
///
/// # Errors
/// [`StoreError`].
pub fn append(
    transaction: &mut WriteTransaction<'_>,
    node: i64,
    uses: &[LastUse<SecretId>],
    now: Timestamp,
) -> Result<(), StoreError> {
    for uses in uses.chunks(IN_A_ROW) {
        let (Some(first), Some(last)) = (uses.first(), uses.last()) else { continue };
        diesel::insert_into(table::table)
            .values((
                table::node.eq(node),
                table::written_at.eq(now.unix()),
                table::first_secret.eq(first.id.as_bytes().as_slice()),
                table::last_secret.eq(last.id.as_bytes().as_slice()),
                table::uses.eq(uses.iter().flat_map(encode).collect::<Vec<u8>>()),
            ))
            .execute(transaction.connection)?;
    }
    Ok(())
}

/// Rows that `node` has written, or anybody at a time outside `recent`, until they have about as many uses as `enough`: their
/// ids, and the newest use of each secret in them, in order.
///
/// # Errors
/// [`StoreError`].
pub fn take(
    connection: &mut DbConnection,
    node: i64,
    recent: &Range<Timestamp>,
    enough: usize,
) -> Result<(Vec<i64>, Vec<LastUse<SecretId>>), StoreError> {
    let (mut ids, mut uses): (Vec<i64>, Vec<LastUse<SecretId>>) = (Vec::new(), Vec::new());
    while uses.len() < enough {
        let left_behind = table::written_at.lt(recent.start.unix()).or(table::written_at.ge(recent.end.unix()));
        let rows: Vec<(i64, Vec<u8>)> = table::table
            .filter(table::node.eq(node).or(left_behind))
            .filter(table::id.gt(ids.last().copied().unwrap_or(0)))
            .order(table::id)
            .limit(READ_AT_ONCE)
            .select((table::id, table::uses))
            .load(connection)?;
        if rows.is_empty() {
            break;
        }
        uses.extend(rows.iter().flat_map(|(_, uses)| decode_all(uses)));
        ids.extend(rows.iter().map(|(id, _)| id));
    }
    uses.sort_unstable_by_key(|new| (new.id, std::cmp::Reverse(new.at)));
    uses.dedup_by_key(|new| new.id);
    Ok((ids, uses))
}

/// Removes rows whose uses are written elsewhere.
///
/// # Errors
/// [`StoreError`].
pub fn remove(transaction: &mut WriteTransaction<'_>, ids: &[i64]) -> Result<(), StoreError> {
    diesel::delete(table::table.filter(table::id.eq_any(ids))).execute(transaction.connection)?;
    Ok(())
}

/// The newest use that waits of each of the named secrets.
pub(super) fn of(
    connection: &mut DbConnection,
    secrets: &[SecretId],
) -> Result<HashMap<SecretId, LastUse<SecretId>>, StoreError> {
    let mut sorted = secrets.to_vec();
    sorted.sort_unstable();
    let mut found: HashMap<SecretId, LastUse<SecretId>> = HashMap::new();
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else { return Ok(found) };
    let rows: Vec<Vec<u8>> = table::table
        .filter(table::first_secret.le(last.as_bytes().as_slice()))
        .filter(table::last_secret.ge(first.as_bytes().as_slice()))
        .select(table::uses)
        .load(connection)?;
    let uses = rows.iter().flat_map(|uses| decode_all(uses));
    for new in uses.filter(|new| sorted.binary_search(&new.id).is_ok()) {
        let known = found.entry(new.id).or_insert(new);
        if known.at <= new.at {
            *known = new;
        }
    }
    Ok(found)
}

fn encode(new: &LastUse<SecretId>) -> [u8; LENGTH] {
    let ip = match new.ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    let parts: [&[u8]; 3] = [new.id.as_bytes(), &new.at.unix().to_be_bytes(), &ip.octets()];
    let mut bytes = [0; LENGTH];
    bytes.iter_mut().zip(parts.into_iter().flatten()).for_each(|(byte, part)| *byte = *part);
    bytes
}

fn decode_all(bytes: &[u8]) -> impl Iterator<Item = LastUse<SecretId>> {
    bytes.as_chunks::<LENGTH>().0.iter().map(|bytes| {
        let mut rest = bytes.as_slice();
        LastUse {
            id: SecretId::from_bytes(first_of(&mut rest)),
            at: Timestamp::from_unix(i64::from_be_bytes(first_of(&mut rest))),
            ip: IpAddr::V6(Ipv6Addr::from(first_of::<16>(&mut rest))).to_canonical(),
        }
    })
}

fn first_of<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
    let Some((first, rest)) = bytes.split_first_chunk() else { return [0; N] };
    *bytes = rest;
    *first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_read_back_as_they_were_written() {
        let uses = ["192.0.2.7", "2001:db8::1"].map(|ip| LastUse {
            id: SecretId::from_parts(1_700_000_000_000, 0x1234_5678_9abc),
            at: Timestamp::from_unix(1_700_000_123),
            ip: ip.parse().unwrap(),
        });
        let bytes: Vec<u8> = uses.iter().flat_map(encode).collect();
        assert_eq!(decode_all(&bytes).collect::<Vec<_>>(), uses);
    }
}
