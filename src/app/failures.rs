//! The brake on guessing: failed authentications by id and address, and by address.
//!
//! Keyed by the address too, so that a stranger cannot lock the owner out. In memory and per node: a guesser gains at
//! most a factor of the number of nodes, against 256 random bits.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;

use crate::directory::counted_address;

/// How many failures are borne within [`WINDOW`].
#[derive(Clone, Copy, Debug)]
pub struct FailureLimits {
    /// For one id from one address.
    pub per_id_and_address: u32,
    /// From one address.
    pub per_address: u32,
}

impl Default for FailureLimits {
    fn default() -> Self {
        Self { per_id_and_address: 100, per_address: 300 }
    }
}

/// How long failures count, from the first of them on.
const WINDOW: Duration = Duration::from_secs(60);

/// Windows remembered, bounded; the least used go first.
const CAPACITY: usize = 100_000;

#[derive(Debug)]
struct Window {
    since: Instant,
    failures: AtomicU32,
}

impl Window {
    fn ends_in(&self) -> Option<Duration> {
        WINDOW.checked_sub(self.since.elapsed()).filter(|left| !left.is_zero())
    }
}

/// The counters.
pub struct Failures {
    limits: FailureLimits,
    windows: Cache<u64, Arc<Window>>,
    hasher: RandomState,
}

impl std::fmt::Debug for Failures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Failures").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Failures {
    /// No failures yet.
    pub fn new(limits: FailureLimits) -> Self {
        Self { limits, windows: Cache::new(CAPACITY), hasher: RandomState::new() }
    }

    /// Whether this id may be tried from this address now.
    ///
    /// # Errors
    /// Seconds until it may, at least 1.
    pub fn check(&self, client_id: &str, address: IpAddr) -> Result<(), u32> {
        if self.windows.is_empty() {
            return Ok(());
        }
        let address = counted_address(address);
        let of_both = self.over(self.hasher.hash_one((client_id, address)), self.limits.per_id_and_address);
        let of_address = self.over(self.hasher.hash_one(address), self.limits.per_address);
        match of_both.max(of_address) {
            Some(wait) => Err(u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(60).max(1)),
            None => Ok(()),
        }
    }

    /// Counts a failure.
    pub fn record(&self, client_id: &str, address: IpAddr) {
        let address = counted_address(address);
        self.count(self.hasher.hash_one((client_id, address)));
        self.count(self.hasher.hash_one(address));
    }

    fn over(&self, key: u64, limit: u32) -> Option<Duration> {
        let window = self.windows.get(&key)?;
        window.ends_in().filter(|_| window.failures.load(Ordering::Relaxed) >= limit)
    }

    fn count(&self, key: u64) {
        let current = self.windows.get(&key).filter(|window| window.ends_in().is_some());
        match current {
            Some(window) => drop(window.failures.fetch_add(1, Ordering::Relaxed)),
            None => self.windows.insert(key, Arc::new(Window { since: Instant::now(), failures: AtomicU32::new(1) })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ca13_the_limit_is_for_one_id_from_one_address() {
        let failures = Failures::new(FailureLimits { per_id_and_address: 3, per_address: 100 });
        let (here, there): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        for _ in 0..3 {
            assert!(failures.check("key_a", here).is_ok());
            failures.record("key_a", here);
        }
        let wait = failures.check("key_a", here).unwrap_err();
        assert!((1..=60).contains(&wait));
        assert!(failures.check("key_a", there).is_ok());
        assert!(failures.check("key_b", here).is_ok());
    }

    #[test]
    fn ca13_many_ids_from_one_address_are_counted_together() {
        let failures = Failures::new(FailureLimits { per_id_and_address: 100, per_address: 5 });
        let here: IpAddr = "2001:db8::1".parse().unwrap();
        for n in 0..5 {
            failures.record(&format!("key_{n}"), here);
        }
        assert!(failures.check("key_x", here).is_err());
        assert!(failures.check("key_x", "2001:db8::2".parse().unwrap()).is_err(), "one site, one counter");
        assert!(failures.check("key_x", "2001:db8:0:1::2".parse().unwrap()).is_ok());
    }
}
