use std::collections::HashMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::LimitKind;
use super::counters::{Counters, Decision};
use super::key_state::KeyStates;
use super::window::{Kind, LATE_SECONDS, Order, Ticks};
use crate::domain::id::ClientId;
use crate::domain::plan::{Limit, PlanLimits};
use crate::domain::time::Timestamp;
use crate::store::rates::Settlement;

/// Noon of some day.
const NOON: i64 = 1_795_348_800;

fn limits(minute: Option<i64>, day: Option<i64>) -> PlanLimits {
    let limit = |number: Option<i64>| number.map(|number| Limit::new("x", number).unwrap());
    PlanLimits { requests_per_minute: limit(minute), requests_per_day: limit(day), concurrent_connections: None }
}

/// Several nodes on one database, one key.
struct World {
    limits: PlanLimits,
    now: i64,
    ticks: Ticks,
    nodes: Vec<Counters>,
    database: HashMap<(&'static str, i64), i64>,
    is_away: bool,
    /// The latest that the clock has shown since it was last set back.
    latest: i64,
    /// By the start of the window.
    admitted_by_minute: HashMap<i64, u32>,
    admitted_by_day: HashMap<i64, u32>,
}

impl World {
    fn new(limits: PlanLimits, nodes: usize) -> Self {
        Self {
            limits,
            now: NOON,
            ticks: 0,
            nodes: (0..nodes).map(|_| Counters::new(0)).collect(),
            database: HashMap::new(),
            is_away: false,
            latest: NOON,
            admitted_by_minute: HashMap::new(),
            admitted_by_day: HashMap::new(),
        }
    }

    fn pass(&mut self, milliseconds: u64) {
        self.ticks += milliseconds;
        self.now += i64::try_from(milliseconds / 1000).unwrap();
        self.latest = self.latest.max(self.now);
    }

    /// Sets the clock, and does what the keepers do when it has been set back.
    fn set_clock(&mut self, to: i64) {
        self.now = to;
        if to + LATE_SECONDS >= self.latest {
            self.latest = self.latest.max(to);
            return;
        }
        self.latest = to;
        self.nodes.iter_mut().for_each(|node| node.forget_after(Timestamp::from_unix(to)));
        self.database.retain(|(_, starts_at), _| *starts_at <= to);
        self.admitted_by_minute.retain(|starts_at, _| *starts_at <= to);
        self.admitted_by_day.retain(|starts_at, _| *starts_at <= to);
    }

    fn settle(&mut self, node: usize, orders: Vec<(Kind, Order)>) {
        for (kind, order) in orders {
            let settlement = Settlement {
                client_id: ClientId::from_parts(0, 0),
                kind: kind.as_str(),
                starts_at: order.starts_at,
                correction: order.correction,
                wanted: order.wanted,
                limit: order.limit,
            };
            let answer = (!self.is_away).then(|| {
                let taken = self.database.entry((kind.as_str(), order.starts_at.unix())).or_default();
                let settled = settlement.apply_to(*taken);
                *taken = i64::from(settled.taken);
                settled
            });
            self.nodes[node].settled(kind, order.starts_at, answer, self.ticks);
        }
    }

    /// What the keeper does when it is told.
    fn keep(&mut self, node: usize) {
        let orders: Vec<_> = self.nodes[node].orders(self.ticks).collect();
        self.settle(node, orders);
    }

    /// What the keeper does with a node that asks nothing.
    fn idle(&mut self, node: usize) {
        let orders: Vec<_> = self.nodes[node].give_back(Timestamp::from_unix(self.now)).collect();
        self.settle(node, orders);
    }

    /// A request at a node, with all that it waits for.
    fn request(&mut self, node: usize) -> Decision {
        for _ in 0..20 {
            let now = Timestamp::from_unix(self.now);
            let decision = self.nodes[node].decide(&self.limits, now, self.ticks, self.is_away);
            if decision == Decision::Admitted {
                let (minute, day) = self.nodes[node].windows_began_at();
                *self.admitted_by_minute.entry(minute).or_default() += 1;
                *self.admitted_by_day.entry(day).or_default() += 1;
            }
            if self.nodes[node].enqueue() {
                self.keep(node);
            }
            if decision != Decision::Wait {
                return decision;
            }
        }
        panic!("waits for ever");
    }

    /// How many of `count` requests at a node pass.
    fn requests(&mut self, node: usize, count: u32) -> u32 {
        (0..count).map(|_| u32::from(self.request(node) == Decision::Admitted)).sum()
    }

