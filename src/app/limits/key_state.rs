//! The keys whose requests are counted at present, bounded.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::counters::Counters;
use super::window::Ticks;
use crate::domain::id::ClientId;
use crate::domain::time::Timestamp;

/// What this node counts of one key.
#[derive(Debug)]
pub(super) struct KeyState {
    pub(super) client_id: ClientId,
    counters: Mutex<Counters>,
    /// Something has been settled, or could not be.
    pub(super) settled: Notify,
    /// Requests in progress here.
    pub(super) here: AtomicU32,
    /// Requests in progress on other nodes, as they last told.
    pub(super) elsewhere: AtomicU32,
    /// Whether requests in progress have a limit, so that other nodes want to know.
    pub(super) is_shared: AtomicBool,
}

/// A panic elsewhere must not stop the counting.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl KeyState {
    /// Does `work` on the counters, alone.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Counters) -> T) -> T {
        work(&mut lock(&self.counters))
    }

    /// Counts a connection, unless there are `limit` already.
    pub(super) fn connect(self: &Arc<Self>, limit: u32) -> Option<OpenConnection> {
        self.is_shared.store(true, Ordering::Relaxed);
        let elsewhere = self.elsewhere.load(Ordering::Relaxed);
        let one_more = |here: u32| (here.saturating_add(elsewhere) < limit).then(|| here.saturating_add(1));
        self.here.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        Some(OpenConnection(Arc::clone(self)))
    }

    /// Counts a connection over the limit.
    pub(super) fn connect_anyway(self: &Arc<Self>) -> OpenConnection {
        self.here.fetch_add(1, Ordering::Relaxed);
        OpenConnection(Arc::clone(self))
    }

    /// Requests in progress on all nodes, as far as is known.
    pub(super) fn in_progress(&self) -> u32 {
        self.here.load(Ordering::Relaxed).saturating_add(self.elsewhere.load(Ordering::Relaxed))
    }
}

/// A request in progress; over when this is dropped.
#[derive(Debug)]
pub struct OpenConnection(Arc<KeyState>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.here.fetch_sub(1, Ordering::Relaxed);
    }
}

const SHARDS: usize = 64;
/// Keys in one shard; past that, those that are not in use just now are forgotten. Their share of a batch is lost then.
const MOST_PER_SHARD: usize = 4_096;
/// How long a key that asks nothing is remembered.
const FORGET_AFTER: Ticks = 120_000;

/// Every key that asked lately, and those that the keeper must look at.
#[derive(Debug)]
pub(super) struct KeyStates {
    shards: [Mutex<HashMap<ClientId, Arc<KeyState>>>; SHARDS],
    hasher: RandomState,
    started: Instant,
    queue: Mutex<Queue>,
    queue_grew: Condvar,
    /// Whether the database did not answer when it was last asked.
    pub(super) is_away: AtomicBool,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<Arc<KeyState>>,
    is_closed: bool,
}

impl KeyStates {
    pub(super) fn new() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            hasher: RandomState::new(),
            started: Instant::now(),
            queue: Mutex::default(),
            queue_grew: Condvar::new(),
            is_away: AtomicBool::new(false),
        }
    }

    /// Milliseconds since the start.
    pub(super) fn ticks(&self) -> Ticks {
        Ticks::try_from(self.started.elapsed().as_millis()).unwrap_or(Ticks::MAX)
    }

    /// What is counted of this key.
    pub(super) fn of(&self, client_id: ClientId) -> Arc<KeyState> {
        let fresh = || {
            Arc::new(KeyState {
                client_id,
                counters: Mutex::new(Counters::new(self.ticks())),
                settled: Notify::new(),
                here: AtomicU32::new(0),
                elsewhere: AtomicU32::new(0),
                is_shared: AtomicBool::new(false),
            })
        };
        let shard = usize::try_from(self.hasher.hash_one(client_id) % SHARDS as u64).unwrap_or(0);
        let Some(shard) = self.shards.get(shard) else { return fresh() };
        let mut shard = lock(shard);
        if let Some(known) = shard.get(&client_id) {
            return Arc::clone(known);
        }
        if shard.len() >= MOST_PER_SHARD {
            shard.retain(|_, state| Arc::strong_count(state) > 1);
        }
        Arc::clone(shard.entry(client_id).or_insert_with(fresh))
    }

    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    /// Every key.
    pub(super) fn all(&self) -> Vec<Arc<KeyState>> {
        let mut all = Vec::new();
        for shard in &self.shards {
            all.extend(lock(shard).values().cloned());
        }
        all
    }

    /// Forgets the keys that have asked nothing for long and owe nothing.
    pub(super) fn sweep(&self, now: Timestamp) {
        let ticks = self.ticks();
        let is_wanted = |state: &Arc<KeyState>| {
            let dispensable = state.with(|c| c.used_at.abs_diff(ticks) >= FORGET_AFTER && c.is_dispensable(now));
            !dispensable || Arc::strong_count(state) > 1
        };
        for shard in &self.shards {
            lock(shard).retain(|_, state| is_wanted(state));
        }
    }

    /// Has the keeper look at `state`.
    pub(super) fn enqueue(&self, state: &Arc<KeyState>) {
        lock(&self.queue).waiting.push(Arc::clone(state));
        self.queue_grew.notify_one();
    }

    /// What the keeper must look at, after at most `wait`; `None`: nothing ever again.
    pub(super) fn take_queue(&self, wait: Duration) -> Option<Vec<Arc<KeyState>>> {
        let mut queue = lock(&self.queue);
        if queue.waiting.is_empty() && !queue.is_closed {
            let idle = |queue: &mut Queue| queue.waiting.is_empty() && !queue.is_closed;
            queue = self.queue_grew.wait_timeout_while(queue, wait, idle).unwrap_or_else(PoisonError::into_inner).0;
        }
        if queue.is_closed { None } else { Some(std::mem::take(&mut queue.waiting)) }
    }

    /// Tells the keeper to end.
    pub(super) fn close_queue(&self) {
        lock(&self.queue).is_closed = true;
        self.queue_grew.notify_one();
    }
}
