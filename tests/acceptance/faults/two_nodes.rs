//! F10: two servers on one PostgreSQL. A key that is disabled, regenerated, stripped of a scope or deleted is refused
//! by both within a second of the acknowledgement, and stays refused.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::tools::{HONOURED_WITHIN, eventually, fresh_address, random_hex};
use crate::support::{App, Backend, Key, Server};

const FLIPS: usize = 1_000;
/// Keys that are flipped at the same time. More would only make the machine, not the server, late.
const LANES: usize = 5;
const TRUST: [&str; 2] = ["--trusted-proxies", "127.0.0.0/8"];

/// Whether that node gives the key a token with `b`.
fn works(node: &Server, key: &Key) -> bool {
    let answer = node.token(key).scope("b").from(&fresh_address()).send();
    assert!(matches!(answer.status, 200 | 400 | 401), "{answer:?}");
    answer.status == 200
}

/// From the acknowledgement on, each node has a second. Hands back how long the later one took.
#[track_caller]
fn refused_by_both(nodes: [&Server; 2], key: &Key, acknowledged: Instant, what: &str) -> Duration {
    for node in nodes {
        while works(node, key) {
            let late = acknowledged.elapsed();
            assert!(late < HONOURED_WITHIN, "stale after {late:?}: {what} at {}", node.base_url);
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    let took = acknowledged.elapsed();
    // It never flips back.
    for node in nodes {
        assert!(!works(node, key), "{what} was forgotten at {}", node.base_url);
    }
    took
}

#[track_caller]
fn accepted_by_both(nodes: [&Server; 2], key: &Key) {
    for node in nodes {
        eventually(HONOURED_WITHIN, "both nodes accept the key", || works(node, key).then_some(()));
    }
}

/// One flip, from a key that works at both nodes to one that does again; the last value is the key's new secret.
fn flip(app: &App, nodes: [&Server; 2], kind: usize, key: Key) -> (Key, Duration) {
    let action = |action: &str, args: &[&str]| {
        let json = app.key_command(action, &key, args);
        (json, Instant::now())
    };
    match kind % 4 {
        0 => {
            let (_, at) = action("disable", &[]);
            let took = refused_by_both(nodes, &key, at, "disabled");
            action("enable", &[]);
            accepted_by_both(nodes, &key);
            (key, took)
        }
        1 => {
            let (_, at) = action("edit", &["--grant", "a"]);
            let took = refused_by_both(nodes, &key, at, "stripped of a scope");
            action("edit", &["--grant", "a b"]);
            accepted_by_both(nodes, &key);
            (key, took)
        }
        _ => {
            let (json, at) = action("regenerate", &[]);
            let took = refused_by_both(nodes, &key, at, "regenerated");
            let new = Key::from_json(json);
            accepted_by_both(nodes, &new);
            assert!(!works(nodes[0], &key) && !works(nodes[1], &key), "the old secret came back");
            (new, took)
        }
    }
}

#[test]
fn f10_a_thousand_flips_are_honoured_by_both_nodes_within_a_second() {
    let app = App::start(Backend::Postgres, &TRUST);
    let other = app.another_node(&TRUST);
    let nodes = [&app.server, &other];
    let next = AtomicUsize::new(0);
    let slowest = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES)
            .map(|_| {
                scope.spawn(|| {
                    let mut key = app.key_with_grants(&["a b"]);
                    let mut slowest = Duration::ZERO;
                    accepted_by_both(nodes, &key);
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= FLIPS {
                            return slowest;
                        }
                        let (new, took) = flip(&app, nodes, number, key);
                        (key, slowest) = (new, slowest.max(took));
                    }
                })
            })
            .collect();
        let times = lanes.into_iter().map(|lane| lane.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        times.max().unwrap()
    });
    assert!(slowest < HONOURED_WITHIN, "{slowest:?}");
}

#[test]
fn f10_deletion_allowlist_expiry_and_the_catalogue_reach_both_nodes() {
    let app = App::start(Backend::Postgres, &TRUST);
    let other = app.another_node(&TRUST);
    let nodes = [&app.server, &other];
    let deleted = app.key_with_grants(&["b"]);
    let confined = app.key_with_grants(&["b"]);
    let expired = app.key_with_grants(&["b"]);
    for key in [&deleted, &confined, &expired] {
        accepted_by_both(nodes, key);
    }
    app.key_action("delete", &deleted, &[]);
    refused_by_both(nodes, &deleted, Instant::now(), "deleted");
    app.key_action("edit", &confined, &["--ip-allow", "203.0.113.7"]);
    refused_by_both(nodes, &confined, Instant::now(), "confined");
    let soon = time::OffsetDateTime::now_utc() + Duration::from_secs(2);
    let soon = soon.format(&time::format_description::well_known::Rfc3339).unwrap();
    app.key_action("edit", &expired, &["--expires-at", &soon]);
    for node in nodes {
        eventually(Duration::from_secs(4), "the key expires", || (!works(node, &expired)).then_some(()));
    }
    app.create(&["scopes", "create", "new:read", "--resource-server", crate::support::PAYMENTS]);
    let new = app.key_with_grants(&["new:read"]);
    for node in nodes {
        eventually(HONOURED_WITHIN, "the new scope", || node.token(&new).works().then_some(()));
    }
}

#[test]
fn f10_both_nodes_sign_with_the_same_keys_through_a_rotation() {
    use crate::support::jwt::{published_kids, verify};
    let flags = ["--jwks-max-age", "1"];
    let app = App::start(Backend::Postgres, &flags);
    let other = app.another_node(&flags);
    let nodes = [&app.server, &other];
    let both = |node: &Server| {
        let accepted = node.token(&app.fixture.k1).accepted();
        // A token of either verifies with the keys of each.
        nodes.iter().for_each(|publisher| verify(publisher, &accepted.token));
        accepted.kid().to_owned()
    };
    assert_eq!(both(nodes[0]), both(nodes[1]));
    let rotated = app.cli_with(&["signing-keys", "rotate", "--json"], "", &[("CLAVIGER_JWKS_MAX_AGE", "1")]).succeeded().json();
    let new = rotated["kid"].as_str().unwrap();
    eventually(Duration::from_secs(15), "both sign with the new key", || {
        nodes.iter().all(|node| both(node) == new).then_some(())
    });
    app.json(&["signing-keys", "rotate", "--now"]);
    let kids = eventually(HONOURED_WITHIN, "one key at both", || {
        let [first, second] = nodes.map(published_kids);
        (first.len() == 1 && first == second).then_some(first)
    });
    assert_eq!([both(nodes[0]), both(nodes[1])], [kids[0].clone(), kids[0].clone()]);
}

/// Several servers that meet an empty database at the same moment agree on one set of keys.
#[test]
fn f10_nodes_that_start_together_agree_on_the_first_key() {
    use crate::support::{Options, Site};
    let site = Site::empty(Backend::Postgres);
    // The master key is the operator's to share.
    let options = Options { environment: vec![("CLAVIGER_MASTER_KEY".into(), random_hex())], ..Options::default() };
    let servers: Vec<Server> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..4).map(|_| scope.spawn(|| Server::start(&site, options.clone()))).collect();
        starts.into_iter().map(|start| start.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    let kids: Vec<Vec<String>> = eventually(HONOURED_WITHIN, "the same keys everywhere", || {
        let kids: Vec<Vec<String>> = servers.iter().map(crate::support::jwt::published_kids).collect();
        kids.windows(2).all(|pair| pair[0] == pair[1]).then_some(kids)
    });
    assert!(!kids[0].is_empty());
}
