//! The schema: embedded migrations for both databases, under the same names.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{DbConnection, StoreError};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Any number does, as long as all nodes take the same.
const POSTGRES_LOCK: i64 = 0x636c_6176_6967_6572;

/// How the database's schema stands to this program.
#[derive(Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// Nothing is there yet.
    Empty,
    /// Both are of one version.
    Current,
    /// Migrations are pending.
    Older,
    /// The database was migrated by a later version of this program.
    Newer,
}

type Fault = Box<dyn std::error::Error + Send + Sync>;

fn refused(error: &Fault) -> StoreError {
    StoreError::Refused(error.to_string())
}

macro_rules! on_either {
    ($connection:expr, |$c:ident, $source:ident, $db:ident| $work:expr) => {
        match $connection {
            DbConnection::Postgres($c) => {
                let $source = POSTGRES;
                type $db = diesel::pg::Pg;
                $work
            }
            DbConnection::Sqlite($c) => {
                let $source = SQLITE;
                type $db = diesel::sqlite::Sqlite;
                $work
            }
        }
    };
}

/// Compares the database's schema with this program's, without changing anything.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn state(connection: &mut DbConnection) -> Result<SchemaState, StoreError> {
    if !has_migrations_table(connection)? {
        return Ok(SchemaState::Empty);
    }
    on_either!(connection, |c, source, Backend| {
        let known = versions::<Backend>(&source)?;
        let applied = c.applied_migrations().map_err(|e| refused(&e))?;
        Ok(compare(&known, &applied))
    })
}

/// The newest migration that was applied.
///
/// # Errors
/// [`StoreError::Refused`].
pub fn newest_applied(connection: &mut DbConnection) -> Result<Option<String>, StoreError> {
    on_either!(connection, |c, _source, Backend| {
        let applied = MigrationHarness::<Backend>::applied_migrations(c).map_err(|e| refused(&e))?;
        Ok(applied.iter().max().map(ToString::to_string))
    })
}

fn compare(known: &[MigrationVersion<'static>], applied: &[MigrationVersion<'static>]) -> SchemaState {
    if applied.iter().any(|version| !known.contains(version)) {
        SchemaState::Newer
    } else if known.iter().all(|version| applied.contains(version)) {
        SchemaState::Current
    } else if applied.is_empty() {
        SchemaState::Empty
    } else {
        SchemaState::Older
    }
}

fn versions<B: diesel::backend::Backend>(source: &EmbeddedMigrations) -> Result<Vec<MigrationVersion<'static>>, StoreError>
where
    EmbeddedMigrations: MigrationSource<B>,
{
    let migrations = MigrationSource::<B>::migrations(source).map_err(|e| refused(&e))?;
    Ok(migrations.iter().map(|m| m.name().version().as_owned()).collect())
}

fn has_migrations_table(connection: &mut DbConnection) -> Result<bool, StoreError> {
    let probe = match connection {
        DbConnection::Postgres(_) => "SELECT 1 FROM pg_catalog.pg_tables WHERE tablename = '__diesel_schema_migrations'",
        DbConnection::Sqlite(_) => "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '__diesel_schema_migrations'",
    };
    let found = diesel::RunQueryDsl::execute(diesel::sql_query(probe), connection);
    match connection {
        DbConnection::Postgres(_) => Ok(found? > 0),
        // SQLite counts no rows for a SELECT; its schema table can be asked by name instead.
        DbConnection::Sqlite(_) => {
            found?;
            Ok(connection.batch_execute("SELECT version FROM __diesel_schema_migrations LIMIT 1").is_ok())
        }
    }
}

/// Applies what is pending, while other nodes that start at the same time wait. Returns how many were applied.
///
/// # Errors
/// [`StoreError::Refused`] when a migration fails; it is then rolled back.
pub fn run(connection: &mut DbConnection) -> Result<usize, StoreError> {
    match connection {
        DbConnection::Postgres(c) => {
            c.batch_execute("SET lock_timeout = 0; SET statement_timeout = 0;")?;
            c.batch_execute(&format!("SELECT pg_advisory_lock({POSTGRES_LOCK})"))?;
            let applied = c.run_pending_migrations(POSTGRES).map(|all| all.len()).map_err(|e| refused(&e));
            c.batch_execute(&format!("SELECT pg_advisory_unlock({POSTGRES_LOCK})"))?;
            applied
        }
        DbConnection::Sqlite(c) => {
            // Each migration is one transaction; whoever loses the race finds it done when it looks again.
            let mut tries = 20;
            loop {
                match c.run_pending_migrations(SQLITE) {
                    Ok(all) => return Ok(all.len()),
                    Err(error) if tries == 0 => return Err(refused(&error)),
                    Err(_) => {
                        tries -= 1;
                        std::thread::sleep(Duration::from_millis(50));
                    }
                }
            }
        }
    }
}
