//! When each key was last used, for lists in that order.

use std::net::IpAddr;

use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType, Text};

use super::schema::api_keys;
use super::{Db, DbConnection, StoreError, WriteTransaction};
use crate::domain::id::ClientId;
use crate::domain::time::Timestamp;

/// When and from where a key was last used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// Which key.
    pub key: ClientId,
    /// When a token was last issued to it.
    pub at: Timestamp,
    /// To which address.
    pub ip: IpAddr,
}

/// Writes down when keys were used, each of which may stand in `uses` once; what their rows know of later stays. It is a
/// transaction of its own: rows of secrets' uses must not be held while one waits for a key's.
///
/// # Errors
/// [`StoreError`].
pub fn record(db: &Db, uses: &[KeyUse], now: Timestamp) -> Result<(), StoreError> {
    if uses.is_empty() {
        return Ok(());
    }
    let rows: Vec<Row> = uses.iter().map(Row::of).collect();
    db.write(now, |transaction| write(transaction, &rows))
}

struct Row {
    client_id: String,
    at: i64,
    ip: String,
}

impl Row {
    fn of(new: &KeyUse) -> Self {
        Self { client_id: new.key.to_string(), at: new.at.unix(), ip: new.ip.to_string() }
    }
}

/// Rows in one statement to a server, so that each does not cost a round trip.
const AT_ONCE: usize = 250;

fn write(transaction: &mut WriteTransaction<'_>, uses: &[Row]) -> Result<(), StoreError> {
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
struct SetUses<'r>(&'r [Row]);

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
