//! What one node counts of one key.

use super::LimitKind;
use super::window::{Kind, Look, Order, Ticks, Window};
use crate::domain::plan::{Limit, PlanLimits};
use crate::domain::time::Timestamp;
use crate::store::rates::Settled;

/// What is decided about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// It passes, and has been counted.
    Admitted,
    /// Nothing is left of that window; nothing has been counted.
    Refused(Kind),
    /// The database must say whether anything is left.
    Wait,
}

/// How far a window is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Requests in the whole window.
    pub limit: u32,
    /// Requests that are left.
    pub remaining: u32,
    /// Seconds until the window is over, at least 1.
    pub reset_seconds: u32,
}

/// A key's windows.
#[derive(Debug)]
pub(super) struct Counters {
    minute: Window,
    day: Window,
    /// Whether the keeper has been told to look at it.
    pub(super) is_queued: bool,
    /// When it was last asked for.
    pub(super) used_at: Ticks,
    /// The windows for which a dry run has told what it would have refused: minute, day, concurrent.
    noticed: [i64; 3],
}

impl Counters {
    pub(super) const fn new(ticks: Ticks) -> Self {
        Self {
            minute: Window::new(Kind::Minute),
            day: Window::new(Kind::Day),
            is_queued: false,
            used_at: ticks,
            noticed: [i64::MIN; 3],
        }
    }

    /// Decides about a request. With `borrow`, on what this node knows by itself.
    pub(super) fn decide(&mut self, limits: &PlanLimits, now: Timestamp, ticks: Ticks, borrow: bool) -> Decision {
        self.used_at = ticks;
        self.minute.roll(now);
        self.day.roll(now);
        let Self { minute, day, .. } = self;
        // The day first: who has used up both is told to come back tomorrow.
        let limited = [(Kind::Day, day, limits.requests_per_day), (Kind::Minute, minute, limits.requests_per_minute)];
        let mut limited = limited.map(|(kind, window, limit)| limit.map(|limit| (kind, window, limit)));
        let mut wait = false;
        for (kind, window, limit) in limited.iter_mut().flatten() {
            match window.look(limit.get(), ticks) {
                Look::Ready => {}
                Look::Ask if borrow && window.may_borrow() => {}
                Look::Ask if !borrow => {
                    window.want();
                    wait = true;
                }
                Look::Ask | Look::Empty => return Decision::Refused(*kind),
            }
        }
        if wait {
            return Decision::Wait;
        }
        for (_, window, _) in limited.iter_mut().flatten() {
            window.spend();
        }
        Decision::Admitted
    }

    /// Whether the keeper should look at it and has not been told yet; it counts as told then.
    pub(super) fn enqueue(&mut self) -> bool {
        (self.minute.is_wanting() || self.day.is_wanting()) && !std::mem::replace(&mut self.is_queued, true)
    }

    /// What is to be settled now.
    pub(super) fn orders(&mut self, ticks: Ticks) -> impl Iterator<Item = (Kind, Order)> {
        self.is_queued = false;
        let orders = [(Kind::Minute, self.minute.order(ticks)), (Kind::Day, self.day.order(ticks))];
        orders.into_iter().filter_map(|(kind, order)| Some((kind, order?)))
    }

    /// What is to be given back now.
    pub(super) fn give_back(&mut self, now: Timestamp) -> impl Iterator<Item = (Kind, Order)> {
        let orders = [(Kind::Minute, self.minute.give_back(now)), (Kind::Day, self.day.give_back(now))];
        orders.into_iter().filter_map(|(kind, order)| Some((kind, order?)))
    }

    /// The answer to an order; `None`: it did not reach the database.
    pub(super) fn settled(&mut self, kind: Kind, starts_at: Timestamp, answer: Option<Settled>, ticks: Ticks) {
        let window = match kind {
            Kind::Minute => &mut self.minute,
            Kind::Day => &mut self.day,
        };
        match answer {
            Some(answer) => window.settled(starts_at, answer, ticks),
            None => window.failed(starts_at),
        }
    }

    /// Forgets the windows that have not begun at `now`: the clock was ahead, and has been set back.
    pub(super) fn forget_after(&mut self, now: Timestamp) {
        self.minute.forget_after(now);
        self.day.forget_after(now);
    }

    /// How far the windows that have a limit are used up: minute, day.
    pub(super) fn quotas(&mut self, limits: &PlanLimits, now: Timestamp) -> [Option<Quota>; 2] {
        self.minute.roll(now);
        self.day.roll(now);
        let quota = |window: &Window, limit: Option<Limit>| {
            let limit = limit?.get();
            Some(Quota { limit, remaining: window.remaining(limit), reset_seconds: window.ends_in(now) })
        };
        [quota(&self.minute, limits.requests_per_minute), quota(&self.day, limits.requests_per_day)]
    }

    /// Whether a dry run has to tell that it would have refused: once for each window.
    pub(super) fn notice(&mut self, over: LimitKind) -> bool {
        let (at, starts_at) = match over {
            LimitKind::Minute => (0, self.minute.starts_at()),
            LimitKind::Day => (1, self.day.starts_at()),
            LimitKind::Concurrent => (2, self.minute.starts_at()),
        };
        self.noticed.get_mut(at).is_some_and(|noticed| std::mem::replace(noticed, starts_at) != starts_at)
    }

    /// When its minute and its day began.
    #[cfg(test)]
    pub(super) const fn windows_began_at(&self) -> (i64, i64) {
        (self.minute.starts_at(), self.day.starts_at())
    }

    /// Whether nothing would be lost with it that matters at `now`.
    pub(super) fn is_dispensable(&self, now: Timestamp) -> bool {
        let day_told = self.noticed.get(1).is_some_and(|at| now.unix().saturating_sub(*at) < Kind::Day.seconds());
        self.minute.is_even() && self.day.is_even() && !day_told && !self.is_queued
    }
}
