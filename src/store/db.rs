//! The pool, and the two ways into it.

use std::sync::{Arc, RwLock};

use diesel::connection::SimpleConnection;

use super::changes::{self, Change};
use super::connection::{self, DbConnection, Manager, Pooled};
use super::{DatabaseUrl, Patience, StoreError};
use crate::domain::time::Timestamp;

/// How the pool is to be.
#[derive(Clone, Debug)]
pub struct DbOptions {
    /// Where the database is.
    pub url: DatabaseUrl,
    /// The most connections at once, 1..=1000.
    pub pool_size: u32,
    /// Whether an SQLite file that is not there is made.
    pub create: bool,
    /// For how long a caller may be kept waiting.
    pub patience: Patience,
}

type Listener = Box<dyn Fn(&[Change]) + Send + Sync>;

/// A database of either kind. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    pool: r2d2::Pool<Manager>,
    url: DatabaseUrl,
    pool_size: u32,
    patience: Patience,
    listener: RwLock<Option<Listener>>,
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db").field("url", &self.inner.url).finish_non_exhaustive()
    }
}

/// r2d2 would write to the log of its own accord; the caller that waited reports the fault.
#[derive(Debug)]
struct Silent;

impl r2d2::HandleError<StoreError> for Silent {
    fn handle_error(&self, _: StoreError) {}
}

impl Db {
    /// Opens the database: one connection is made at once, so that a wrong URL is known now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database cannot be opened.
    pub fn open(options: &DbOptions) -> Result<Self, StoreError> {
        drop(connection::open(&options.url, options.patience, options.create)?);
        let pool = r2d2::Pool::builder()
            .max_size(options.pool_size)
            .min_idle(Some(0))
            .test_on_check_out(false)
            .connection_timeout(options.patience.for_connection())
            .error_handler(Box::new(Silent))
            .build_unchecked(Manager(options.url.clone(), options.patience));
        let DbOptions { url, pool_size, patience, .. } = options.clone();
        let inner = Inner { pool, url, pool_size, patience, listener: RwLock::new(None) };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// A connection that can only look at the database of `url`; `None` when there is none or it cannot be had.
    pub fn look(url: &DatabaseUrl) -> Option<DbConnection> {
        connection::open_to_look(url)
    }

    /// Where the database is.
    pub fn url(&self) -> &DatabaseUrl {
        &self.inner.url
    }

    /// The most connections at once.
    pub fn pool_size(&self) -> u32 {
        self.inner.pool_size
    }

    /// A connection of its own, outside the pool, for migrations and the feed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it cannot be made.
    pub fn dedicated_connection(&self) -> Result<DbConnection, StoreError> {
        connection::open(&self.inner.url, self.inner.patience, false)
    }

    /// Calls `listener` with the changes of every write of this process, after its commit and before `write` returns.
    pub fn on_commit(&self, listener: impl Fn(&[Change]) + Send + Sync + 'static) {
        if let Ok(mut slot) = self.inner.listener.write() {
            *slot = Some(Box::new(listener));
        }
    }

    /// Runs `work` on one snapshot of the database. A stale connection (the server was restarted) is replaced and
    /// `work` run again.
    ///
    /// # Errors
    /// What `work` returns, or [`StoreError::Unavailable`].
    pub fn read<T>(&self, work: impl Fn(&mut DbConnection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut tries = self.inner.pool_size.saturating_add(1);
        loop {
            let mut pooled = self.take()?;
            let answer = read_on(&mut pooled, &work);
            tries = tries.saturating_sub(1);
            match answer {
                Err(error) if error.is_connection_fault() && tries > 0 && self.is_server() => drop(pooled),
                answer => return answer,
            }
        }
    }

    /// Runs `work` in one transaction that no other writer of this database interleaves with on SQLite, and appends
    /// the changes that it names to the feed. Nothing is kept when `work` fails.
    ///
    /// # Errors
    /// What `work` returns, or [`StoreError::Unavailable`]; after a lost connection at the very end it is unknown
    /// whether the write was kept.
    pub fn write<T, E: From<StoreError>>(
        &self,
        now: Timestamp,
        work: impl FnOnce(&mut WriteTransaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut pooled = self.begin_write()?;
        let mut transaction = WriteTransaction { connection: &mut pooled.connection, changes: Vec::new() };
        let outcome = work(&mut transaction).and_then(|value| {
            let changes = std::mem::take(&mut transaction.changes);
            changes::append(&mut transaction, &changes, now)?;
            Ok((value, changes))
        });
        match outcome {
            Ok((value, changes)) => {
                pooled.connection.batch_execute("COMMIT").map_err(StoreError::from)?;
                pooled.broken = false;
                self.tell(&changes);
                Ok(value)
            }
            Err(error) => {
                pooled.broken = pooled.connection.batch_execute("ROLLBACK").is_err();
                Err(error)
            }
        }
    }

    fn tell(&self, changes: &[Change]) {
        if let Ok(listener) = self.inner.listener.read()
            && let Some(listener) = listener.as_ref()
        {
            listener(changes);
        }
    }

    fn take(&self) -> Result<r2d2::PooledConnection<Manager>, StoreError> {
        self.inner.pool.get().map_err(|error| StoreError::Unavailable(error.to_string()))
    }

    fn is_server(&self) -> bool {
        matches!(self.inner.url, DatabaseUrl::Postgres(_))
    }

    /// Takes a connection and opens the transaction; a connection that was dead already is replaced.
    fn begin_write(&self) -> Result<r2d2::PooledConnection<Manager>, StoreError> {
        let mut tries = self.inner.pool_size.saturating_add(1);
        loop {
            let mut pooled = self.take()?;
            let begin = match pooled.connection {
                DbConnection::Postgres(_) => "BEGIN",
                DbConnection::Sqlite(_) => "BEGIN IMMEDIATE",
            };
            pooled.broken = true;
            tries = tries.saturating_sub(1);
            match pooled.connection.batch_execute(begin).map_err(StoreError::from) {
                Ok(()) => return Ok(pooled),
                Err(error) if error.is_connection_fault() && tries > 0 && self.is_server() => drop(pooled),
                Err(error) => return Err(error),
            }
        }
    }
}

fn read_on<T>(pooled: &mut Pooled, work: impl Fn(&mut DbConnection) -> Result<T, StoreError>) -> Result<T, StoreError> {
    let begin = match pooled.connection {
        DbConnection::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        DbConnection::Sqlite(_) => "BEGIN",
    };
    pooled.broken = true;
    pooled.connection.batch_execute(begin)?;
    let answer = work(&mut pooled.connection);
    pooled.broken = pooled.connection.batch_execute("ROLLBACK").is_err();
    answer
}

/// An open write: what `write` hands to its work.
pub struct WriteTransaction<'a> {
    pub(super) connection: &'a mut DbConnection,
    changes: Vec<Change>,
}

impl WriteTransaction<'_> {
    /// Says that the nodes must forget something when this write is kept.
    pub fn changed(&mut self, change: Change) {
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    /// For reads within the write.
    pub fn reading(&mut self) -> &mut DbConnection {
        self.connection
    }

    /// Waits until no other transaction that writes to the feed is open: for decisions that must be made once for all
    /// nodes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub fn exclusively(&mut self) -> Result<(), StoreError> {
        changes::lock(self.connection)
    }
}
