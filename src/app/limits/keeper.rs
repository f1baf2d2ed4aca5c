//! The thread that settles with the other nodes: takes of the windows what requests ask for, gives back what is not
//! needed, tells how many requests are in progress here and hears how many are elsewhere.
//!
//! What is asked for while one settlement is under way goes into the next: many keys, one transaction.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::RateLimiter;
use super::key_state::{KeyState, KeyStates};
use super::window::{Kind, LATE_SECONDS, Order, Ticks};
use crate::clock;
use crate::domain::id::ClientId;
use crate::domain::time::Timestamp;
use crate::store::rates::{self, Settled, Settlement};
use crate::store::{Db, StoreError};

/// How often connections are told, and what is not needed is given back.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// How long a key asks nothing before what it has not spent is given back.
const IDLE_AFTER: Ticks = 1_000;
/// How soon a count of connections that stays the same is told again.
const RENEW_AFTER: Ticks = 3_000;
/// How long a node's connections count without being told again.
const CONNECTIONS_LIVE_SECONDS: i64 = 10;
/// What was heard longer ago is forgotten when nothing newer can be heard.
const FORGET_ELSEWHERE_AFTER: Ticks = 10_000;
/// The pause after a settlement that failed.
const PAUSE_AFTER_FAULT: Duration = Duration::from_millis(200);
/// Rows in one transaction: other nodes wait for them.
const BATCH: usize = 200;
/// Two nodes that begin the same window at once: the second try finds it begun.
const TRIES: u32 = 4;
/// How long a stop waits for the last settlement.
const LAST_SETTLEMENT: Duration = Duration::from_millis(1_000);

/// The thread, until it is dropped; what is not spent is given back then.
#[derive(Debug)]
pub struct Keeper {
    limiter: Arc<RateLimiter>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts the thread; `node_id` is this process's own.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(limiter: Arc<RateLimiter>, db: Db, node_id: String) -> std::io::Result<Self> {
        let of_thread = Arc::clone(&limiter);
        let work = move || {
            let mut run = Run {
                states: &of_thread.states,
                db,
                node_id,
                told: HashMap::new(),
                heard_at: 0,
                latest: clock::now(),
                failing: false,
            };
            run.run();
        };
        let thread = std::thread::Builder::new().name("rate-limits".to_owned()).spawn(work)?;
        Ok(Self { limiter, thread: Some(thread) })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.limiter.states.close_queue();
        let Some(thread) = self.thread.take() else { return };
        let asked = Instant::now();
        while !thread.is_finished() && asked.elapsed() < LAST_SETTLEMENT {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// An order with whose it is.
struct Sent {
    state: Arc<KeyState>,
    kind: Kind,
    order: Order,
}

impl Sent {
    fn settlement(&self) -> Settlement {
        Settlement {
            client_id: self.state.client_id,
            kind: self.kind.as_str(),
            starts_at: self.order.starts_at,
            correction: self.order.correction,
            wanted: self.order.wanted,
            limit: self.order.limit,
        }
    }
}

struct Run<'a> {
    states: &'a KeyStates,
    db: Db,
    node_id: String,
    /// What the other nodes have been told, and when.
    told: HashMap<ClientId, (u32, Ticks)>,
    /// When they last told this one.
    heard_at: Ticks,
    /// The latest that the clock has shown since it was last set back.
    latest: Timestamp,
    failing: bool,
}

impl Run<'_> {
    fn run(&mut self) {
        let mut beat = Instant::now();
        while let Some(queued) = self.states.take_queue(HEARTBEAT.saturating_sub(beat.elapsed())) {
            let ticks = self.states.ticks();
            let orders = |state: Arc<KeyState>| {
                let orders: Vec<_> = state.with(|counters| counters.orders(ticks).collect());
                sent(&state, orders)
            };
            let orders = queued.into_iter().flat_map(orders).collect();
            self.settle(orders);
            if beat.elapsed() >= HEARTBEAT {
                beat = Instant::now();
                self.heartbeat(IDLE_AFTER);
            }
        }
        // The last one: everything is idle.
        self.heartbeat(0);
        let own: Vec<_> = self.told.keys().map(|id| (*id, 0)).collect();
        let gone = self.publish(&own);
        self.report(&gone);
    }

    fn settle(&mut self, mut all: Vec<Sent>) {
        // A clock that is ahead for less than a heartbeat is noticed by what was counted meanwhile.
        self.latest = all.iter().map(|sent| sent.order.starts_at).fold(self.latest, Timestamp::max);
        all.sort_unstable_by_key(|sent| rates::order(&sent.settlement()));
        for batch in all.chunks(BATCH) {
            let outcome = self.write(batch);
            self.states.is_away.store(outcome.is_err(), Ordering::Relaxed);
            let ticks = self.states.ticks();
            for (at, sent) in batch.iter().enumerate() {
                let answer = outcome.as_ref().ok().and_then(|answers| answers.get(at).copied());
                let is_due = sent.state.with(|counters| {
                    counters.settled(sent.kind, sent.order.starts_at, answer, ticks);
                    answer.is_some() && counters.enqueue()
                });
                sent.state.settled.notify_waiters();
                if is_due {
                    self.states.enqueue(&sent.state);
                }
            }
            self.report(&outcome);
        }
    }

