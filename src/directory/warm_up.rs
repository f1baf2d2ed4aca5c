//! Fills memory after a start, so that the first request of each key does not wait for the database.
//!
//! As fast as it goes while there is nothing else to do, and with a small part of a core as soon as there is.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use super::Directory;
use crate::store::{StoreError, key_entries};

/// Keys read at a time: what is read for them stays in the processor's cache.
const PAGE: i64 = 500;
/// How often is asked whether the process has something better to do.
const WINDOW: Duration = Duration::from_millis(30);
/// The process is at work when its other threads take more than this part of a core: one in so many.
const BUSY: u32 = 25;
/// What the warm-up takes of a core then: one part in so many.
const SHARE_WHEN_BUSY: u32 = 33;

impl Directory {
    /// Reads keys in order of their ids until memory is as full as it may be. Blocking; for a thread of its own.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; what was read is kept.
    pub fn warm_up(self: &Arc<Self>, stop: impl Fn() -> bool) -> Result<usize, StoreError> {
        let mut read = 0;
        let mut after = String::new();
        let mut pace = Pace::new();
        while read < self.options.max_keys && !stop() {
            let epoch = self.epoch.load(Ordering::SeqCst);
            let page = self.db.read(|connection| key_entries::page(connection, &after, PAGE, &self.sharing))?;
            let Some(last) = page.last else { break };
            after = last;
            for (foreign, id) in page.foreign_client_ids {
                self.foreign_ids.learn(foreign, id);
            }
            for key in page.keys {
                match key {
                    Ok(key) => {
                        self.keep(key, epoch);
                        read += 1;
                    }
                    Err(error) => log::error!("{error}"),
                }
            }
            pace.pause();
        }
        self.warm.store(true, Ordering::Relaxed);
        Ok(read)
    }
}

/// How much the warm-up and the rest of the process have done.
#[derive(Clone, Copy)]
struct Spent {
    at: Instant,
    /// Processor time of this thread.
    own: Duration,
    /// Processor time of the whole process.
    all: Duration,
}

impl Spent {
    fn now() -> Self {
        Self { at: Instant::now(), own: clock(ClockId::ThreadCPUTime), all: clock(ClockId::ProcessCPUTime) }
    }
}

fn clock(id: ClockId) -> Duration {
    Duration::try_from(clock_gettime(id)).unwrap_or_default()
}

struct Pace {
    window: Spent,
    page: Spent,
    busy: bool,
}

impl Pace {
    fn new() -> Self {
        let now = Spent::now();
        Self { window: now, page: now, busy: false }
    }

    /// Waits after a page for as long as is due.
    fn pause(&mut self) {
        let now = Spent::now();
        let (took, own) = (now.at - self.page.at, now.own.saturating_sub(self.page.own));
        // What the page waited for, the database was busy with: it shall have other customers too.
        let waited = took.saturating_sub(own);
        std::thread::sleep(if self.busy { own * (SHARE_WHEN_BUSY - 1) } else { waited });
        let now = Spent::now();
        let elapsed = now.at - self.window.at;
        if elapsed >= WINDOW {
            let own = now.own.saturating_sub(self.window.own);
            let others = now.all.saturating_sub(self.window.all).saturating_sub(own);
            self.busy = others * BUSY > elapsed;
            self.window = now;
        }
        self.page = now;
    }
}
