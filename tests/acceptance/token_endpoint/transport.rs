//! TL1 to TL8: methods, framing, content types, sizes, headers. TL9 is in `faults/database_down` (503) and
//! `brute_force` (429), TL10 in `operations/tls`.

use crate::support::http::{Connection, Request};
use crate::support::site::bare_command;
use crate::support::token::{FORM, accepted, assert_envelope, basic, refused};
use crate::support::tools::eventually;
use crate::support::{App, Backend, Options, Output, Site, on_both};
use std::time::{Duration, Instant};

on_both!(tl1_every_method_but_post_is_405, |app| {
    for method in ["GET", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "PROPFIND"] {
        for query in ["", "?grant_type=client_credentials"] {
            app.token(&app.fixture.k1).method(method).query(query).refused(405, "invalid_request");
        }
        app.anonymous().method(method).refused(405, "invalid_request");
    }
    let head = app.token(&app.fixture.k1).method("HEAD").send();
    assert_eq!((head.status, head.header("allow"), head.body.len()), (405, Some("POST"), 0), "{head:?}");
    assert_envelope(&head);
});

on_both!(tl3_a_request_framed_in_two_ways_is_refused_and_the_connection_closed, |app| {
    let body = "grant_type=client_credentials";
    let head = |framing: &str| {
        format!(
            "POST /connect/token HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nContent-Type: {FORM}\r\n{framing}\r\n\r\n",
            basic(&app.fixture.k1.client_id, &app.fixture.k1.client_secret)
        )
    };
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    for (framing, body) in [
        (format!("Content-Length: {}\r\nTransfer-Encoding: chunked", body.len()), chunked.as_str()),
        (format!("Transfer-Encoding: chunked\r\nContent-Length: {}", body.len()), chunked.as_str()),
        (format!("Content-Length: {}\r\nContent-Length: {}", body.len(), body.len() + 1), body),
        ("Content-Length: 29, 30".to_owned(), body),
        ("Content-Length: -1".to_owned(), body),
        ("Content-Length: +29".to_owned(), body),
        ("Transfer-Encoding: chunked, identity".to_owned(), chunked.as_str()),
    ] {
        let mut connection = app.connect();
        connection.send(format!("{}{body}", head(&framing)).as_bytes()).unwrap();
        let answer = connection.receive("POST").unwrap();
        assert_eq!(answer.status, 400, "{framing:?}: {answer:?}");
        assert!(!answer.text().contains("access_token"), "{framing:?}");
        assert!(connection.is_closed_by_peer(), "{framing:?}: the connection stays open");
    }
    // The same body framed once, either way, is fine.
    for (framing, body) in
        [(format!("Content-Length: {}", body.len()), body), ("Transfer-Encoding: chunked".to_owned(), &chunked)]
    {
        let mut connection = app.connect();
        connection.send(format!("{}{body}", head(&framing)).as_bytes()).unwrap();
        accepted(&connection.receive("POST").unwrap());
    }
});

on_both!(tl3_an_offer_to_speak_another_protocol_is_passed_over, |app| {
    let body = "grant_type=client_credentials";
    let authorization = basic(&app.fixture.k1.client_id, &app.fixture.k1.client_secret);
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let length = format!("Content-Length: {}", body.len());
    for (offer, framing, content) in [
        ("Upgrade: websocket", length.as_str(), body),
        ("Upgrade: websocket\r\nConnection: Upgrade", &length, body),
        ("Upgrade: websocket\r\nConnection: keep-alive, upgrade", &length, body),
        ("Upgrade: WebSocket", "Transfer-Encoding: chunked", &chunked),
        ("Upgrade: h2c\r\nConnection: Upgrade", &length, body),
        ("Upgrade: TLS/1.0, websocket", &length, body),
    ] {
        let mut connection = app.connect();
        let start = Instant::now();
        let head = format!(
            "POST /connect/token HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\nContent-Type: {FORM}\r\n{offer}\r\n{framing}\r\n\r\n"
        );
        connection.send(format!("{head}{content}").as_bytes()).unwrap();
        accepted(&connection.receive("POST").unwrap());
        assert!(start.elapsed() < Duration::from_secs(5), "{offer:?}: {:?}", start.elapsed());
    }
    // What comes after the body is not taken for a part of it.
    let mut connection = app.connect();
    let head = format!(
        "POST /connect/token HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\nContent-Type: {FORM}\r\nUpgrade: websocket\r\n{length}\r\n\r\n"
    );
    connection.send(format!("{head}{body}&scope=zzz").as_bytes()).unwrap();
    accepted(&connection.receive("POST").unwrap());
    assert!(connection.is_closed_by_peer());
    // Without a body there is none.
    for path in ["/connect/token", "/livez"] {
        let mut connection = app.connect();
        let method = if path == "/livez" { "GET" } else { "POST" };
        connection.send(format!("{method} {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n").as_bytes()).unwrap();
        let answer = connection.receive(method).unwrap();
        assert_eq!(answer.status, if path == "/livez" { 200 } else { 400 }, "{answer:?}");
    }
});

