//! The brake on guessing: failed authentications by id and address, and by address.
//!
//! Keyed by the address too, so that a stranger cannot lock the owner out. In memory and per node: a guesser gains at
//! most a factor of the number of nodes. Of API keys and of people alike, each with limits of their own.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;

use crate::domain::counted_address::counted_address;

/// How many failures are borne, and for how long they count.
#[derive(Clone, Copy, Debug)]
pub struct FailureLimits {
    /// How long failures count, from the first of them on.
    pub window: Duration,
    /// For one id from one address.
    pub per_id_and_address: u32,
    /// From one address.
    pub per_address: u32,
}

/// What API keys bear.
impl Default for FailureLimits {
    fn default() -> Self {
        Self { window: Duration::from_secs(60), per_id_and_address: 100, per_address: 300 }
    }
}

/// Windows remembered, bounded; the least used go first.
const CAPACITY: usize = 100_000;

#[derive(Debug)]
struct Window {
    since: Instant,
    length: Duration,
    failures: AtomicU32,
}

impl Window {
    fn ends_in(&self) -> Option<Duration> {
        self.length.checked_sub(self.since.elapsed()).filter(|left| !left.is_zero())
    }

    /// Seconds until the next try, when there were `limit` failures.
    fn over(&self, limit: u32) -> Option<u32> {
        let wait = self.ends_in().filter(|_| self.failures.load(Ordering::Relaxed) >= limit)?;
        Some(u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX).max(1))
    }

    fn uncount(&self) {
        // Fails at zero, where there is nothing to take back.
        let _ = self.failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
    }
}

/// The counters.
pub struct Failures {
    limits: FailureLimits,
    windows: Cache<u64, Arc<Window>>,
    /// Whether a window has ever been full: a server without guessers need not look.
    any_full: AtomicBool,
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
        Self { limits, windows: Cache::new(CAPACITY), any_full: AtomicBool::new(false), hasher: RandomState::new() }
    }

    /// Whether this id may be tried from this address now; without an id, whether anything may.
    ///
    /// # Errors
    /// Seconds until it may, at least 1.
    pub fn check(&self, client_id: Option<&str>, address: IpAddr) -> Result<(), u32> {
        if !self.any_full.load(Ordering::Relaxed) {
            return Ok(());
        }
        let over = |(key, limit)| self.windows.get(&key).and_then(|window| window.over(limit));
        self.keys(client_id, address).filter_map(over).max().map_or(Ok(()), Err)
    }

    /// Counts a failure before it is known to be one, where the answer must be waited for: as many tries at once must
    /// not be more than the limit. [`Failures::take_back`] when it was none.
    ///
    /// # Errors
    /// Seconds until the next try, at least 1; nothing was counted then.
    pub fn reserve(&self, client_id: Option<&str>, address: IpAddr) -> Result<(), u32> {
        let mut counted: Vec<Arc<Window>> = Vec::with_capacity(2);
        for (key, limit) in self.keys(client_id, address) {
            let window = self.current(key);
            let before = self.count(&window, limit);
            let over = if before >= limit { window.over(limit) } else { None };
            counted.push(window);
            if let Some(wait) = over {
                counted.iter().for_each(|window| window.uncount());
                return Err(wait);
            }
        }
        Ok(())
    }

    /// Counts a failure.
    pub fn record(&self, client_id: Option<&str>, address: IpAddr) {
        for (key, limit) in self.keys(client_id, address) {
            self.count(&self.current(key), limit);
        }
    }

    /// [`reserve`](Self::reserve), taken back unless it [`stays`](Reserved::stays): also when whoever asked has gone.
    ///
    /// # Errors
    /// As [`reserve`](Self::reserve).
    pub fn reserve_until_known(&self, client_id: Option<String>, address: IpAddr) -> Result<Reserved<'_>, u32> {
        self.reserve(client_id.as_deref(), address)?;
        Ok(Reserved { failures: self, client_id, address, stays: false })
    }

    /// Counts one more, and returns how many there were.
    fn count(&self, window: &Window, limit: u32) -> u32 {
        let before = window.failures.fetch_add(1, Ordering::Relaxed);
        if before.saturating_add(1) >= limit {
            self.any_full.store(true, Ordering::Relaxed);
        }
        before
    }

    /// What was reserved was no failure.
    pub fn take_back(&self, client_id: Option<&str>, address: IpAddr) {
        for (key, _) in self.keys(client_id, address) {
            if let Some(window) = self.windows.get(&key) {
                window.uncount();
            }
        }
    }

    /// The windows of a try, with their limits.
    fn keys(&self, client_id: Option<&str>, address: IpAddr) -> impl Iterator<Item = (u64, u32)> {
        let address = counted_address(address);
        let of_both = client_id.map(|id| (self.hasher.hash_one((id, address)), self.limits.per_id_and_address));
        of_both.into_iter().chain([(self.hasher.hash_one(address), self.limits.per_address)])
    }

    /// The window that runs now, a new one when there is none.
    fn current(&self, key: u64) -> Arc<Window> {
        if let Some(window) = self.windows.get(&key) {
            if window.ends_in().is_some() {
                return window;
            }
            self.windows.remove_if(&key, |old| Arc::ptr_eq(old, &window));
        }
        let fresh = || Arc::new(Window { since: Instant::now(), length: self.limits.window, failures: AtomicU32::new(0) });
        self.windows.get_or_insert_with(&key, || Ok::<_, ()>(fresh())).unwrap_or_else(|()| fresh())
    }
}

