//! When and from where keys and secrets were last used: one statement for either table.

use std::net::IpAddr;

use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{Array, BigInt, HasSqlType, Text};

use super::{DbConnection, StoreError, WriteTransaction};
use crate::domain::time::Timestamp;

/// When and from where something was last used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LastUse<I> {
    /// What was used.
    pub id: I,
    /// When a token was last issued to it.
    pub at: Timestamp,
    /// To which address.
    pub ip: IpAddr,
}

/// Where uses are written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Table {
    Keys,
    Secrets,
}

impl Table {
    const fn name(self) -> &'static str {
        match self {
            Self::Keys => "api_keys",
            Self::Secrets => "api_secret_uses",
        }
    }

    const fn id(self) -> &'static str {
        match self {
            Self::Keys => "client_id",
            Self::Secrets => "secret_id",
        }
    }
}

/// Rows in one statement to a server, so that each does not cost a round trip.
const AT_ONCE: usize = 250;

/// Writes down uses, in which each id may stand once. What is gone is passed over; what its row knows of later stays, and a row
/// that knows it all is not written again.
pub(super) fn write<I: ToString>(
    transaction: &mut WriteTransaction<'_>,
    table: Table,
    uses: &[LastUse<I>],
) -> Result<(), StoreError> {
    let rows = uses.iter().map(Row::of);
    let server = match transaction.connection {
        DbConnection::Postgres(server) => server,
        DbConnection::Sqlite(file) => {
            for row in rows {
                SetOne(table, &row).execute(file)?;
            }
            return Ok(());
        }
    };
    let rows: Vec<Row> = rows.collect();
    for chunk in rows.chunks(AT_ONCE) {
        // In one order on every node: two that write the same rows must not wait for each other in a circle.
        let (name, id) = (table.name(), table.id());
        diesel::sql_query(format!("SELECT 1 FROM {name} WHERE {id} = ANY($1) ORDER BY {id} FOR NO KEY UPDATE"))
            .bind::<Array<Text>, _>(chunk.iter().map(|row| &row.id).collect::<Vec<_>>())
            .execute(server)?;
        SetSome(table, chunk).execute(server)?;
    }
    Ok(())
}

struct Row {
    id: String,
    at: i64,
    ip: String,
}

impl Row {
    fn of<I: ToString>(new: &LastUse<I>) -> Self {
        Self { id: new.id.to_string(), at: new.at.unix(), ip: new.ip.to_string() }
    }
}

/// One row, for a file. Diesel's own update is put together and parsed anew each time it is run. Without the table of new
/// rows that [`SetSome`] has: SQLite makes a B-tree of that, which costs several times the update.
struct SetOne<'r>(Table, &'r Row);

impl QueryId for SetOne<'_> {
    type QueryId = ();
    // The text differs with the table.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C: diesel::Connection> RunQueryDsl<C> for SetOne<'_> {}

impl<B> QueryFragment<B> for SetOne<'_>
where
    B: Backend + HasSqlType<Text> + HasSqlType<BigInt>,
    String: ToSql<Text, B>,
    i64: ToSql<BigInt, B>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, B>) -> QueryResult<()> {
        let Self(table, row) = self;
        out.push_sql("UPDATE ");
        out.push_sql(table.name());
        out.push_sql(" SET last_used_at = ");
        out.push_bind_param::<BigInt, _>(&row.at)?;
        out.push_sql(", last_used_ip = ");
        out.push_bind_param::<Text, _>(&row.ip)?;
        out.push_sql(" WHERE ");
        out.push_sql(table.id());
        out.push_sql(" = ");
        out.push_bind_param::<Text, _>(&row.id)?;
        out.push_sql(" AND (last_used_at IS NULL OR last_used_at < ");
        out.push_bind_param::<BigInt, _>(&row.at)?;
        out.push_sql(" OR (last_used_at = ");
        out.push_bind_param::<BigInt, _>(&row.at)?;
        out.push_sql(" AND last_used_ip <> ");
        out.push_bind_param::<Text, _>(&row.ip)?;
        out.push_sql("))");
        Ok(())
    }
}

/// Some rows in one statement, for a server.
struct SetSome<'r>(Table, &'r [Row]);

impl QueryId for SetSome<'_> {
    type QueryId = ();
    // The text differs with the number of rows.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C: diesel::Connection> RunQueryDsl<C> for SetSome<'_> {}

impl<B> QueryFragment<B> for SetSome<'_>
where
    B: Backend + HasSqlType<Text> + HasSqlType<BigInt>,
    String: ToSql<Text, B>,
    i64: ToSql<BigInt, B>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, B>) -> QueryResult<()> {
        let Self(table, rows) = self;
        out.unsafe_to_cache_prepared();
        out.push_sql("WITH used (id, at, ip) AS (VALUES ");
        for (index, row) in rows.iter().enumerate() {
            out.push_sql(if index == 0 { "(CAST(" } else { ", (CAST(" });
            out.push_bind_param::<Text, _>(&row.id)?;
            out.push_sql(" AS TEXT), CAST(");
            out.push_bind_param::<BigInt, _>(&row.at)?;
            out.push_sql(" AS BIGINT), CAST(");
            out.push_bind_param::<Text, _>(&row.ip)?;
            out.push_sql(" AS TEXT))");
        }
        out.push_sql(") UPDATE ");
        out.push_sql(table.name());
        out.push_sql(" SET last_used_at = used.at, last_used_ip = used.ip FROM used WHERE ");
        out.push_sql(table.id());
        out.push_sql(" = used.id AND (last_used_at IS NULL OR last_used_at < used.at");
        out.push_sql(" OR (last_used_at = used.at AND last_used_ip <> used.ip))");
        Ok(())
    }
}