    fn write(&self, batch: &[Sent]) -> Result<Vec<Settled>, StoreError> {
        let settlements: Vec<Settlement> = batch.iter().map(Sent::settlement).collect();
        let mut tries = TRIES;
        loop {
            tries -= 1;
            match self.db.write(clock::now(), |transaction| rates::settle(transaction, &settlements)) {
                Err(StoreError::UniqueViolation(_)) if tries > 0 => {}
                outcome => return outcome,
            }
        }
    }

    fn heartbeat(&mut self, idle_after: Ticks) {
        let states = self.states.all();
        self.look_at_the_clock(&states);
        if states.is_empty() && self.told.is_empty() {
            return;
        }
        let (now, ticks) = (clock::now(), self.states.ticks());
        let mut unneeded = Vec::new();
        for state in &states {
            let (orders, is_due) = state.with(|counters| {
                let is_idle = counters.used_at.abs_diff(ticks) >= idle_after;
                let orders: Vec<_> = if is_idle { counters.give_back(now).collect() } else { Vec::new() };
                (orders, counters.enqueue())
            });
            unneeded.extend(sent(state, orders));
            if is_due {
                self.states.enqueue(state);
            }
        }
        self.settle(unneeded);
        let sharing: Vec<_> = states.iter().filter(|state| state.is_shared.load(Ordering::Relaxed)).collect();
        if !sharing.is_empty() {
            let shared = self.share_connections(&sharing);
            if shared.is_err() && self.heard_at.abs_diff(ticks) >= FORGET_ELSEWHERE_AFTER {
                sharing.iter().for_each(|state| state.elsewhere.store(0, Ordering::Relaxed));
            }
            self.report(&shared);
        }
        drop(states);
        self.states.sweep(now);
    }

    /// When the clock has been set back, what was counted in the meantime that is to come again must not count twice:
    /// a key would stay locked for as long as the clock was ahead.
    fn look_at_the_clock(&mut self, states: &[Arc<KeyState>]) {
        let now = clock::now();
        if now.plus_seconds(LATE_SECONDS) >= self.latest {
            self.latest = self.latest.max(now);
            return;
        }
        log::warn!(from:% = self.latest, to:% = now; "the clock has been set back: rate plans forget what was counted later");
        self.latest = now;
        states.iter().for_each(|state| state.with(|counters| counters.forget_after(now)));
        let forgotten = self.db.write(now, |transaction| rates::remove_outside(transaction, Timestamp::from_unix(0), now));
        self.report(&forgotten);
    }

    fn share_connections(&mut self, sharing: &[&Arc<KeyState>]) -> Result<(), StoreError> {
        let ticks = self.states.ticks();
        let mut news = Vec::new();
        for state in sharing {
            let here = state.here.load(Ordering::Relaxed);
            let is_news = match self.told.get(&state.client_id) {
                Some((told, at)) => *told != here || at.abs_diff(ticks) >= RENEW_AFTER,
                None => here > 0,
            };
            if is_news {
                news.push((state.client_id, here));
            }
        }
        self.publish(&news)?;
        for (id, here) in news {
            match here {
                0 => drop(self.told.remove(&id)),
                _ => drop(self.told.insert(id, (here, ticks))),
            }
        }
        let now = clock::now();
        let latest = now.plus_seconds(2 * CONNECTIONS_LIVE_SECONDS);
        let elsewhere = self.db.read(|connection| rates::connections_elsewhere(connection, &self.node_id, now, latest))?;
        self.heard_at = ticks;
        for state in sharing {
            state.elsewhere.store(elsewhere.get(&state.client_id).copied().unwrap_or(0), Ordering::Relaxed);
        }
        Ok(())
    }

    fn publish(&self, news: &[(ClientId, u32)]) -> Result<(), StoreError> {
        if news.is_empty() {
            return Ok(());
        }
        let now = clock::now();
        let expires_at = now.plus_seconds(CONNECTIONS_LIVE_SECONDS);
        self.db.write(now, |transaction| rates::publish_connections(transaction, &self.node_id, news, expires_at))
    }

    /// A fault that lasts is logged once.
    fn report<T>(&mut self, outcome: &Result<T, StoreError>) {
        match outcome {
            Ok(_) => {
                if std::mem::take(&mut self.failing) {
                    log::info!("rate plans are settled with the database again");
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut self.failing, true) {
                    log::error!("rate plans hold for each node alone until the database answers: {error}");
                }
                std::thread::sleep(PAUSE_AFTER_FAULT);
            }
        }
    }
}

fn sent(state: &Arc<KeyState>, orders: Vec<(Kind, Order)>) -> impl Iterator<Item = Sent> + use<> {
    let state = Arc::clone(state);
    orders.into_iter().map(move |(kind, order)| Sent { state: Arc::clone(&state), kind, order })
}
