//! When each key was last used, for lists in that order: copied from what is written of its secrets, at most once a minute
//! for each key, so that a busy key's row is not written all the time.

use std::net::IpAddr;

use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType, Text};

use super::schema::{api_keys, api_secrets};
use super::secrets::NewUse;
use super::{Db, DbConnection, StoreError, WriteTransaction};
use crate::domain::id::ClientId;
use crate::domain::time::Timestamp;

/// How far a key's own time may lie behind its secrets', in seconds.
const LAG_SECONDS: i64 = 60;

/// A key that was used since its row says.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyUse {
    client_id: String,
    at: i64,
    ip: String,
}

impl KeyUse {
    /// A use of this key.
    pub fn new(key: ClientId, at: Timestamp, ip: IpAddr) -> Self {
        Self { client_id: key.to_string(), at: at.unix(), ip: ip.to_string() }
    }
}

/// Writes down when keys without secrets were used, in order of id.
///
/// # Errors
/// [`StoreError`].
pub fn record_keys(db: &Db, uses: &[KeyUse], now: Timestamp) -> Result<(), StoreError> {
    if uses.is_empty() {
        return Ok(());
    }
    db.write(now, |transaction| write(transaction, uses))
}

/// Writes down what `uses` of secrets say of their keys. It is a transaction of its own: rows of secrets' uses must not
/// be held while one waits for a key's.
///
/// # Errors
/// [`StoreError`].
pub fn record(db: &Db, uses: &[NewUse], now: Timestamp) -> Result<(), StoreError> {
    let outdated = db.read(|connection| outdated(connection, uses))?;
    if outdated.is_empty() {
        return Ok(());
    }
    db.write(now, |transaction| write(transaction, &outdated))
}

/// The keys whose own time lies too far behind, each once, in order of id.
fn outdated(connection: &mut DbConnection, uses: &[NewUse]) -> Result<Vec<KeyUse>, StoreError> {
    let ids: Vec<String> = uses.iter().map(|new| new.secret.to_string()).collect();
    let rows: Vec<(String, String, Option<i64>)> = api_secrets::table
        .inner_join(api_keys::table.on(api_keys::client_id.eq(api_secrets::client_id)))
        .filter(api_secrets::id.eq_any(&ids))
        .select((api_secrets::id, api_keys::client_id, api_keys::last_used_at))
        .load(connection)?;
    let by_secret: std::collections::HashMap<String, &NewUse> = ids.into_iter().zip(uses).collect();
    let mut found: Vec<KeyUse> = rows
        .into_iter()
        .filter_map(|(secret, client_id, known)| {
            let new = by_secret.get(&secret)?;
            let is_outdated = known.is_none_or(|known| known.saturating_add(LAG_SECONDS) <= new.last_at.unix());
            is_outdated.then(|| KeyUse { client_id, at: new.last_at.unix(), ip: new.last_ip.to_string() })
        })
        .collect();
    found.sort_by(|a, b| a.client_id.cmp(&b.client_id).then(b.at.cmp(&a.at)));
    found.dedup_by(|a, b| a.client_id == b.client_id);
    Ok(found)
}

/// Rows in one statement to a server, so that each does not cost a round trip.
const AT_ONCE: usize = 250;

fn write(transaction: &mut WriteTransaction<'_>, uses: &[KeyUse]) -> Result<(), StoreError> {
    let DbConnection::Postgres(server) = transaction.connection else {
        return uses.chunks(1).try_for_each(|row| SetUses(row).execute(transaction.connection).map(drop)).map_err(Into::into);
    };
    for chunk in uses.chunks(AT_ONCE) {
        // In one order on every node: two that write the same rows must not wait for each other in a circle.
        let locked: Vec<String> = api_keys::table
            .filter(api_keys::client_id.eq_any(chunk.iter().map(|row| &row.client_id)))
            .order(api_keys::client_id)
            .select(api_keys::client_id)
            .for_no_key_update()
            .load(server)?;
        drop(locked);
        SetUses(chunk).execute(server)?;
    }
    Ok(())
}

/// One statement for some rows. `|| ''` keeps SQLite from an index over the few new rows and a walk through the whole table.
struct SetUses<'r>(&'r [KeyUse]);

impl QueryId for SetUses<'_> {
    type QueryId = ();
    // The text differs with the number of rows.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C: diesel::Connection> RunQueryDsl<C> for SetUses<'_> {}

impl<B> QueryFragment<B> for SetUses<'_>
where
    B: Backend + HasSqlType<Text> + HasSqlType<BigInt>,
    String: ToSql<Text, B>,
    i64: ToSql<BigInt, B>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, B>) -> QueryResult<()> {
        if self.0.len() > 1 {
            out.unsafe_to_cache_prepared();
        }
        out.push_sql("WITH used (id, at, ip) AS (VALUES ");
        for (index, row) in self.0.iter().enumerate() {
            out.push_sql(if index == 0 { "(CAST(" } else { ", (CAST(" });
            out.push_bind_param::<Text, _>(&row.client_id)?;
            out.push_sql(" AS TEXT), CAST(");
            out.push_bind_param::<BigInt, _>(&row.at)?;
            out.push_sql(" AS BIGINT), CAST(");
            out.push_bind_param::<Text, _>(&row.ip)?;
            out.push_sql(" AS TEXT))");
        }
        out.push_sql(
            ") UPDATE api_keys SET last_used_at = used.at, last_used_ip = used.ip FROM used \
             WHERE client_id = used.id || '' AND (last_used_at IS NULL OR last_used_at < used.at)",
        );
        Ok(())
    }
}
