//! Many rows of one table in few statements.

/// PostgreSQL takes 65,535 values in a statement; the widest row has some 20.
pub(super) const ROWS_AT_ONCE: usize = 500;

/// Inserts a slice of rows: on PostgreSQL many at a time, for each statement is a journey; on SQLite, where it is none
/// and where diesel would open a transaction of its own, one by one. The enum over both knows no batches.
macro_rules! insert_rows {
    ($transaction:expr, $table:expr, $rows:expr) => {
        match &mut *$transaction.connection {
            $crate::store::DbConnection::Postgres(connection) => {
                for rows in $rows.chunks($crate::store::insert_rows::ROWS_AT_ONCE) {
                    diesel::insert_into($table).values(rows).execute(connection)?;
                }
            }
            $crate::store::DbConnection::Sqlite(connection) => {
                for row in $rows.iter() {
                    diesel::insert_into($table).values(row).execute(connection)?;
                }
            }
        }
    };
}
