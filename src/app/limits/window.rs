//! One window of one key on one node: a minute of the clock, or a day.
//!
//! The database holds how many requests all nodes have taken of a window. A node takes a few at a time and spends them
//! one by one, so most requests ask nobody. What it took and does not need it gives back. Pure: the time comes from
//! outside, and the settlements go out and come back as values.

use crate::domain::time::Timestamp;
use crate::store::rates::Settled;

/// Milliseconds of the monotonic clock.
pub(super) type Ticks = u64;

/// How long a node believes that nothing is left: another may give back what it took.
const REASK_AFTER: Ticks = 1_000;
/// Settlements that follow each other faster than this become larger.
const BUSY_WITHIN: Ticks = 1_000;
/// After such a pause they begin small again.
const CALM_AFTER: Ticks = 5_000;
/// The most requests that are taken at once, whatever the limit.
const LARGEST_BATCH: u32 = 1_000;
/// A request may be this many seconds older than the window that a later one has begun; a clock that is farther back
/// has been set back.
pub(super) const LATE_SECONDS: i64 = 5;

/// Which kind of window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A minute of the clock.
    Minute,
    /// A day, UTC.
    Day,
}

impl Kind {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Day => "day",
        }
    }

    /// How long it is.
    pub(super) const fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Day => 86_400,
        }
    }
}

/// What a window can do for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// It has one to spend.
    Ready,
    /// The database must say.
    Ask,
    /// The database has said that there is nothing left.
    Empty,
}

/// A settlement that is under way.
#[derive(Clone, Copy, Debug)]
struct UnderWay {
    debt: u32,
    returned: u32,
    wanted: u32,
}

/// What is to be settled with the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) starts_at: Timestamp,
    pub(super) correction: i64,
    pub(super) wanted: u32,
    pub(super) limit: u32,
}

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Window {
    kind: Kind,
    starts_at: i64,
    /// What held when it was last looked at.
    limit: u32,
    /// Taken by all nodes when the database last told; what this node has not spent of it is included.
    taken: u32,
    /// Taken by this node, and not spent.
    unspent: u32,
    /// Spent without having been taken, while the database was away.
    debt: u32,
    /// How many are taken next.
    batch: u32,
    wants: bool,
    under_way: Option<UnderWay>,
    /// When nothing was left, of which limit.
    empty: Option<(Ticks, u32)>,
    settled_at: Option<Ticks>,
}

impl Window {
    pub(super) const fn new(kind: Kind) -> Self {
        Self {
            kind,
            starts_at: i64::MIN,
            limit: 0,
            taken: 0,
            unspent: 0,
            debt: 0,
            batch: 1,
            wants: false,
            under_way: None,
            empty: None,
            settled_at: None,
        }
    }

    /// Begins the window of `now` when that is another, earlier or later.
    pub(super) fn roll(&mut self, now: Timestamp) {
        let now = now.unix();
        let starts_at = now - now.rem_euclid(self.kind.seconds());
        let is_late = (1..=LATE_SECONDS).contains(&self.starts_at.saturating_sub(now));
        if starts_at == self.starts_at || is_late {
            return;
        }
        *self = Self { starts_at, batch: self.batch, settled_at: self.settled_at, ..Self::new(self.kind) };
    }

    /// Forgets a window that has not begun at `now`: the clock was ahead, and has been set back.
    pub(super) fn forget_after(&mut self, now: Timestamp) {
        if self.starts_at > now.unix() {
            *self = Self::new(self.kind);
        }
    }

    /// What this window can do for a request.
    pub(super) fn look(&mut self, limit: u32, ticks: Ticks) -> Look {
        self.limit = limit;
        if self.unspent > 0 && self.used() < limit {
            return Look::Ready;
        }
        match self.empty {
            Some((at, of)) if limit <= of && at.abs_diff(ticks) < REASK_AFTER => Look::Empty,
            _ => Look::Ask,
        }
    }

    /// Whether a request may pass on what this node knows by itself.
    pub(super) const fn may_borrow(&self) -> bool {
        self.used() < self.limit
    }

    /// Spends one, and asks for more before the rest runs out.
    pub(super) fn spend(&mut self) {
        match self.unspent.checked_sub(1) {
            Some(left) => self.unspent = left,
            None => self.debt = self.debt.saturating_add(1),
        }
        // A key that asks now and then is not worth a reserve that it would only give back.
        let runs_low = self.batch > 1 && self.unspent < self.batch / 2;
        if self.debt > 0 || (runs_low && self.empty.is_none() && self.under_way.is_none()) {
            self.wants = true;
        }
    }

