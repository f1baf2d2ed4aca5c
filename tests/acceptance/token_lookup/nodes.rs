//! F10 for single tokens: dead at the node that revoked it when the answer arrives, at the other within a second.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use super::{INTROSPECT, REVOKE};
use crate::support::http::Connection;
use crate::support::token::TokenRequest;
use crate::support::tools::{HONOURED_WITHIN, eventually};
use crate::support::{App, Backend, Key, Server};

const REVOCATIONS: usize = 10_000;
/// Clients of each node that revoke at the same time.
const LANES: usize = 8;
/// Those who look at each node for what the other has revoked; enough that a token seldom waits to be looked at.
const WATCHERS: usize = 3;
/// One token in so many is looked at before it is revoked, too.
const LOOKED_AT_BEFORE: usize = 10;

/// A client that keeps its connection while it has something to say.
struct Client<'a> {
    server: &'a Server,
    connection: Connection,
    used: Instant,
}

/// Sooner than the server closes a connection on which nothing is asked.
const IDLE: Duration = Duration::from_secs(1);

impl<'a> Client<'a> {
    fn of(server: &'a Server) -> Self {
        Self { server, connection: server.connect(), used: Instant::now() }
    }

    /// The body of a `200`.
    #[track_caller]
    fn ok(&mut self, request: &TokenRequest<'_>) -> Vec<u8> {
        if self.used.elapsed() > IDLE {
            self.connection = self.server.connect();
        }
        let response = self.connection.exchange(&request.request()).unwrap();
        self.used = Instant::now();
        assert_eq!(response.status, 200, "{response:?}");
        response.body
    }

    fn token(&mut self, key: &Key) -> String {
        let body = self.ok(&self.server.token(key));
        let answer: serde_json::Value = serde_json::from_slice(&body).unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    fn about(&mut self, path: &'static str, key: &Key, token: &str) -> Vec<u8> {
        let request = TokenRequest::at(self.server, path).basic(&key.client_id, &key.client_secret).param("token", token);
        self.ok(&request)
    }

    fn is_active(&mut self, asker: &Key, token: &str) -> bool {
        let body = self.about(INTROSPECT, asker, token);
        let answer: serde_json::Value = serde_json::from_slice(&body).unwrap();
        answer["active"].as_bool().unwrap()
    }
}

/// A token, and when the answer to its revocation arrived.
type Revoked = (String, Instant);

/// Takes tokens at one node and revokes them there.
fn revoke(here: &Server, there: &Server, keys: [&Key; 2], next: &AtomicUsize, done: &SyncSender<Revoked>) {
    let (mut client, mut other) = (Client::of(here), Client::of(there));
    let [asker, key] = keys;
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= REVOCATIONS {
            return;
        }
        let token = client.token(key);
        if number.is_multiple_of(LOOKED_AT_BEFORE) {
            assert!(client.is_active(asker, &token) && other.is_active(asker, &token), "{number} does not live");
        }
        assert!(client.about(REVOKE, key, &token).is_empty());
        let acknowledged = Instant::now();
        assert!(!client.is_active(asker, &token), "{number} lives at the node that revoked it");
        done.send((token, acknowledged)).unwrap();
    }
}

/// Looks at a node until what the other has revoked is dead there. How long the last one took at most.
fn watch(there: &Server, asker: &Key, revoked: &Mutex<Receiver<Revoked>>) -> Duration {
    let mut client = Client::of(there);
    let mut slowest = Duration::ZERO;
    loop {
        let next = revoked.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((token, acknowledged)) = next else { return slowest };
        while client.is_active(asker, &token) {
            let late = acknowledged.elapsed();
            assert!(late < HONOURED_WITHIN, "lives after {late:?} at {}", there.base_url);
            sleep(Duration::from_millis(5));
        }
        slowest = slowest.max(acknowledged.elapsed());
    }
}

#[test]
fn f10_ten_thousand_revoked_tokens_are_dead_at_once_here_and_within_a_second_at_the_other_node() {
    let app = App::start(Backend::Postgres, &[]);
    let other = app.another_node(&[]);
    let (asker, key) = (&app.introspector(), &app.key_with_grants(&["a"]));
    eventually(HONOURED_WITHIN, "the other node knows the keys", || {
        (other.token(asker).works() && other.token(key).works()).then_some(())
    });
    let (next, started) = (&AtomicUsize::new(0), Instant::now());
    let slowest = scope(|all| {
        let mut watchers = Vec::new();
        for (here, there) in [(&app.server, &other), (&other, &app.server)] {
            let (done, revoked) = sync_channel(WATCHERS);
            for _ in 0..LANES {
                let done = done.clone();
                all.spawn(move || revoke(here, there, [asker, key], next, &done));
            }
            let revoked = Arc::new(Mutex::new(revoked));
            for _ in 0..WATCHERS {
                let revoked = Arc::clone(&revoked);
                watchers.push(all.spawn(move || watch(there, asker, &revoked)));
            }
        }
        let times = watchers.into_iter().map(|watcher| watcher.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        times.max().unwrap()
    });
    println!("{REVOCATIONS} revocations in {:?}; the slowest took {slowest:?} to the other node", started.elapsed());
    assert!(slowest < HONOURED_WITHIN, "{slowest:?}");
    // Each is written down, once, and the log of them is whole.
    assert_eq!(app.site.sql("SELECT count(*) FROM revoked_tokens").trim(), REVOCATIONS.to_string());
    assert_eq!(app.site.sql("SELECT count(*) FROM audit_events WHERE action = 'token.revoked'").trim(), REVOCATIONS.to_string());
    app.cli(&["audit", "verify"]).succeeded();
}
