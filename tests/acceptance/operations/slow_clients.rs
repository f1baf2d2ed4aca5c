//! F17: a body that trickles is cut after about 10 s, a head sooner, and nobody else notices.

use std::time::{Duration, Instant};

use crate::support::http::{Connection, Request};
use crate::support::token::{FORM, basic};
use crate::support::{App, Backend};

/// Sends byte after byte until the server ends it; hands back how long that took and the answer's status, if any.
fn trickle(mut connection: Connection, bytes: &[u8], limit: Duration) -> (Duration, Option<u16>) {
    let start = Instant::now();
    for byte in bytes.iter().cycle() {
        if connection.send(&[*byte]).is_err() {
            break;
        }
        assert!(start.elapsed() < limit, "not cut within {limit:?}");
        if connection.has_answer() {
            break;
        }
        std::thread::sleep(Duration::from_millis(250));
    }
    (start.elapsed(), connection.receive("POST").ok().map(|answer| answer.status))
}

/// It runs by the clock and not by the database, so once is enough.
#[test]
fn f17_slow_bodies_and_slow_heads_are_cut_and_others_are_served_meanwhile() {
    let app = App::start(Backend::Sqlite, &[]);
    let k1 = &app.fixture.k1;
    let head = Request::new("POST", "/connect/token")
        .header("Content-Type", FORM)
        .header("Authorization", basic(&k1.client_id, &k1.client_secret))
        .header("Content-Length", "10000")
        .head_bytes();
    std::thread::scope(|scope| {
        let body = scope.spawn(|| {
            let mut connection = app.connect();
            connection.send(&head).unwrap();
            trickle(connection, b"x=1&", Duration::from_secs(14))
        });
        let slow_head =
            scope.spawn(|| trickle(app.connect(), b"POST /connect/token HTTP/1.1\r\nX-Padding: yyyy", Duration::from_secs(14)));
        let silent = scope.spawn(|| {
            let mut connection = app.connect();
            connection.send(&head).unwrap();
            let start = Instant::now();
            let status = connection.receive("POST").ok().map(|answer| answer.status);
            (start.elapsed(), status)
        });
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(8) {
            let one = Instant::now();
            app.token(k1).accepted();
            assert!(one.elapsed() < Duration::from_secs(1), "others wait: {:?}", one.elapsed());
            std::thread::sleep(Duration::from_millis(100));
        }
        for (what, (took, status)) in [("body", body.join().unwrap()), ("silent body", silent.join().unwrap())] {
            assert!((Duration::from_secs(5)..Duration::from_secs(14)).contains(&took), "{what}: {took:?}");
            assert!(matches!(status, None | Some(400 | 408)), "{what}: {status:?}");
        }
        let (_, status) = slow_head.join().unwrap();
        assert!(matches!(status, None | Some(400 | 408)), "head: {status:?}");
    });
    app.token(k1).accepted();
}

/// The framework watches over the first head of a connection alone.
#[test]
fn f17_a_second_head_that_never_ends_is_cut_too() {
    let app = App::start(Backend::Sqlite, &[]);
    let mut connection = app.connect();
    assert_eq!(connection.exchange(&Request::new("GET", "/livez")).unwrap().status, 200);
    connection.send(b"GET /livez HTTP/1.1\r\nHo").unwrap();
    let start = Instant::now();
    while !connection.is_closed_by_peer() {
        assert!(start.elapsed() < Duration::from_secs(100), "still open");
        std::thread::sleep(Duration::from_millis(500));
    }
    assert!(start.elapsed() > Duration::from_secs(60), "load balancers keep idle connections for 60 s");
}

/// As many at once as the limit are too many for a test; as many in a row must not be.
#[test]
fn f17_many_short_connections_of_one_address_are_served() {
    let app = App::start(Backend::Sqlite, &[]);
    for _ in 0..3_000 {
        let request = Request::new("GET", "/livez").header("Connection", "close");
        assert_eq!(crate::support::http::exchange(app.address(), &request).unwrap().status, 200);
    }
}