    /// Whether more has been asked for and nobody has gone to get it.
    pub(super) const fn is_wanting(&self) -> bool {
        self.wants && self.under_way.is_none()
    }

    /// Asks for more.
    pub(super) fn want(&mut self) {
        self.wants = true;
    }

    /// What is to be settled now, if anything.
    pub(super) fn order(&mut self, ticks: Ticks) -> Option<Order> {
        if self.under_way.is_some() || !std::mem::take(&mut self.wants) {
            return None;
        }
        let pause = self.settled_at.map_or(Ticks::MAX, |at| at.abs_diff(ticks));
        let batch = match pause {
            ..BUSY_WITHIN => self.batch.saturating_mul(2),
            CALM_AFTER.. => 1,
            _ => self.batch,
        };
        self.batch = batch.clamp(1, (self.limit / 10).clamp(1, LARGEST_BATCH));
        self.settled_at = Some(ticks);
        // With what is left, never more than one batch is held.
        let wanted = self.batch.saturating_sub(self.unspent).max(1);
        Some(self.send(UnderWay { debt: self.debt, returned: 0, wanted }))
    }

    /// Gives back what this node took and has not spent, when the window is not over at `now`.
    pub(super) fn give_back(&mut self, now: Timestamp) -> Option<Order> {
        let is_current = (0..self.kind.seconds()).contains(&now.unix().saturating_sub(self.starts_at));
        if self.under_way.is_some() || !is_current || (self.unspent == 0 && self.debt == 0) {
            return None;
        }
        let returned = std::mem::take(&mut self.unspent);
        self.taken = self.taken.saturating_sub(returned);
        if returned > 0 {
            self.empty = None;
        }
        Some(self.send(UnderWay { debt: self.debt, returned, wanted: 0 }))
    }

    fn send(&mut self, sent: UnderWay) -> Order {
        self.under_way = Some(sent);
        Order {
            starts_at: Timestamp::from_unix(self.starts_at),
            correction: i64::from(sent.debt) - i64::from(sent.returned),
            wanted: sent.wanted,
            limit: self.limit,
        }
    }

    /// The answer to the order of the window that began at `starts_at`.
    pub(super) fn settled(&mut self, starts_at: Timestamp, answer: Settled, ticks: Ticks) {
        if starts_at.unix() != self.starts_at {
            return;
        }
        let Some(sent) = self.under_way.take() else { return };
        self.taken = answer.taken;
        self.unspent = self.unspent.saturating_add(answer.granted);
        self.debt = self.debt.saturating_sub(sent.debt);
        // What was borrowed meanwhile is paid from what has come.
        let paid = self.debt.min(self.unspent);
        self.debt -= paid;
        self.unspent -= paid;
        if sent.wanted > 0 {
            self.empty = (answer.granted == 0).then_some((ticks, self.limit));
        }
    }

    /// The order did not reach the database, as far as is known.
    pub(super) fn failed(&mut self, starts_at: Timestamp) {
        if starts_at.unix() != self.starts_at {
            return;
        }
        if let Some(sent) = self.under_way.take() {
            self.unspent = self.unspent.saturating_add(sent.returned);
            self.taken = self.taken.saturating_add(sent.returned);
        }
    }

    /// Whether nothing would be lost with it.
    pub(super) const fn is_even(&self) -> bool {
        self.unspent == 0 && self.debt == 0 && self.under_way.is_none()
    }

    /// When it began.
    pub(super) const fn starts_at(&self) -> i64 {
        self.starts_at
    }

    /// Requests spent by all nodes, as far as this one knows. What others took counts as spent.
    const fn used(&self) -> u32 {
        self.taken.saturating_sub(self.unspent).saturating_add(self.debt)
    }

    /// How many requests are left of `limit`.
    pub(super) const fn remaining(&self, limit: u32) -> u32 {
        limit.saturating_sub(self.used())
    }

    /// Seconds until it is over, at least 1.
    pub(super) fn ends_in(&self, now: Timestamp) -> u32 {
        let left = self.starts_at.saturating_add(self.kind.seconds()).saturating_sub(now.unix());
        u32::try_from(left.clamp(1, self.kind.seconds() + LATE_SECONDS)).unwrap_or(1)
    }
}
