//! PK5: an assertion is used once.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::{Client, asserting};
use crate::support::http::Response;
use crate::support::postgres::Cluster;
use crate::support::token::{accepted, refused};
use crate::support::tools::eventually;
use crate::support::{App, Server, Site, on_both};

/// As many as the list of requirements asks for.
const AT_ONCE: usize = 50;

#[track_caller]
fn one_of_many(nodes: &[&Server], assertion: &str) {
    let answers: Vec<Response> = std::thread::scope(|scope| {
        let sent: Vec<_> =
            (0..AT_ONCE).map(|n| scope.spawn(move || asserting(nodes[n % nodes.len()], assertion).send())).collect();
        sent.into_iter().map(|answer| answer.join().unwrap()).collect()
    });
    let (taken, others): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!(taken.len(), 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    accepted(taken[0]);
    others.into_iter().for_each(|answer| refused(answer, 401, "invalid_client"));
}

on_both!(pk5_of_fifty_at_once_one_is_taken, |app| {
    for _ in 0..3 {
        one_of_many(&[&app.server], &Client::new(app, "ES256").assertion(app));
    }
});

on_both!(pk5_of_fifty_at_once_on_two_nodes_one_is_taken, |app| {
    let other = app.another_node(&[]);
    for _ in 0..3 {
        one_of_many(&[&app.server, &other], &Client::new(app, "ES256").assertion(app));
    }
});

on_both!(pk5_a_restart_forgets_nothing, |app| {
    let client = Client::new(app, "ES256");
    let assertion = client.assertion(app);
    asserting(app, &assertion).accepted();
    app.kill();
    app.restart();
    asserting(app, &assertion).unauthorized();
    client.request(app).accepted();
});

on_both!(pk5_what_is_refused_for_another_reason_is_not_used_up, |app| {
    let client = Client::new(app, "ES256");
    let good = client.claims(app);
    let mut elsewhere = good.clone();
    elsewhere["aud"] = json!("https://other.example.com");
    asserting(app, &client.sign(&elsewhere)).unauthorized();
    let assertion = client.sign(&good);
    let (message, _) = assertion.rsplit_once('.').unwrap();
    asserting(app, &format!("{message}.AAAA")).unauthorized();
    app.cli(&["keys", "disable", &client.client_id]).succeeded();
    eventually(Duration::from_secs(5), "the key is refused", || (client.request(app).send().status == 401).then_some(()));
    asserting(app, &assertion).unauthorized();
    app.cli(&["keys", "enable", &client.client_id]).succeeded();
    eventually(Duration::from_secs(5), "the key is taken again", || client.request(app).works().then_some(()));
    asserting(app, &assertion).accepted();
    asserting(app, &assertion).unauthorized();
    // The same name is another client's own.
    let other = Client::new(app, "ES256");
    let mut claims = other.claims(app);
    claims["jti"] = good["jti"].clone();
    asserting(app, &other.sign(&claims)).accepted();
});

#[test]
fn pk5_nothing_is_taken_that_could_not_be_noted() {
    let cluster = Arc::new(Cluster::new());
    let app = App::start_in(Site::in_cluster(Arc::clone(&cluster)), &[]);
    let client = Client::new(&app, "ES256");
    client.request(&app).accepted();
    cluster.stop();
    let assertion = client.assertion(&app);
    let answer = asserting(&app, &assertion).refused(503, "temporarily_unavailable");
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
    cluster.start();
    eventually(Duration::from_secs(10), "clients are taken again", || client.request(&app).works().then_some(()));
}
