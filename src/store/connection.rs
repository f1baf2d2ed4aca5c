//! One connection: an enum over both databases, how it is opened, and the pool's view of it.

use std::fmt;
use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};

use super::{DatabaseUrl, Patience, StoreError};

/// A connection to either database; diesel's queries run on it as they are.
#[derive(diesel::MultiConnection)]
pub enum DbConnection {
    /// A PostgreSQL server.
    Postgres(PgConnection),
    /// An SQLite file.
    Sqlite(SqliteConnection),
}

/// WAL with a sync of every commit: what was acknowledged survives a loss of power.
const SQLITE_SETTINGS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
     PRAGMA trusted_schema = OFF; PRAGMA cache_size = -4000;";

const POSTGRES_SETTINGS: &str = "SET synchronous_commit = on; SET idle_in_transaction_session_timeout = '10s'; \
     SET client_min_messages = warning;";

/// First of all: the other settings may have to wait, too.
fn limits_of_time(patience: Patience, backend: &DatabaseUrl) -> String {
    let seconds = patience.for_statement_seconds();
    match backend {
        DatabaseUrl::Sqlite(_) => format!("PRAGMA busy_timeout = {seconds}000;"),
        DatabaseUrl::Postgres(_) => {
            format!("SET statement_timeout = '{seconds}s'; SET lock_timeout = '{}s';", seconds.saturating_sub(1))
        }
    }
}

/// Opens a connection. An SQLite file is made, readable by its owner alone, when `create` says so.
///
/// # Errors
/// [`StoreError::Unavailable`] when the file is not there (and not to be made) or the server cannot be reached.
pub(super) fn open(url: &DatabaseUrl, patience: Patience, create: bool) -> Result<DbConnection, StoreError> {
    let limits = limits_of_time(patience, url);
    match url {
        DatabaseUrl::Sqlite(path) => open_sqlite(path, &limits, create).map(DbConnection::Sqlite),
        DatabaseUrl::Postgres(server) => {
            let mut connection = PgConnection::establish(server.as_str())
                .map_err(|error| StoreError::Unavailable(without_password(&error.to_string(), server)))?;
            connection.batch_execute(&(limits + POSTGRES_SETTINGS))?;
            Ok(DbConnection::Postgres(connection))
        }
    }
}

/// Opens an SQLite file only to look at it: not even the log that a killed process left is written back. `None` where
/// there is no such way to look.
pub(super) fn open_to_look(url: &DatabaseUrl) -> Option<DbConnection> {
    let path = url.sqlite_path().filter(|path| path.exists())?;
    // In an SQLite URI these have a meaning.
    let name = path.to_str()?.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let mut connection = SqliteConnection::establish(&format!("file:{name}?mode=ro")).ok()?;
    connection.batch_execute("PRAGMA busy_timeout = 5000;").ok()?;
    Some(DbConnection::Sqlite(connection))
}

fn open_sqlite(path: &Path, limits: &str, create: bool) -> Result<SqliteConnection, StoreError> {
    let unavailable = |cause: &dyn fmt::Display| StoreError::Unavailable(format!("{}: {cause}", path.display()));
    if !path.exists() {
        if !create {
            return Err(unavailable(&"there is no such database file; `claviger serve` or `claviger migrate` makes it"));
        }
        create_private_file(path).map_err(|cause| unavailable(&cause))?;
    }
    let name = path.to_str().ok_or_else(|| unavailable(&"the path is not valid UTF-8"))?;
    // A path that begins with "file:" or is ":memory:" means something else to SQLite.
    let name = if path.is_absolute() { name.to_owned() } else { format!("./{name}") };
    let mut connection = SqliteConnection::establish(&name).map_err(|cause| unavailable(&cause))?;
    connection.batch_execute(&format!("{limits}{SQLITE_SETTINGS}")).map_err(|cause| unavailable(&cause))?;
    Ok(connection)
}

fn create_private_file(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map(drop),
    }
}

/// libpq does not repeat passwords in its messages today; this keeps it so.
fn without_password(message: &str, url: &url::Url) -> String {
    match url.password() {
        Some(password) if !password.is_empty() => message.replace(password, "[redacted]"),
        _ => message.to_owned(),
    }
}

/// A pooled connection that remembers whether it can still be used.
pub(super) struct Pooled {
    pub(super) connection: DbConnection,
    /// Set while a transaction is open and after a fault, so that the pool drops the connection.
    pub(super) broken: bool,
}

/// Opens connections for r2d2, and never judges by the URL's look what it is.
#[derive(Debug)]
pub(super) struct Manager(pub(super) DatabaseUrl, pub(super) Patience);

impl r2d2::ManageConnection for Manager {
    type Connection = Pooled;
    type Error = StoreError;

    fn connect(&self) -> Result<Pooled, StoreError> {
        open(&self.0, self.1, false).map(|connection| Pooled { connection, broken: false })
    }

    fn is_valid(&self, pooled: &mut Pooled) -> Result<(), StoreError> {
        Ok(pooled.connection.batch_execute("SELECT 1")?)
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        pooled.broken
    }
}