    fn quotas(&mut self, node: usize) -> [Option<super::Quota>; 2] {
        let limits = self.limits;
        self.nodes[node].quotas(&limits, Timestamp::from_unix(self.now))
    }
}

#[test]
fn tl9_a_lone_node_admits_exactly_the_limit_and_again_in_the_next_minute() {
    for limit in [1, 2, 5, 9, 10, 59, 60, 300, 1_000, 25_000] {
        let mut world = World::new(limits(Some(limit), None), 1);
        let limit = u32::try_from(limit).unwrap();
        for minute in 0..3 {
            assert_eq!(world.requests(0, limit), limit, "minute {minute}");
            assert_eq!(world.quotas(0)[0].unwrap().remaining, 0);
            assert_eq!(world.request(0), Decision::Refused(Kind::Minute));
            world.pass(60_000);
        }
    }
}

#[test]
fn what_remains_is_exact_on_a_lone_node() {
    let mut world = World::new(limits(Some(60), Some(1_000)), 1);
    world.pass(15_000);
    for spent in 1..=60 {
        world.request(0);
        let [minute, day] = world.quotas(0).map(Option::unwrap);
        assert_eq!((minute.limit, minute.remaining, minute.reset_seconds), (60, 60 - spent, 45));
        assert_eq!((day.limit, day.remaining, day.reset_seconds), (1_000, 1_000 - spent, 43_185));
    }
}

#[test]
fn the_day_refuses_for_longer_than_the_minute_and_a_refusal_uses_nothing_up() {
    let mut world = World::new(limits(Some(10), Some(15)), 1);
    assert_eq!(world.requests(0, 50), 10);
    assert_eq!(world.quotas(0)[1].unwrap().remaining, 5);
    world.pass(60_000);
    assert_eq!(world.requests(0, 50), 5);
    assert_eq!(world.request(0), Decision::Refused(Kind::Day));
    world.pass(60_000);
    assert_eq!(world.request(0), Decision::Refused(Kind::Day));
    world.pass(43_200_000);
    assert_eq!(world.requests(0, 50), 10);
}

#[test]
fn two_nodes_together_admit_exactly_the_limit_when_neither_sleeps() {
    let mut world = World::new(limits(Some(300), None), 2);
    let admitted: u32 = (0..400).map(|n| world.requests(n % 2, 1)).sum();
    assert_eq!(admitted, 300);
    assert_eq!(world.request(0), Decision::Refused(Kind::Minute));
    assert_eq!(world.request(1), Decision::Refused(Kind::Minute));
}

#[test]
fn what_an_idle_node_took_is_the_others_to_spend() {
    let mut world = World::new(limits(Some(300), None), 2);
    let first = world.requests(1, 45);
    let second = world.requests(0, 400);
    assert!(first + second < 300, "the idle node holds some");
    world.idle(1);
    world.pass(1_000);
    assert_eq!(first + second + world.requests(0, 400), 300);
}

#[test]
fn a_killed_node_resets_nothing_and_costs_at_most_a_batch() {
    let mut world = World::new(limits(None, Some(1_000)), 1);
    let before = world.requests(0, 400);
    world.nodes[0] = Counters::new(world.ticks);
    let after = world.requests(0, 2_000);
    assert!((900..=1_000).contains(&(before + after)), "{before} and {after}");
}

#[test]
fn without_the_database_a_node_goes_on_up_to_the_limit_and_owns_up_to_it() {
    let mut world = World::new(limits(Some(100), None), 2);
    assert_eq!(world.requests(0, 30), 30);
    world.is_away = true;
    assert_eq!(world.requests(0, 200), 70, "what it knew counts");
    assert_eq!(world.requests(1, 30), 30);
    world.is_away = false;
    world.idle(0);
    world.idle(1);
    assert_eq!(world.database[&("minute", NOON)], 130);
    world.pass(1_000);
    assert_eq!(world.requests(1, 10), 0);
    world.pass(60_000);
    assert_eq!(world.requests(1, 200), 100);
}

#[test]
fn a_higher_limit_counts_at_once_and_a_lower_one_too() {
    let mut world = World::new(limits(Some(10), None), 1);
    assert_eq!(world.requests(0, 20), 10);
    world.limits = limits(Some(15), None);
    assert_eq!(world.requests(0, 20), 5);
    world.limits = limits(Some(3), None);
    assert_eq!(world.requests(0, 20), 0);
    assert_eq!(world.quotas(0)[0].unwrap().remaining, 0);
}

#[test]
fn f14_no_jump_of_the_clock_locks_a_key_for_longer_than_its_window() {
    const YEARS: i64 = 10 * 365 * 86_400;
    for jump in [7_200, -7_200, YEARS, -YEARS, -NOON, i64::from(i32::MAX), 3, -3, -60, -61] {
        let mut world = World::new(limits(Some(10), None), 1);
        // A key that is always at its limit.
        for _ in 0..130 {
            assert_eq!(world.requests(0, 20), 10);
            world.pass(60_000);
        }
        world.set_clock((world.now + jump).max(0));
        for _ in 0..5 {
            let _ = world.requests(0, 20);
            let wait = world.quotas(0)[0].unwrap().reset_seconds;
            assert!(wait <= 65, "{jump}: {wait}");
            world.pass(u64::from(wait) * 1_000);
            assert_eq!(world.request(0), Decision::Admitted, "{jump}");
        }
    }
}

#[test]
fn f14_a_request_that_is_a_little_late_does_not_bring_the_last_minute_back() {
    let mut world = World::new(limits(Some(10), None), 1);
    world.now += 59;
    assert_eq!(world.requests(0, 4), 4);
    world.now += 1;
    assert_eq!(world.requests(0, 4), 4);
    world.now -= 1;
    assert_eq!(world.requests(0, 20), 6);
}

#[test]
fn a_dry_run_tells_once_for_each_window() {
    let mut world = World::new(limits(Some(1), None), 1);
    world.requests(0, 2);
    assert!(world.nodes[0].notice(LimitKind::Minute));
    assert!(!world.nodes[0].notice(LimitKind::Minute));
    assert!(world.nodes[0].notice(LimitKind::Concurrent) && !world.nodes[0].notice(LimitKind::Concurrent));
    world.pass(60_000);
    world.requests(0, 2);
    assert!(world.nodes[0].notice(LimitKind::Minute));
}

#[test]
fn connections_are_counted_until_they_are_dropped() {
    let states = KeyStates::new();
    let state = states.of(ClientId::from_parts(0, 1));
    let open: Vec<_> = (0..3).map(|_| state.connect(3).unwrap()).collect();
    assert!(state.connect(3).is_none());
    assert!(state.connect(4).is_some(), "and that one is over already");
    drop(open);
    state.elsewhere.store(2, std::sync::atomic::Ordering::Relaxed);
    let here = state.connect(3).unwrap();
    assert!(state.connect(3).is_none(), "those of other nodes count too");
    drop(here);
    assert!(state.connect(3).is_some());
}

#[test]
fn memory_of_keys_is_bounded() {
    let states = KeyStates::new();
    let held = states.of(ClientId::from_parts(1, 1));
    for n in 0..400_000 {
        states.of(ClientId::from_parts(0, n));
    }
    assert!(states.len() <= 64 * 4_096, "{}", states.len());
    assert!(Arc::ptr_eq(&held, &states.of(ClientId::from_parts(1, 1))), "what is in use stays");
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Requests { node: usize, count: u32 },
    Pass { milliseconds: u64 },
    Idle { node: usize },
    Kill { node: usize },
    Jump { seconds: i64 },
}

fn steps(jumps: bool) -> impl Strategy<Value = Vec<Step>> {
    let node = 0..3_usize;
    let farthest: i64 = if jumps { 90_000 } else { 1 };
    let step = prop_oneof![
        6 => (node.clone(), 1..40_u32).prop_map(|(node, count)| Step::Requests { node, count }),
        3 => (0..20_000_u64).prop_map(|milliseconds| Step::Pass { milliseconds }),
        2 => node.clone().prop_map(|node| Step::Idle { node }),
        1 => node.prop_map(|node| Step::Kill { node }),
        1 => (-farthest..farthest).prop_map(|seconds| Step::Jump { seconds }),
    ];
    proptest::collection::vec(step, 1..80)
}

proptest! {
    /// However nodes, clock and deaths interleave: no window ever admits more than its limit, and every refusal says
    /// when it ends and is then over.
    #[test]
    fn no_window_admits_more_than_its_limit(
        minute in 1..200_i64, day in 1..2_000_i64, nodes in 1..=3_usize, steps in steps(true),
    ) {
        let mut world = World::new(limits(Some(minute), Some(day)), nodes);
        for step in steps {
            match step {
                Step::Requests { node, count } => drop(world.requests(node % nodes, count)),
                Step::Pass { milliseconds } => world.pass(milliseconds),
                Step::Idle { node } => world.idle(node % nodes),
                Step::Kill { node } => world.nodes[node % nodes] = Counters::new(world.ticks),
                Step::Jump { seconds } => world.set_clock(world.now + seconds),
            }
            prop_assert!(world.admitted_by_minute.values().all(|n| i64::from(*n) <= minute), "{:?}", world.admitted_by_minute);
            prop_assert!(world.admitted_by_day.values().all(|n| i64::from(*n) <= day), "{:?}", world.admitted_by_day);
        }
        if world.request(0) != Decision::Admitted {
            let [_, of_day] = world.quotas(0).map(Option::unwrap);
            world.pass(u64::from(of_day.reset_seconds) * 1_000);
            prop_assert_eq!(world.request(0), Decision::Admitted);
        }
    }

    /// A lone node that is not killed and whose clock runs straight refuses only when the limit is really used up.
    #[test]
    fn a_lone_node_is_never_stingy(minute in 1..200_i64, steps in steps(false)) {
        let mut world = World::new(limits(Some(minute), None), 1);
        for step in steps {
            match step {
                Step::Requests { count, .. } => for _ in 0..count {
                    if world.request(0) != Decision::Admitted {
                        let began_at = world.nodes[0].windows_began_at().0;
                        prop_assert_eq!(i64::from(world.admitted_by_minute[&began_at]), minute);
                    }
                },
                Step::Pass { milliseconds } => world.pass(milliseconds),
                Step::Idle { .. } => world.idle(0),
                Step::Kill { .. } | Step::Jump { .. } => {}
            }
        }
    }
}
