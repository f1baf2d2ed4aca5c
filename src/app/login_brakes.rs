//! What slows down whoever guesses passwords, and never the person whose password it is.
//!
//! Two brakes, both in memory and for each node. The first counts failures by login and address, and by address, and
//! stops at a limit: it works where one machine guesses, and reaches nobody elsewhere. The second is for guessing from
//! many addresses: for each login there is one purse of tries for all addresses from where the person has not signed in
//! lately; when it is empty, one more try comes every 36 seconds. It is never shut for good, places that are known are not
//! asked for it, and whoever follows a link from the mail box makes the place known. Logins that do not exist are braked
//! in the same way.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;

use super::failures::{FailureLimits, Failures};

/// What one machine may get wrong.
const LIMITS: FailureLimits = FailureLimits { window: Duration::from_secs(600), per_id_and_address: 10, per_address: 100 };

/// How many tries from unknown places a login has in its purse.
const PURSE: f64 = 100.0;
/// How long it takes until there is one more.
const REFILL: Duration = Duration::from_secs(36);
/// Purses remembered, bounded; the least used go first.
const CAPACITY: usize = 100_000;

/// The brakes.
pub(super) struct LoginBrakes {
    failures: Failures,
    purses: Cache<u64, Arc<Mutex<Purse>>>,
    hasher: RandomState,
}

impl std::fmt::Debug for LoginBrakes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginBrakes").finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Purse {
    spent: f64,
    at: Instant,
}

impl Purse {
    fn take(&mut self, now: Instant) -> Result<(), u32> {
        let refilled = now.saturating_duration_since(self.at).as_secs_f64() / REFILL.as_secs_f64();
        self.spent = (self.spent - refilled).max(0.0);
        self.at = now;
        if self.spent + 1.0 <= PURSE {
            self.spent += 1.0;
            return Ok(());
        }
        let missing = self.spent + 1.0 - PURSE;
        let wait = REFILL.mul_f64(missing).as_millis().div_ceil(1000);
        Err(u32::try_from(wait).unwrap_or(u32::MAX).max(1))
    }
}

impl LoginBrakes {
    /// Nobody has guessed yet.
    pub(super) fn new() -> Self {
        Self { failures: Failures::new(LIMITS), purses: Cache::new(CAPACITY), hasher: RandomState::new() }
    }

    /// Counts a try before it is known whether it is wrong: many at once must not be more than the limit.
    ///
    /// # Errors
    /// Seconds until the next try; nothing was counted then.
    pub(super) fn begin(&self, login: &str, address: IpAddr) -> Result<(), u32> {
        self.failures.reserve(Some(login), address)
    }

    /// Counts the same try, begun before, against all unknown places together.
    ///
    /// # Errors
    /// Seconds until the next try; nothing was counted then, and the try is no longer begun.
    pub(super) fn begin_at_unknown_place(&self, login: &str, address: IpAddr) -> Result<(), u32> {
        let fresh = || Arc::new(Mutex::new(Purse { spent: 0.0, at: Instant::now() }));
        let key = self.hasher.hash_one(login);
        let purse = self.purses.get_or_insert_with(&key, || Ok::<_, ()>(fresh())).unwrap_or_else(|()| fresh());
        let taken = purse.lock().map_or(Ok(()), |mut purse| purse.take(Instant::now()));
        if taken.is_err() {
            self.failures.take_back(Some(login), address);
        }
        taken
    }

    /// What was begun was no wrong try.
    pub(super) fn take_back(&self, login: &str, address: IpAddr) {
        self.failures.take_back(Some(login), address);
        if let Some(purse) = self.purses.get(&self.hasher.hash_one(login))
            && let Ok(mut purse) = purse.lock()
        {
            purse.spent = (purse.spent - 1.0).max(0.0);
        }
    }
}

impl Default for LoginBrakes {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u32) -> IpAddr {
        std::net::Ipv4Addr::from(0xc633_6400 + n).into()
    }

    #[test]
    fn mg7_ten_wrong_tries_stop_one_address_and_no_other() {
        let brakes = LoginBrakes::new();
        for _ in 0..10 {
            assert!(brakes.begin("ada@example.com", address(1)).is_ok());
        }
        assert!(brakes.begin("ada@example.com", address(1)).is_err());
        assert!(brakes.begin("ada@example.com", address(2)).is_ok());
        assert!(brakes.begin("bob@example.com", address(1)).is_ok());
    }

    #[test]
    fn mg7_guessing_from_everywhere_is_slowed_and_known_places_are_not() {
        let brakes = LoginBrakes::new();
        let from = |n| {
            brakes
                .begin("ada@example.com", address(n))
                .and_then(|()| brakes.begin_at_unknown_place("ada@example.com", address(n)))
        };
        for n in 0..100 {
            assert!(from(n).is_ok(), "{n}");
        }
        let wait = from(200).unwrap_err();
        assert!((1..=36).contains(&wait), "{wait}");
        assert!(brakes.begin("ada@example.com", address(201)).is_ok(), "a known place is not asked");
        // What was refused was not counted against its address.
        for _ in 0..20 {
            assert!(from(200).is_err());
        }
        assert!(brakes.begin("ada@example.com", address(200)).is_ok());
    }

    #[test]
    fn mg7_an_empty_purse_fills_again() {
        let start = Instant::now();
        let mut purse = Purse { spent: PURSE, at: start };
        assert!(purse.take(start).is_err());
        assert!(purse.take(start + REFILL).is_ok());
        assert!(purse.take(start + REFILL).is_err());
        // A clock that goes back gives nothing and breaks nothing.
        assert!(purse.take(start).is_err());
        assert!(purse.take(start + REFILL * 1_000).is_ok());
    }

    #[test]
    fn a_right_password_costs_nothing() {
        let brakes = LoginBrakes::new();
        for _ in 0..500 {
            brakes.begin("ada@example.com", address(1)).unwrap();
            brakes.begin_at_unknown_place("ada@example.com", address(1)).unwrap();
            brakes.take_back("ada@example.com", address(1));
        }
    }
}
