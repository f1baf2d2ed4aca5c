//! Looking for a part of a text, alike on both databases.

use diesel::dsl::{AsExprOf, sql};
use diesel::expression::{SqlLiteral, UncheckedBind};
use diesel::sql_types::{Bool, Text};

use super::DbConnection;

/// A condition in SQL with one value.
pub(super) type Contains = SqlLiteral<Bool, UncheckedBind<SqlLiteral<Bool>, AsExprOf<String, Text>>>;

/// Whether the text of `column` contains `part`; an empty part is in every text. The case of ASCII letters does not
/// matter, that of others does: SQLite knows no other, so PostgreSQL is told not to either.
pub(super) fn contains(connection: &DbConnection, column: &'static str, part: &str) -> Contains {
    // No LIKE: there is nothing to escape.
    let beginning = match connection {
        DbConnection::Postgres(_) => format!("strpos(lower({column} COLLATE \"C\"), "),
        DbConnection::Sqlite(_) => format!("instr(lower({column}), "),
    };
    sql::<Bool>(&beginning).bind::<Text, _>(part.to_ascii_lowercase()).sql(") > 0")
}
