//! F6 and the other half of TL9: PostgreSQL goes away and comes back. Keys in memory go on, the rest is told to wait.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::postgres::Cluster;
use crate::support::token::refused;
use crate::support::tools::eventually;
use crate::support::{App, Output, Site};

/// Longer than the second that an answer may take, for the machine is shared.
const SOON: Duration = Duration::from_millis(1_500);

fn start(flags: &[&str]) -> (Arc<Cluster>, App) {
    let cluster = Arc::new(Cluster::new());
    let app = App::start_in(Site::in_cluster(Arc::clone(&cluster)), flags);
    // The fixture was made beside the running server: until the feed has told of it, memory forgets it once more.
    std::thread::sleep(Duration::from_millis(600));
    (cluster, app)
}

#[test]
fn tl9_f6_without_its_database_the_server_goes_on_with_what_it_knows() {
    let (cluster, app) = start(&[]);
    let (k1, unseen) = (&app.fixture.k1, app.key_with_grants(&["a"]));
    app.token(k1).accepted();
    cluster.stop();
    let down = Instant::now();
    let timed = |what: &str, request: &dyn Fn()| {
        let start = Instant::now();
        request();
        assert!(start.elapsed() < SOON, "{what} took {:?}", start.elapsed());
    };
    for _ in 0..3 {
        timed("a known key", &|| {
            app.token(k1).accepted();
        });
        timed("a key that nobody asked for yet", &|| {
            app.token(&unseen).refused(503, "temporarily_unavailable");
        });
        timed("an id that never was", &|| {
            app.anonymous().basic("key_01arz3ndektsv4rrffq69g5fat", "x").refused(503, "temporarily_unavailable");
        });
        timed("a broken request", &|| {
            app.token(k1).scope("zzz").refused(400, "invalid_scope");
            app.token(&k1.with_wrong_secret()).unauthorized();
        });
        timed("jk2 the documents", &|| {
            for path in ["/livez", "/.well-known/jwks.json", "/.well-known/oauth-authorization-server"] {
                assert_eq!(app.get(path).status, 200, "{path}");
            }
        });
    }
    eventually(Duration::from_secs(5), "ready says no", || (app.get("/readyz").status == 503).then_some(()));
    assert!(down.elapsed() < Duration::from_secs(50), "the test itself is too slow for the server's memory");
    app.token(k1).accepted();
    let output = app.cli(&["keys", "list", "--organization", &app.fixture.organization]);
    assert!(matches!(output.code, Some(1)), "{output:?}");

    cluster.start();
    let back = Instant::now();
    eventually(Duration::from_secs(10), "the other key works again", || {
        let answer = app.token(&unseen).send();
        match answer.status {
            200 => Some(()),
            _ => {
                refused(&answer, 503, "temporarily_unavailable");
                None
            }
        }
    });
    eventually(Duration::from_secs(5), "ready says yes", || (app.get("/readyz").status == 200).then_some(()));
    assert!(back.elapsed() < Duration::from_secs(10));
    // Changes are honoured again, too.
    app.key_action("disable", &unseen, &[]);
    eventually(Duration::from_secs(2), "the change", || (!app.token(&unseen).works()).then_some(()));
    assert!(!app.log().contains("panicked"), "{}", app.log());
}

#[test]
fn tl9_f6_memory_that_is_too_old_is_not_trusted() {
    let (cluster, app) = start(&["--max-staleness-seconds", "2"]);
    let k1 = &app.fixture.k1;
    app.token(k1).accepted();
    cluster.stop();
    let down = Instant::now();
    eventually(Duration::from_secs(6), "memory is too old", || {
        let answer = app.token(k1).send();
        match answer.status {
            200 => None,
            _ => {
                refused(&answer, 503, "temporarily_unavailable");
                Some(())
            }
        }
    });
    assert!(down.elapsed() > Duration::from_secs(1), "given up after {:?}", down.elapsed());
    for path in ["/livez", "/.well-known/jwks.json"] {
        assert_eq!(app.get(path).status, 200, "{path}");
    }
    cluster.start();
    eventually(Duration::from_secs(10), "it comes back by itself", || (app.token(k1).send().status == 200).then_some(()));
}

#[test]
fn f6_five_outages_leave_no_scar() {
    let (cluster, app) = start(&[]);
    let k1 = &app.fixture.k1;
    app.token(k1).accepted();
    for _ in 0..5 {
        cluster.stop();
        for _ in 0..20 {
            let unknown = format!("key_01arz3ndektsv4rrffq6{:06}", crate::support::tools::random_below(1_000_000));
            app.anonymous().basic(&unknown, "x").refused(503, "temporarily_unavailable");
            app.token(k1).accepted();
        }
        cluster.start();
        let key = eventually(Duration::from_secs(20), "the database is back", || {
            let args = ["keys", "create", "--organization", &app.fixture.organization, "--name", "N", "--grant", "a", "--json"];
            let output: Output = app.cli(&args);
            (output.code == Some(0)).then(|| crate::support::Key::from_json(output.json()))
        });
        eventually(Duration::from_secs(10), "a new key is read", || (app.token(&key).send().status == 200).then_some(()));
        // The feed has been read since, so that the next outage begins with a fresh memory.
        eventually(Duration::from_secs(10), "ready says yes", || (app.get("/readyz").status == 200).then_some(()));
    }
    // The pool is whole: many unknown ids at once are all looked up.
    std::thread::scope(|scope| {
        for lane in 0..8 {
            let app = &app;
            scope.spawn(move || {
                for n in 0..10 {
                    app.anonymous().basic(&format!("key_01arz3ndektsv4rrffq8{lane}{n:05}"), "x").unauthorized();
                }
            });
        }
    });
}

/// A start while the database is away fails or waits, but serves nothing wrong.
#[test]
fn f6_a_start_without_the_database_is_no_start() {
    let (cluster, app) = start(&[]);
    app.terminate();
    cluster.stop();
    let mut command = app.site.command();
    command.args(["serve", "--listen", &format!("127.0.0.1:{}", crate::support::tools::free_port())]);
    Output::of(&mut command, "").failed_with(1).in_one_line();
    cluster.start();
    app.restart();
    app.token(&app.fixture.k1).accepted();
}
