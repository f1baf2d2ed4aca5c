//! Two servers on one PostgreSQL share what a plan allows.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::support::rate_limit::{left, room_in_this_minute};
use crate::support::tools::{HONOURED_WITHIN, eventually};
use crate::support::{App, Backend, Server};

/// A tenth of the limit: the most that a node takes at once.
const BATCH: u32 = 30;

#[test]
fn f10_a_plan_of_three_hundred_a_minute_is_that_over_both_nodes_and_both_say_so() {
    let app = App::start(Backend::Postgres, &[]);
    let other = app.another_node(&[]);
    let nodes = [&app.server, &other];
    let key = app.key_on("growth");
    room_in_this_minute(25);
    let admitted = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for lane in 0..4 {
            let (key, admitted) = (&key, &admitted);
            scope.spawn(move || {
                for _ in 0..100 {
                    match nodes[lane % 2].token(key).send().status {
                        200 => drop(admitted.fetch_add(1, Ordering::Relaxed)),
                        status => assert_eq!(status, 429),
                    }
                }
            });
        }
    });
    // What a node gave back a moment ago is there for the other.
    let mut quiet = 0;
    while quiet < 3 {
        std::thread::sleep(Duration::from_millis(1_100));
        let more = nodes.iter().filter(|node| node.token(&key).send().status == 200).count();
        admitted.fetch_add(u32::try_from(more).unwrap(), Ordering::Relaxed);
        quiet = if more == 0 { quiet + 1 } else { 0 };
    }
    let admitted = admitted.into_inner();
    assert!(admitted <= 300 + BATCH, "{admitted} were admitted");
    assert!(admitted >= 300 - BATCH, "{admitted} were admitted");
    for node in nodes {
        let answer = node.token(&key).refused(429, "temporarily_unavailable");
        assert_eq!(left(&answer, "minute").0, 0, "at {}", node.base_url);
    }
}

#[test]
fn f10_a_node_alone_may_spend_what_the_other_does_not() {
    let app = App::start(Backend::Postgres, &[]);
    let other = app.another_node(&[]);
    app.plan("hundred", &["--requests-per-day", "100"]);
    let key = app.key_on("hundred");
    let spend = |node: &Server, count: u32| (0..count).filter(|_| node.token(&key).send().status == 200).count();
    let first = spend(&other, 17);
    assert_eq!(first, 17);
    let mut second = spend(&app, 100);
    eventually(Duration::from_secs(10), "the rest", || {
        second += spend(&app, 1);
        (first + second == 100).then_some(())
    });
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(spend(&app, 3) + spend(&other, 3), 0);
}

#[test]
fn f10_a_plans_change_is_followed_by_both_nodes_within_a_second() {
    let app = App::start(Backend::Postgres, &[]);
    let other = app.another_node(&[]);
    app.plan("mine", &["--requests-per-minute", "1000"]);
    let key = app.key_on("mine");
    let policy = |node: &Server| node.token(&key).send().header("ratelimit-policy").map(str::to_owned);
    for (limit, shown) in [("2000", "\"minute\";q=2000;w=60"), ("3000", "\"minute\";q=3000;w=60")] {
        app.json(&["plans", "edit", "mine", "--requests-per-minute", limit]);
        let honoured = || [&app.server, &other].iter().all(|node| policy(node).as_deref() == Some(shown)).then_some(());
        eventually(HONOURED_WITHIN, "the new limit at both", honoured);
    }
    app.json(&["organizations", "edit", &app.fixture.organization, "--plan", "growth"]);
    eventually(HONOURED_WITHIN, "the organization's plan at both", || {
        let named = |node: &&Server| node.token(&app.fixture.k1).send().header("ratelimit-policy").is_some();
        [&app.server, &other].iter().all(named).then_some(())
    });
}
