//! Concurrent connections: a request counts while it is in progress. Requests are held in progress by a lock on the table
//! that they must look something up in, so these run on PostgreSQL.

use std::time::{Duration, Instant};

use crate::support::rate_limit::items;
use crate::support::tools::eventually;
use crate::support::{App, Backend, Key, Server};

/// An account's id of good form: looked up in the database each time, because there is no such account.
fn unknown_account(number: usize) -> String {
    format!("acct_01arz3ndektsv4rrffq6{number:06}")
}

/// Runs `work` while look-ups of accounts hang.
fn while_accounts_are_locked<T>(app: &App, work: impl FnOnce() -> T) -> T {
    std::thread::scope(|scope| {
        let lock = "BEGIN; LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(2.5); COMMIT";
        let locking = scope.spawn(|| app.site.sql(lock));
        // Databases copied from one template share the numbers of their tables.
        let held = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'accounts'::regclass AND granted \
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        eventually(Duration::from_secs(2), "the lock", || (app.site.sql(held).trim() == "1").then_some(()));
        let outcome = work();
        locking.join().unwrap();
        outcome
    })
}

fn key_with_connections(app: &App, limit: &str) -> Key {
    app.plan("narrow", &["--concurrent-connections", limit]);
    app.create_key(&["--grant", "*=disputes:read", "--plan", "narrow"])
}

#[test]
fn a_connection_counts_while_its_request_is_in_progress() {
    let app = App::start(Backend::Postgres, &[]);
    let key = key_with_connections(&app, "3");
    let account = app.fixture.account_1.as_str();
    app.token(&key).account(account).accepted();
    while_accounts_are_locked(&app, || {
        std::thread::scope(|scope| {
            let ask = |number| {
                let (app, key) = (&app, &key);
                scope.spawn(move || app.token(key).account(&unknown_account(number)).send())
            };
            let held: Vec<_> = (0..3).map(ask).collect();
            std::thread::sleep(Duration::from_millis(250));
            let asked = Instant::now();
            let answer = app.token(&key).account(account).refused(429, "temporarily_unavailable");
            assert!(asked.elapsed() < Duration::from_millis(500), "refused at once");
            assert_eq!(answer.header("retry-after"), Some("1"));
            assert_eq!(items(&answer, "ratelimit")["concurrent"]["r"], "0");
            // Other keys have their own.
            app.token(&app.fixture.k1).accepted();
            for answer in held.into_iter().map(|held| held.join().unwrap()) {
                assert_eq!(answer.status, 503, "{answer:?}");
            }
        });
    });
    let answer = app.token(&key).account(account).send();
    assert_eq!((answer.status, items(&answer, "ratelimit")["concurrent"]["r"].as_str()), (200, "2"));
}

#[test]
fn a_connection_ends_when_its_client_goes_away() {
    let app = App::start(Backend::Postgres, &[]);
    let key = key_with_connections(&app, "1");
    let account = app.fixture.account_1.as_str();
    app.token(&key).account(account).accepted();
    while_accounts_are_locked(&app, || {
        let mut connections = Vec::new();
        // A look-up hangs for less than a second, which a busy machine may sleep through.
        eventually(Duration::from_secs(2), "it is in progress", || {
            let mut connection = app.connect();
            connection.send(&app.token(&key).account(&unknown_account(connections.len())).request().to_bytes()).unwrap();
            connections.push(connection);
            (app.token(&key).account(account).send().status == 429).then_some(())
        });
        drop(connections);
        eventually(Duration::from_secs(2), "it is over", || {
            (app.token(&key).account(account).send().status == 200).then_some(())
        });
    });
}

#[test]
fn f10_connections_of_the_other_node_count_after_a_heartbeat_and_a_dead_nodes_are_forgotten() {
    let app = App::start(Backend::Postgres, &[]);
    let other = app.another_node(&[]);
    let key = key_with_connections(&app, "3");
    let account = app.fixture.account_1.as_str();
    let status = |node: &Server| node.token(&key).account(account).send().status;
    assert_eq!((status(&app), status(&other)), (200, 200));
    // As a node that died a moment after its heartbeat left them.
    let insert =
        format!("INSERT INTO rate_connections VALUES ('dead', '{}', 3, extract(epoch FROM now())::bigint + 4)", key.client_id);
    app.site.sql(&insert);
    for node in [&app.server, &other] {
        eventually(Duration::from_secs(3), "they count", || (status(node) == 429).then_some(()));
    }
    for node in [&app.server, &other] {
        eventually(Duration::from_secs(8), "they are forgotten", || (status(node) == 200).then_some(()));
    }
    // A clock that was ten years ahead must not lock the key for ten years.
    app.site.sql(&insert.replace("'dead'", "'ahead'").replace("+ 4", "+ 315360000"));
    std::thread::sleep(Duration::from_millis(2_500));
    assert_eq!((status(&app), status(&other)), (200, 200));
}