on_both!(tl4_only_a_utf8_form_is_read, |app| {
    let request = || app.token(&app.fixture.k1);
    for good in [
        "application/x-www-form-urlencoded; charset=UTF-8",
        "application/x-www-form-urlencoded;charset=utf-8",
        "application/x-www-form-urlencoded; charset=\"utf-8\"",
        "Application/X-WWW-Form-URLencoded",
    ] {
        request().content_type(Some(good)).accepted();
    }
    for bad in [
        "application/json",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/x-www-form-urlencoded; charset=ISO-8859-1",
        "application/x-www-form-urlencoded; charset=UTF-16",
        "application/x-www-form-urlencoded-x",
        "x-application/x-www-form-urlencoded",
        "application/*",
        "",
    ] {
        request().content_type(Some(bad)).refused(400, "invalid_request");
    }
    request().content_type(None).refused(400, "invalid_request");
    request()
        .content_type(Some("application/json"))
        .body("{\"grant_type\":\"client_credentials\"}")
        .refused(400, "invalid_request");
});

/// A good form padded with unknown parameters, none of them large, to exactly `length` bytes.
fn form_of(length: usize) -> String {
    let mut body = "grant_type=client_credentials".to_owned();
    while body.len() < length {
        let room = length - body.len();
        // '&x=' and a value of at most 4,000; what is left for the next one is never 1 or 2.
        let value = if room <= 4_003 { room - 3 } else { (room - 3 - 10).min(4_000) };
        body.push_str("&x=");
        body.push_str(&"y".repeat(value));
    }
    assert_eq!(body.len(), length);
    body
}

on_both!(tl5_a_body_of_16_kib_is_read_and_one_byte_more_is_413, |app| {
    let k1 = &app.fixture.k1;
    app.token(k1).body(&form_of(16_384)).accepted();
    app.token(k1).body(&form_of(16_385)).refused(413, "invalid_request");
    app.token(k1).body(&form_of(60_000)).refused(413, "invalid_request");
    // Before any look at the credentials.
    app.anonymous().body(&form_of(16_385)).refused(413, "invalid_request");
    app.token(&k1.with_wrong_secret()).body(&form_of(16_385)).refused(413, "invalid_request");

    let chunked = |length: usize| {
        let body = form_of(length);
        let mut bytes = Vec::new();
        for piece in body.as_bytes().chunks(1_000) {
            bytes.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
            bytes.extend_from_slice(piece);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"0\r\n\r\n");
        let request = Request::new("POST", "/connect/token")
            .header("Content-Type", FORM)
            .header("Authorization", basic(&k1.client_id, &k1.client_secret))
            .header("Transfer-Encoding", "chunked")
            .body(bytes);
        app.send(&request)
    };
    accepted(&chunked(16_384));
    refused(&chunked(16_385), 413, "invalid_request");
});

on_both!(tl5_a_body_announced_as_huge_is_refused_before_it_is_sent, |app| {
    let k1 = &app.fixture.k1;
    let head = Request::new("POST", "/connect/token")
        .header("Content-Type", FORM)
        .header("Authorization", basic(&k1.client_id, &k1.client_secret))
        .header("Content-Length", "1000000000")
        .head_bytes();
    let start = Instant::now();
    let mut connection = app.connect();
    connection.send(&head).unwrap();
    refused(&connection.receive("POST").unwrap(), 413, "invalid_request");
    assert!(start.elapsed() < Duration::from_secs(2), "it waited for the body: {:?}", start.elapsed());
});

on_both!(tl5_more_than_64_parameters_or_a_value_over_4_kib_is_refused, |app| {
    let k1 = &app.fixture.k1;
    let with_parameters = |count: usize| app.token(k1).raw(&vec!["x=1"; count - 1].join("&"));
    with_parameters(64).accepted();
    with_parameters(65).refused(400, "invalid_request");
    with_parameters(1_000).refused(400, "invalid_request");
    let with_value = |name: &str, length: usize| app.token(k1).raw(&format!("{name}={}", "y".repeat(length)));
    with_value("x", 4_096).accepted();
    for name in ["x", "scope", "account", "resource", "client_secret"] {
        with_value(name, 4_097).refused(400, "invalid_request");
    }
    // Before any look at the credentials.
    app.anonymous().raw(&vec!["x=1"; 64].join("&")).refused(400, "invalid_request");
});

