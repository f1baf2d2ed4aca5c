//! `/livez`, `/readyz`, `/metrics`, `X-Request-Id`.

use std::net::SocketAddr;
use std::time::Duration;

use crate::support::http::{Request, exchange};
use crate::support::tools::{eventually, free_port};
use crate::support::{App, Backend, Options, on_both};

on_both!(the_probes_answer, |app| {
    for path in ["/livez", "/readyz"] {
        let answer = app.get(path);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.all("server").is_empty(), "{answer:?}");
        assert_eq!(app.send(&Request::new("HEAD", path)).status, 200);
        assert_eq!(app.send(&Request::new("POST", path)).status, 405);
    }
    assert_eq!(app.get("/metrics").status, 404, "metrics are not for the main port");
});

on_both!(every_answer_has_a_request_id_of_its_own, |app| {
    let mut seen = std::collections::HashSet::new();
    for path in ["/livez", "/.well-known/jwks.json", "/.well-known/oauth-authorization-server", "/nothing"] {
        let answer = app.get(path);
        let id = answer.header("x-request-id").unwrap_or_else(|| panic!("{path}: {answer:?}")).to_owned();
        assert!((8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic()), "{id}");
        assert!(seen.insert(id), "{path}: an id came twice");
    }
    // A caller cannot write into our logs with it.
    let answer = app.send(&Request::new("GET", "/livez").header("X-Request-Id", "canary \"} {\"level\":\"ERROR\""));
    assert!(!answer.header("x-request-id").unwrap().contains('"'), "{answer:?}");
});

/// The sum of every sample of a metric whose labels contain that text.
fn sample(metrics: &str, name: &str, labels: &str) -> f64 {
    metrics
        .lines()
        .filter(|line| line.starts_with(name) && line.contains(labels))
        .filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok())
        .sum()
}

fn start_with_metrics(backend: Backend) -> (App, SocketAddr) {
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    (App::start_with(backend, Options::flags(&["--metrics-listen", &address.to_string()])), address)
}

on_both!(metrics_count_tokens_and_refusals, backend, {
    let (app, address) = start_with_metrics(backend);
    let k1 = &app.fixture.k1;
    let scrape = || {
        let answer = exchange(address, &Request::new("GET", "/metrics")).unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.header("content-type").unwrap_or_default().starts_with("text/plain"), "{answer:?}");
        answer.text()
    };
    for _ in 0..7 {
        app.token(k1).accepted();
    }
    for _ in 0..3 {
        app.token(&k1.with_wrong_secret()).unauthorized();
    }
    app.token(k1).scope("zzz").refused(400, "invalid_scope");
    let metrics = scrape();
    assert_eq!(sample(&metrics, "claviger_tokens_issued_total", ""), 7.0, "{metrics}");
    assert_eq!(sample(&metrics, "claviger_token_refusals_total", "invalid_scope"), 1.0, "{metrics}");
    assert_eq!(sample(&metrics, "claviger_token_refusals_total", ""), 4.0, "{metrics}");
    assert_eq!(sample(&metrics, "claviger_signing_duration_seconds_count", ""), 7.0, "{metrics}");
    assert!(sample(&metrics, "claviger_http_request_duration_seconds_count", "") >= 11.0, "{metrics}");
    assert!(sample(&metrics, "claviger_directory_hits_total", "") >= 7.0, "{metrics}");
    assert!(metrics.contains("claviger_feed_lag_seconds") && metrics.contains("_bucket{"), "{metrics}");
    assert!(!metrics.contains(&k1.client_id) && !metrics.contains("clv_"), "labels must not grow with the keys: {metrics}");
    // The metrics' port has nothing else.
    for path in ["/connect/token", "/", "/.well-known/jwks.json"] {
        assert_eq!(exchange(address, &Request::new("GET", path)).unwrap().status, 404, "{path}");
    }
});

on_both!(metrics_do_not_grow_with_what_strangers_send, backend, {
    let (app, address) = start_with_metrics(backend);
    let lines = || exchange(address, &Request::new("GET", "/metrics")).unwrap().text().lines().count();
    let knock = |n: u32| {
        app.get(&format!("/nothing/{n}"));
        app.anonymous().basic(&format!("key_{n}"), "x").unauthorized();
        app.token(&app.fixture.k1).scope(&format!("zzz{n}")).refused(400, "invalid_scope");
        app.anonymous().body(&format!("grant_type=x{n}")).method("POST").send();
        app.send(&Request::new(&format!("M{n}"), "/connect/token"));
    };
    knock(0);
    let before = eventually(Duration::from_secs(3), "the metrics settle", || {
        let first = lines();
        std::thread::sleep(Duration::from_millis(300));
        (lines() == first).then_some(first)
    });
    (1..20).for_each(knock);
    assert_eq!(lines(), before);
});

on_both!(without_a_metrics_address_there_are_none, |app| {
    assert_eq!(app.get("/metrics").status, 404);
});
