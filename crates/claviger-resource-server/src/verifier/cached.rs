//! A document that is fetched again when it is old, by one request at a time, and no more often than allowed.
//!
//! - While it is fresh, nobody waits and nothing is fetched.
//! - When it is old, the first request fetches it; others wait for the same answer.
//! - When that fails, the old one stays usable for a bounded time, and the next try waits for the interval. Meanwhile nobody
//!   waits for a try that another request makes.
//! - A fetch goes on when the request that began it goes away.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as Flight, OwnedMutexGuard};

use super::clock::Clock;

/// How a document is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy {
    /// Two tries are at least this far apart.
    pub(super) interval: Duration,
    /// For how long it may be used after it was to be fetched again.
    pub(super) stale_for: Duration,
}

/// The document and its age.
pub(super) struct Cached<T> {
    policy: Policy,
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State<T>>>,
    flight: Arc<Flight<()>>,
}

struct State<T> {
    value: Option<Arc<T>>,
    fresh_until: Duration,
    last_try: Option<Duration>,
    /// Why the last try failed, if it did.
    failure: Option<Arc<str>>,
}

enum Next<T> {
    Use(Arc<T>),
    Fail(Arc<str>),
    Fetch,
}

impl<T: Send + Sync + 'static> Cached<T> {
    pub(super) fn new(policy: Policy, clock: Arc<dyn Clock>) -> Self {
        let state = State { value: None, fresh_until: Duration::ZERO, last_try: None, failure: None };
        Self { policy, clock, state: Arc::new(Mutex::new(state)), flight: Arc::default() }
    }

    /// The document; one that is `newer` than what is known, if the interval allows. `fetch` answers a document and for how
    /// long it is fresh.
    ///
    /// # Errors
    /// Why there is none that could be used.
    pub(super) async fn get<F>(&self, newer: bool, fetch: impl FnOnce() -> F + Send) -> Result<Arc<T>, Arc<str>>
    where
        F: Future<Output = Result<(T, Duration), String>> + Send + 'static,
    {
        match self.next(newer) {
            Next::Use(value) => return Ok(value),
            Next::Fail(cause) => return Err(cause),
            Next::Fetch => {}
        }
        let turn = match (Arc::clone(&self.flight).try_lock_owned(), self.usable_after_failure()) {
            (Ok(turn), _) => turn,
            (Err(_), Some(value)) => return Ok(value),
            (Err(_), None) => Arc::clone(&self.flight).lock_owned().await,
        };
        // Somebody else may have fetched it while this one waited.
        match self.next(newer) {
            Next::Use(value) => return Ok(value),
            Next::Fail(cause) => return Err(cause),
            Next::Fetch => self.fetch(turn, fetch()).await,
        }
        let state = lock(&self.state);
        match (&state.value, &state.failure) {
            (Some(value), None) => Ok(Arc::clone(value)),
            (Some(value), Some(_)) if self.is_usable(&state) => Ok(Arc::clone(value)),
            (_, failure) => Err(failure.clone().unwrap_or_else(|| "the fetch was cut off".into())),
        }
    }

    fn next(&self, newer: bool) -> Next<T> {
        let state = lock(&self.state);
        let now = self.clock.uptime();
        let may_try = state.last_try.is_none_or(|at| now.saturating_sub(at) >= self.policy.interval);
        match &state.value {
            Some(value) if now < state.fresh_until && !(newer && may_try) => Next::Use(Arc::clone(value)),
            _ if may_try => Next::Fetch,
            Some(value) if self.is_usable(&state) => Next::Use(Arc::clone(value)),
            _ => Next::Fail(state.failure.clone().unwrap_or_else(|| "it was fetched a moment ago".into())),
        }
    }

    fn is_usable(&self, state: &State<T>) -> bool {
        self.clock.uptime() < state.fresh_until.saturating_add(self.policy.stale_for)
    }

    fn usable_after_failure(&self) -> Option<Arc<T>> {
        let state = lock(&self.state);
        state.value.clone().filter(|_| state.failure.is_some() && self.is_usable(&state))
    }

    /// In a task of its own, which keeps the turn until the answer is written down.
    async fn fetch<F>(&self, turn: OwnedMutexGuard<()>, fetching: F)
    where
        F: Future<Output = Result<(T, Duration), String>> + Send + 'static,
    {
        let (state, clock, interval) = (Arc::clone(&self.state), Arc::clone(&self.clock), self.policy.interval);
        let task = tokio::spawn(async move {
            let _turn = turn;
            let answer = fetching.await;
            let now = clock.uptime();
            let mut state = lock(&state);
            state.last_try = Some(now);
            match answer {
                Ok((value, fresh_for)) => {
                    state.value = Some(Arc::new(value));
                    state.fresh_until = now.saturating_add(fresh_for.max(interval));
                    state.failure = None;
                }
                Err(cause) => {
                    log::warn!(cause = cause.as_str(); "a document of the issuer could not be fetched");
                    state.failure = Some(cause.into());
                }
            }
        });
        // A task that panicked has left its turn, and what was known stays known.
        drop(task.await);
    }
}

/// What is behind the lock is whole at every moment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
