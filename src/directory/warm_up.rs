//! Fills memory after a start, so that the first request of each key does not wait for the database.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Directory;
use crate::store::{StoreError, api_keys};

/// Keys read at a time.
const PAGE: i64 = 2_000;
/// The pause between two pages: the start of a node must not be felt by the database or by its requests.
const PAUSE: Duration = Duration::from_millis(20);

impl Directory {
    /// Reads keys in order of their ids until memory is as full as it may be. Blocking; for a thread of its own.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; what was read is kept.
    pub fn warm_up(self: &Arc<Self>, stop: impl Fn() -> bool) -> Result<usize, StoreError> {
        let room = self.options.max_keys.saturating_mul(9) / 10;
        let mut read = 0;
        let mut after = String::new();
        while read < room && !stop() {
            let epoch = self.epoch.load(Ordering::SeqCst);
            let page = self.db.read(|connection| api_keys::page(connection, &after, PAGE))?;
            let Some(last) = page.last else { break };
            after = last;
            for key in page.keys {
                match key {
                    Ok(key) => {
                        self.keep(key, epoch);
                        read += 1;
                    }
                    Err(error) => log::error!("{error}"),
                }
            }
            std::thread::sleep(PAUSE);
        }
        Ok(read)
    }
}
