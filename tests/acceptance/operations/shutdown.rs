//! F15: SIGTERM finishes what was accepted and is done within 5 s, whatever else hangs on.

use std::time::{Duration, Instant};

use crate::support::http::{Connection, Request};
use crate::support::token::{FORM, accepted, basic};
use crate::support::tools::{eventually, signal};
use crate::support::{App, on_both};

const STOPPED_WITHIN: Duration = Duration::from_secs(5);

/// A token request whose body is announced and does not come.
fn unfinished(app: &App) -> (Connection, Vec<u8>) {
    let k1 = &app.fixture.k1;
    let body = b"grant_type=client_credentials";
    let head = Request::new("POST", "/connect/token")
        .header("Content-Type", FORM)
        .header("Authorization", basic(&k1.client_id, &k1.client_secret))
        .header("Content-Length", body.len().to_string())
        .head_bytes();
    let mut connection = app.connect();
    connection.send(&head).unwrap();
    connection.send(&body[..5]).unwrap();
    (connection, body[5..].to_vec())
}

on_both!(f15_an_idle_server_stops_at_once, |app| {
    let _idle: Vec<Connection> = (0..20).map(|_| app.connect()).collect();
    let mut used = app.connect();
    accepted(&used.exchange(&app.token(&app.fixture.k1).request()).unwrap());
    let (status, took) = app.terminate();
    assert!(status.success(), "{status}");
    assert!(took < STOPPED_WITHIN, "{took:?}");
    assert!(!app.log().contains("panicked"), "{}", app.log());
});

on_both!(f15_a_hundred_slow_bodies_do_not_hold_up_the_stop_nor_cut_a_good_request, |app| {
    let slow: Vec<_> = (0..100).map(|_| unfinished(app)).collect();
    let (mut good, rest) = unfinished(app);
    // The server has read all the heads once it answers a request that came after them.
    app.token(&app.fixture.k1).accepted();
    let start = Instant::now();
    signal(app.pid(), "TERM");
    std::thread::sleep(Duration::from_millis(100));
    // Accepted before the signal, finished after it.
    good.send(&rest).unwrap();
    accepted(&good.receive("POST").unwrap());
    eventually(STOPPED_WITHIN, "the server stops", || app.has_exited().then_some(()));
    assert!(start.elapsed() < STOPPED_WITHIN, "{:?}", start.elapsed());
    drop(slow);
});

on_both!(f15_requests_in_flight_are_all_answered, |app| {
    let cut = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut answered = 0;
                    // Until the listener is gone: a refused connection is no lost request, a lost answer is.
                    loop {
                        let Ok(mut connection) = Connection::open(app.address()) else { return (answered, None) };
                        let request = app.token(&app.fixture.k1).request().header("Connection", "close");
                        match connection.exchange(&request) {
                            Ok(answer) => {
                                accepted(&answer);
                                answered += 1;
                            }
                            Err(e) => return (answered, Some(e)),
                        }
                    }
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(300));
        signal(app.pid(), "TERM");
        workers.into_iter().map(|worker| worker.join().unwrap()).collect::<Vec<_>>()
    });
    eventually(STOPPED_WITHIN, "the server stops", || app.has_exited().then_some(()));
    for (answered, failure) in cut {
        assert!(answered > 0, "the test itself did nothing");
        // The kernel may have taken a connection that the server never saw.
        assert!(failure.is_none_or(|e| e.kind() == std::io::ErrorKind::ConnectionReset), "an accepted request was cut");
    }
});

on_both!(f15_ready_turns_to_no_before_the_end_and_a_second_signal_is_harmless, |app| {
    let (mut good, rest) = unfinished(app);
    app.token(&app.fixture.k1).accepted();
    let mut open = app.connect();
    assert_eq!(open.exchange(&Request::new("GET", "/readyz")).unwrap().status, 200);
    signal(app.pid(), "TERM");
    signal(app.pid(), "TERM");
    // On a connection that is still open: either told that it is not ready any more, or closed.
    eventually(Duration::from_secs(2), "not ready any more", || match open.exchange(&Request::new("GET", "/readyz")) {
        Ok(answer) => (answer.status == 503).then_some(()),
        Err(_) => Some(()),
    });
    good.send(&rest).unwrap();
    accepted(&good.receive("POST").unwrap());
    eventually(STOPPED_WITHIN, "the server stops", || app.has_exited().then_some(()));
});

on_both!(f15_an_interrupt_stops_it_too, |app| {
    signal(app.pid(), "INT");
    eventually(STOPPED_WITHIN, "the server stops", || app.has_exited().then_some(()));
});