on_both!(tl6_a_head_too_large_closes_the_connection_and_harms_nobody, |app| {
    let k1 = &app.fixture.k1;
    let good = || app.token(k1).request();
    let one_huge = good().header("X-Padding", "y".repeat(140_000));
    let too_many = (0..120).fold(good(), |request, n| request.header(&format!("X-Padding-{n}"), "y"));
    for request in [one_huge, too_many] {
        let mut connection = app.connect();
        match connection.exchange(&request) {
            Ok(answer) => {
                assert!(matches!(answer.status, 400 | 431), "{answer:?}");
                assert!(connection.is_closed_by_peer(), "the connection stays open");
            }
            // Closed with the rest of the head unread: the answer may be lost on the way.
            Err(e) => assert!(!matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut), "{e}"),
        }
        app.token(k1).accepted();
    }
});

on_both!(tl7_every_answer_forbids_storing_and_names_its_type, |app| {
    let k1 = &app.fixture.k1;
    let answers = [
        (app.token(k1).send(), 200),
        (app.token(k1).scope("zzz").send(), 400),
        (app.token(&k1.with_wrong_secret()).send(), 401),
        (app.token(k1).method("GET").send(), 405),
        (app.token(k1).body(&form_of(16_385)).send(), 413),
    ];
    for (answer, status) in answers {
        assert_eq!(answer.status, status);
        assert_envelope(&answer);
    }
});

on_both!(tl7_errors_of_the_other_paths_hold_no_secrets_either, |app| {
    for path in ["/", "/connect", "/connect/token/", "/connect/token/x", "/connect/nothing", "/.well-known/nothing"] {
        let request = Request::new("POST", path)
            .header("Content-Type", FORM)
            .header("Authorization", basic(&app.fixture.k1.client_id, &app.fixture.k1.client_secret))
            .body("grant_type=client_credentials");
        let answer = app.send(&request);
        assert!(matches!(answer.status, 404 | 405), "{path}: {answer:?}");
        assert!(answer.all("server").is_empty(), "{path}: {answer:?}");
        assert!(!answer.text().contains("access_token"), "{path}: {answer:?}");
    }
});

on_both!(tl8_no_browser_page_of_another_origin_may_read_an_answer, |app| {
    let k1 = &app.fixture.k1;
    // `accepted` and `refused` look for Access-Control-… headers in every answer.
    app.token(k1).header("Origin", "https://evil.example").accepted();
    app.token(&k1.with_wrong_secret()).header("Origin", "https://evil.example").unauthorized();
    app.anonymous()
        .method("OPTIONS")
        .header("Origin", "https://evil.example")
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "authorization")
        .refused(405, "invalid_request");
});

on_both!(a_connection_serves_many_requests_one_after_the_other, |app| {
    let mut connection: Connection = app.connect();
    for _ in 0..3 {
        accepted(&connection.exchange(&app.token(&app.fixture.k1).request()).unwrap());
        refused(&connection.exchange(&app.token(&app.fixture.k1).scope("c").request()).unwrap(), 400, "invalid_scope");
    }
    // Two requests sent at once are answered in order.
    let good = app.token(&app.fixture.k1).request().to_bytes();
    let bad = app.token(&app.fixture.k1).scope("c").request().to_bytes();
    connection.send(&[good, bad].concat()).unwrap();
    accepted(&connection.receive("POST").unwrap());
    refused(&connection.receive("POST").unwrap(), 400, "invalid_scope");
});

on_both!(a_client_that_goes_away_harms_nobody, |app| {
    let bytes = app.token(&app.fixture.k1).request().to_bytes();
    for length in [1, 20, bytes.len() / 2, bytes.len() - 1, bytes.len()] {
        let mut connection = app.connect();
        connection.send(&bytes[..length]).unwrap();
        drop(connection);
    }
    eventually(Duration::from_secs(2), "the server goes on", || app.token(&app.fixture.k1).works().then_some(()));
});

/// TL2: whether the program may listen beyond loopback in the clear.
#[test]
fn tl2_plain_http_beyond_loopback_must_be_asked_for() {
    let site = Site::empty(Backend::Sqlite);
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8080"] {
        let mut command = bare_command(site.dir.path());
        command.args(["serve", "--listen", listen, "--database-url", &site.database_url, "--keys-dir"]).arg(&site.keys_dir);
        let output = Output::of(&mut command, "").failed_with(2);
        assert!(output.stderr.contains("--insecure-http") || output.stderr.contains("insecure_http"), "{output:?}");
    }
    assert!(!site.sqlite_file().exists(), "it was refused and yet made a database");
    for flags in [&["--insecure-http"][..], &["--trusted-proxies", "10.0.0.0/8"]] {
        let options = Options { host: Some("0.0.0.0".to_owned()), ..Options::flags(flags) };
        let app = App::start_with(Backend::Sqlite, options);
        app.token(&app.fixture.k1).accepted();
    }
}
