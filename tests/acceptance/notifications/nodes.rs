//! Two nodes on one database share the work.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{LOOPBACK, SOON, manager, webhook_to};
use crate::support::api::small_key;
use crate::support::receiver::{Receiver, Reply};
use crate::support::tools::{eventually, signal};
use crate::support::{App, Backend};

fn times_told(receiver: &Receiver) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for message in receiver.received() {
        *times.entry(message.header("webhook-id").to_owned()).or_default() += 1;
    }
    times
}

#[test]
fn two_nodes_deliver_each_event_once() {
    const EVENTS: usize = 60;
    let app = App::start(Backend::Postgres, &LOOPBACK);
    let other = app.another_node(&LOOPBACK);
    let token = manager(&app);
    let receiver = Receiver::start(Reply::ok(200));
    webhook_to(&app, &token, &receiver);
    for n in 0..EVENTS {
        app.api_create(&token, &small_key(&format!("K{n}")));
    }
    receiver.wait_for(EVENTS, SOON);
    std::thread::sleep(Duration::from_secs(2));
    let times = times_told(&receiver);
    assert_eq!(times.len(), EVENTS);
    assert!(times.values().all(|count| *count == 1), "{times:?}");
    drop(other);
}

#[test]
fn f16_a_node_that_stood_still_does_not_do_again_what_the_other_did() {
    let app = App::start(Backend::Postgres, &LOOPBACK);
    let other = app.another_node(&LOOPBACK);
    let token = manager(&app);
    let receiver = Receiver::start(Reply::ok(200));
    webhook_to(&app, &token, &receiver);
    for round in 1..=3 {
        signal(other.pid(), "STOP");
        for n in 0..10 {
            app.api_create(&token, &small_key(&format!("K{round}-{n}")));
        }
        // What is left by then is what the node held when it stopped: as if its lease had ended.
        std::thread::sleep(Duration::from_secs(4));
        super::sql(&app, "UPDATE deliveries SET next_attempt_at = 1 WHERE lease IS NOT NULL AND next_attempt_at IS NOT NULL");
        eventually(SOON, "the other node does all the work", || (times_told(&receiver).len() == 10 * round).then_some(()));
        signal(other.pid(), "CONT");
        std::thread::sleep(Duration::from_secs(2));
    }
    // An attempt that was under way when the node stopped may have arrived as well; no more than these.
    let twice = times_told(&receiver).values().filter(|count| **count > 1).count();
    assert!(twice <= 4, "{twice} events were delivered again");
}
