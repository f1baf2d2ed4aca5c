//! The first use of an imported secret: at the same time, on two nodes, and while somebody guesses.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::{BCRYPT_10, BCRYPT_12, HYDRA, SECRET, SHA_256, ask, foreign_hashes, import_one};
use crate::support::token::refused;
use crate::support::tools::{HONOURED_WITHIN, eventually, fresh_address};
use crate::support::{App, Backend, Key, on_both};

const TRUST: [&str; 2] = ["--trusted-proxies", "127.0.0.0/8"];
const WRITTEN_WITHIN: Duration = Duration::from_secs(7);

on_both!(first_uses_at_the_same_time_all_succeed, |app| {
    let client_id = import_one(app, "parallel", HYDRA, &json!({}));
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| ask(app, &client_id, SECRET).accepted());
        }
    });
    eventually(WRITTEN_WITHIN, "our digest takes the hash's place", || (foreign_hashes(app) == 0).then_some(()));
    ask(app, &client_id, SECRET).accepted();
});

/// Two nodes on one database of either kind.
fn two_nodes(backend: Backend) {
    let app = App::start(backend, &[]);
    let other = app.another_node(&[]);
    let client_id = import_one(&app, "old name", BCRYPT_10, &json!({}));
    for node in [&app.server, &other] {
        eventually(HONOURED_WITHIN, "the old name is known", || ask(node, "old name", SECRET).works().then_some(()));
    }
    // Each has seen the secret, and each writes.
    eventually(WRITTEN_WITHIN, "our digest takes the hash's place", || (foreign_hashes(&app) == 0).then_some(()));
    let digest = || app.site.sql(&format!("select digest from api_secrets where client_id = '{client_id}'"));
    let written = digest();
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(digest(), written);
    for node in [&app.server, &other] {
        ask(node, "old name", SECRET).accepted();
        ask(node, &client_id, SECRET).accepted();
        ask(node, "old name", "wrong").unauthorized();
    }
    let fresh = Key::from_json(app.json(&["keys", "regenerate", &client_id]));
    for node in [&app.server, &other] {
        eventually(HONOURED_WITHIN, "the old secret dies", || (!ask(node, "old name", SECRET).works()).then_some(()));
        ask(node, "old name", &fresh.client_secret).accepted();
    }
}

#[test]
fn f10_two_nodes_replace_the_hash_once_on_postgres() {
    two_nodes(Backend::Postgres);
}

#[test]
fn f25_two_nodes_replace_the_hash_once_on_sqlite() {
    two_nodes(Backend::Sqlite);
}

on_both!(a_secret_that_is_regenerated_before_its_first_use_is_never_written, |app| {
    let client_id = import_one(app, "regenerated", BCRYPT_10, &json!({}));
    ask(app, &client_id, SECRET).accepted();
    // The digest of the old one waits in memory now.
    let fresh = Key::from_json(app.json(&["keys", "regenerate", &client_id]));
    eventually(HONOURED_WITHIN, "the old secret dies", || (!ask(app, &client_id, SECRET).works()).then_some(()));
    std::thread::sleep(Duration::from_secs(3));
    ask(app, &client_id, SECRET).unauthorized();
    app.token(&fresh).accepted();
    assert_eq!(foreign_hashes(app), 0);
});

on_both!(f6_a_secret_that_was_seen_works_on_while_nothing_can_be_written, |app| {
    let client_id = import_one(app, "stuck", BCRYPT_12, &json!({}));
    let refuse = match app.site.backend {
        Backend::Sqlite => "create trigger stuck before update of digest on api_secrets begin select raise(abort, 'no'); end",
        Backend::Postgres => {
            "create function no() returns trigger language plpgsql as 'begin raise exception ''no''; end';
             create trigger stuck before update of digest on api_secrets execute function no()"
        }
    };
    app.site.sql(refuse);
    let start = Instant::now();
    ask(app, &client_id, SECRET).accepted();
    let first = start.elapsed();
    eventually(WRITTEN_WITHIN, "the fault is in the log", || app.log().contains("maintenance failed").then_some(()));
    // bcrypt is computed no more.
    let start = Instant::now();
    (0..10).for_each(|_| drop(ask(app, &client_id, SECRET).accepted()));
    assert!(start.elapsed() < first * 5, "ten took {:?}, the first {first:?}", start.elapsed());
    assert_eq!(foreign_hashes(app), 1);
    app.site.sql(if app.site.backend == Backend::Sqlite { "drop trigger stuck" } else { "drop trigger stuck on api_secrets" });
    eventually(WRITTEN_WITHIN, "it is written later", || (foreign_hashes(app) == 0).then_some(()));
    ask(app, &client_id, SECRET).accepted();
});

on_both!(f13_a_damaged_foreign_hash_is_refused_and_reported, |app| {
    let client_id = import_one(app, "damaged", BCRYPT_10, &json!({}));
    let nonsense = if app.site.backend == Backend::Sqlite { "x'0102'" } else { "'\\x0102'" };
    app.site.sql(&format!("update api_secrets set foreign_hash = {nonsense} where client_id = '{client_id}'"));
    ask(app, &client_id, SECRET).unauthorized();
    ask(app, &client_id, "").unauthorized();
    assert!(app.log().contains("foreign hash of a secret is damaged"), "{}", app.log());
    assert!(!app.log().contains("panicked"));
    app.token(&app.fixture.k1).accepted();
});

on_both!(ca13_guessing_at_an_imported_key_stops_at_the_same_limit, [TRUST[0], TRUST[1]], |app| {
    let client_id = import_one(app, "guessed", SHA_256, &json!({}));
    let mut answered = 0;
    while ask(app, &client_id, "wrong").from("203.0.113.7").send().status == 401 {
        answered += 1;
        assert!(answered < 200, "nothing stops the guessing");
    }
    assert!(answered >= 100, "{answered}");
    ask(app, &client_id, SECRET).from("203.0.113.7").refused(429, "temporarily_unavailable");
    ask(app, &client_id, SECRET).from("203.0.113.8").accepted();
});

/// Once is enough: what is defended here is the processor.
#[test]
fn f18_a_flood_of_guesses_at_a_slow_hash_does_not_reach_other_keys() {
    let app = App::start(Backend::Sqlite, &TRUST);
    let client_id = import_one(&app, "slow", BCRYPT_12, &json!({}));
    let (stop, refused_401, refused_503) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let answer = ask(&app, &client_id, "wrong").from(&fresh_address()).send();
                    match answer.status {
                        401 => refused_401.fetch_add(1, Ordering::Relaxed),
                        _ => {
                            refused(&answer, 503, "temporarily_unavailable");
                            refused_503.fetch_add(1, Ordering::Relaxed)
                        }
                    };
                }
            });
        }
        std::thread::sleep(Duration::from_millis(500));
        let mut times: Vec<Duration> = (0..51)
            .map(|_| {
                let start = Instant::now();
                app.token(&app.fixture.k1).from(&fresh_address()).accepted();
                start.elapsed()
            })
            .collect();
        stop.store(true, Ordering::Relaxed);
        times.sort_unstable();
        // Forty guesses at a time would take ten seconds of a core. The middle one: other tests want the cores too.
        assert!(times[25] < Duration::from_secs(1), "{times:?}");
    });
    assert!(refused_401.load(Ordering::Relaxed) > 0 && refused_503.load(Ordering::Relaxed) > 0);
    eventually(Duration::from_secs(10), "the right secret gets its turn", || {
        ask(&app, &client_id, SECRET).send().status.eq(&200).then_some(())
    });
}
