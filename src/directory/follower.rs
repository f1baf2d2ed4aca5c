//! The thread that reads the change feed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::Directory;
use crate::store::changes::{self, Feed};
use crate::store::{Change, DbConnection, StoreError};

/// Reads the feed every `interval` until it is stopped. Has a connection of its own, so that a busy pool cannot keep
/// it from the feed.
#[derive(Debug)]
pub struct Follower {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Follower {
    /// Starts following from the change number `seq` on.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(directory: Arc<Directory>, seq: i64, interval: Duration) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let work = move || {
            let mut feed = FeedReader { connection: None, seq, failing: false };
            while !stopped.load(Ordering::Relaxed) {
                feed.follow(&directory);
                std::thread::park_timeout(interval);
            }
        };
        let thread = std::thread::Builder::new().name("change-feed".to_owned()).spawn(work)?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A thread that hangs in a read from a dead server must not keep the process from ending.
            if thread.is_finished() {
                drop(thread.join());
            }
        }
    }
}

struct FeedReader {
    connection: Option<DbConnection>,
    seq: i64,
    failing: bool,
}

impl FeedReader {
    fn follow(&mut self, directory: &Directory) {
        match self.read_to_the_end(directory) {
            Ok(()) => {
                directory.mark_fresh();
                if std::mem::take(&mut self.failing) {
                    log::info!("the change feed is read again");
                }
            }
            Err(error) => {
                self.connection = None;
                if !std::mem::replace(&mut self.failing, true) {
                    log::error!("the change feed cannot be read: {error}");
                }
            }
        }
    }

    fn read_to_the_end(&mut self, directory: &Directory) -> Result<(), StoreError> {
        loop {
            let mut connection = match self.connection.take() {
                Some(connection) => connection,
                None => directory.db.dedicated_connection()?,
            };
            let feed = changes::after(&mut connection, self.seq)?;
            self.connection = Some(connection);
            match feed {
                Feed::Changes(changes, _) if changes.is_empty() => return Ok(()),
                Feed::Changes(changes, newest) => {
                    directory.forget(&changes)?;
                    self.seq = newest;
                }
                Feed::Gap(newest) => {
                    directory.forget(&[Change::Unknown])?;
                    self.seq = newest;
                    return Ok(());
                }
            }
        }
    }
}
