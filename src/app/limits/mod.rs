//! The rate plans at work: whether a request of a key may pass now.
//!
//! A window is a minute of the clock or a day, UTC. The database holds what all nodes have taken of it, each node holds
//! what it took and has not spent, and [`Keeper`] settles between the two. A key without limits costs a look at its
//! plan and nothing else.

mod counters;
mod counts;
mod keeper;
mod key_state;
#[cfg(test)]
mod tests;
mod window;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use crate::directory::Directory;
use crate::domain::id::ClientId;
use crate::domain::key_entry::KeyEntry;
use crate::domain::plan::PlanLimits;
use crate::domain::rate_plans::ActivePlan;
use crate::domain::time::Timestamp;

use counters::Decision;
use counts::{Counts, Outcome};
use key_state::KeyStates;
use window::Kind;

pub use counters::Quota;
pub use keeper::Keeper;
pub use key_state::OpenConnection;

/// How long a request waits for the database before what this node knows decides.
const SETTLEMENT_WAIT: Duration = Duration::from_millis(900);

/// After how many seconds another connection may be free.
const RETRY_CONNECTION_SECONDS: u32 = 1;

/// Which limit of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitKind {
    /// Requests a minute.
    Minute,
    /// Requests a day.
    Day,
    /// Requests in progress.
    Concurrent,
}

impl LimitKind {
    /// Its name in headers, logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Day => "day",
            Self::Concurrent => "concurrent",
        }
    }
}

impl From<Kind> for LimitKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Minute => Self::Minute,
            Kind::Day => Self::Day,
        }
    }
}

/// Why a request does not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverLimit {
    /// The limit that it is over.
    pub kind: LimitKind,
    /// When to come again, at least 1.
    pub retry_after_seconds: u32,
}

/// How many requests may be in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// At the same time.
    pub limit: u32,
    /// How many more.
    pub remaining: u32,
}

/// What the rate plan of a key says to one request. The connection counts until this, or what
/// [`Admission::into_connection`] took from it, is dropped.
#[derive(Debug)]
pub struct Admission {
    /// Set: the request must be refused.
    pub over_limit: Option<OverLimit>,
    /// How far the minute is used up, this request included, when it has a limit.
    pub minute: Option<Quota>,
    /// The same for the day.
    pub day: Option<Quota>,
    /// Requests in progress, this one included, when they have a limit.
    pub connections: Option<Connections>,
    connection: Option<OpenConnection>,
}

impl Admission {
    /// What must live until the answer has left; nothing when connections have no limit.
    pub fn into_connection(self) -> Option<OpenConnection> {
        self.connection
    }
}

/// The limits of every key, as this node counts them.
#[derive(Debug)]
pub struct RateLimiter {
    directory: Arc<Directory>,
    states: KeyStates,
    counts: Counts,
}

impl RateLimiter {
    /// Nothing has been counted yet. Settles with other nodes while a [`Keeper`] lives. Install the metrics' recorder
    /// first.
    pub fn new(directory: Arc<Directory>) -> Self {
        Self { directory, states: KeyStates::new(), counts: Counts::new() }
    }

    /// Counts a request of `key` and says whether it may pass; `None`: the key has no limits.
    pub async fn admit(&self, key: &KeyEntry, now: Timestamp) -> Option<Admission> {
        let plan = self.directory.plan_of(key)?;
        // Boxed, so that requests of keys without limits do not carry its size.
        Some(Box::pin(self.admit_on(plan, key.client_id, now)).await)
    }

    /// Keys whose requests are counted at present.
    pub fn keys_counted(&self) -> usize {
        self.states.len()
    }

    async fn admit_on(&self, plan: ActivePlan, client_id: ClientId, now: Timestamp) -> Admission {
        let ActivePlan { limits, dry_run } = plan;
        let state = self.states.of(client_id);
        let (connection, is_free) = match limits.concurrent_connections {
            None => (None, true),
            Some(limit) => match state.connect(limit.get()) {
                None => (dry_run.then(|| state.connect_anyway()), false),
                connection => (connection, true),
            },
        };
        // Without a free connection nothing else is looked at, except by a dry run, which counts everything.
        let window = if is_free || dry_run { self.decide(&state, &limits, now).await } else { None };
        let over = window.map(LimitKind::from).or((!is_free).then_some(LimitKind::Concurrent));
        let [minute, day] = state.with(|counters| counters.quotas(&limits, now));
        let connections = limits.concurrent_connections.map(|limit| Connections {
            limit: limit.get(),
            remaining: if is_free { limit.get().saturating_sub(state.in_progress()) } else { 0 },
        });
        self.report(&state, plan, over);
        let retry_after_seconds = match over {
            Some(LimitKind::Minute) => minute.map_or(1, |quota| quota.reset_seconds),
            Some(LimitKind::Day) => day.map_or(1, |quota| quota.reset_seconds),
            Some(LimitKind::Concurrent) | None => RETRY_CONNECTION_SECONDS,
        };
        let over_limit = over.filter(|_| !dry_run).map(|kind| OverLimit { kind, retry_after_seconds });
        // A refusal is no request in progress.
        let connection = connection.filter(|_| over_limit.is_none());
        Admission { over_limit, minute, day, connections, connection }
    }

    /// Counts what was decided, and tells what a dry run would have refused: once for each key and window.
    fn report(&self, state: &key_state::KeyState, plan: ActivePlan, over: Option<LimitKind>) {
        let Some(kind) = over else { return self.counts.admitted(&plan.limits) };
        self.counts.count(kind, if plan.dry_run { Outcome::DryRun } else { Outcome::Refused });
        if plan.dry_run && state.with(|counters| counters.notice(kind)) {
            log::warn!(
                client_id:% = state.client_id, limit = kind.as_str();
                "over its rate plan, which is a dry run: not refused; said once for each key and window"
            );
        }
    }

    /// Counts a request in the windows. `Some`: the one that has nothing left.
    async fn decide(&self, state: &Arc<key_state::KeyState>, limits: &PlanLimits, now: Timestamp) -> Option<Kind> {
        let mut borrow = self.states.is_away.load(Ordering::Relaxed);
        let mut deadline: Option<Instant> = None;
        loop {
            let mut settled = pin!(state.settled.notified());
            // Before the look: what is settled in between must be noticed.
            settled.as_mut().enable();
            let (decision, is_due) = state.with(|counters| {
                let decision = counters.decide(limits, now, self.states.ticks(), borrow);
                (decision, counters.enqueue())
            });
            if is_due {
                self.states.enqueue(state);
            }
            match decision {
                Decision::Admitted => return None,
                Decision::Refused(kind) => return Some(kind),
                Decision::Wait => {}
            }
            let deadline = *deadline.get_or_insert_with(|| Instant::now() + SETTLEMENT_WAIT);
            borrow = tokio::time::timeout_at(deadline, settled).await.is_err() || self.states.is_away.load(Ordering::Relaxed);
        }
    }
}
