//! The two times that a verifier knows: what tokens are compared with, and what ages are measured with.

use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Where a verifier takes the time from; another one is for tests.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Unix seconds.
    fn unix_seconds(&self) -> i64;
    /// Time since some moment in the past. It never goes back.
    fn uptime(&self) -> Duration;
}

/// The system's clocks.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    started: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { started: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn unix_seconds(&self) -> i64 {
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX)
    }

    fn uptime(&self) -> Duration {
        self.started.elapsed()
    }
}