/// A failure that was counted before it is known whether it is one.
#[derive(Debug)]
#[must_use]
pub struct Reserved<'f> {
    failures: &'f Failures,
    client_id: Option<String>,
    address: IpAddr,
    stays: bool,
}

impl Reserved<'_> {
    /// It was one.
    pub fn stays(mut self) {
        self.stays = true;
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        if !self.stays {
            self.failures.take_back(self.client_id.as_deref(), self.address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ca13_the_limit_is_for_one_id_from_one_address() {
        let failures = Failures::new(FailureLimits { per_id_and_address: 3, per_address: 100, ..FailureLimits::default() });
        let (here, there): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        for _ in 0..3 {
            assert!(failures.check(Some("key_a"), here).is_ok());
            failures.record(Some("key_a"), here);
        }
        let wait = failures.check(Some("key_a"), here).unwrap_err();
        assert!((1..=60).contains(&wait));
        assert!(failures.check(Some("key_a"), there).is_ok());
        assert!(failures.check(Some("key_b"), here).is_ok());
    }

    #[test]
    fn ca13_reserved_tries_are_never_more_than_the_limit() {
        let failures = Failures::new(FailureLimits::default());
        let here: IpAddr = "192.0.2.1".parse().unwrap();
        let passed = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        if failures.reserve(Some("key_a"), here).is_ok() {
                            passed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        assert_eq!(passed.load(Ordering::Relaxed), 100);
        failures.take_back(Some("key_a"), here);
        assert!(failures.reserve(Some("key_a"), here).is_ok());
    }

    #[test]
    fn ca13_the_stop_ends_with_its_window() {
        let limits = FailureLimits { window: Duration::from_millis(50), per_id_and_address: 1, per_address: 100 };
        let failures = Failures::new(limits);
        let here: IpAddr = "192.0.2.1".parse().unwrap();
        assert!(failures.reserve(Some("key_a"), here).is_ok());
        assert_eq!(failures.reserve(Some("key_a"), here), Err(1));
        std::thread::sleep(Duration::from_millis(60));
        assert!(failures.reserve(Some("key_a"), here).is_ok());
    }

    #[test]
    fn ca13_many_ids_from_one_address_are_counted_together() {
        let failures = Failures::new(FailureLimits { per_address: 5, ..FailureLimits::default() });
        let here: IpAddr = "2001:db8::1".parse().unwrap();
        for n in 0..5 {
            failures.record(Some(&format!("key_{n}")), here);
        }
        assert!(failures.check(Some("key_x"), here).is_err());
        assert!(failures.check(Some("key_x"), "2001:db8::2".parse().unwrap()).is_err(), "one site, one counter");
        assert!(failures.check(Some("key_x"), "2001:db8:0:1::2".parse().unwrap()).is_ok());
    }
}
