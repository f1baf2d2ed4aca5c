//! Whoever publishes keys at a host that hangs, or fails, holds up nobody else.

use std::time::{Duration, Instant};

use serde_json::json;

use super::Client;
use crate::support::proof::ProofKey;
use crate::support::receiver::{Receiver, Reply};
use crate::support::tools::{eventually, fresh_address};
use crate::support::{App, Backend, on_both};

/// A client of that organization whose keys are published at `url`.
fn publishing(app: &App, organization: &str, url: &str) -> Client {
    let create = ["keys", "create", "--organization", organization, "--name", "Client", "--grant", "a"];
    let made = app.json(&[&create[..], &["--token-endpoint-auth-method", "private_key_jwt", "--jwks-uri", url]].concat());
    Client { client_id: made["client_id"].as_str().unwrap().to_owned(), key: ProofKey::new("ES256") }
}

/// A client of the other organization, and the host where its keys are.
fn well_behaved(app: &App) -> (Client, Receiver) {
    let published = Receiver::start(Reply::ok(503));
    let client = publishing(app, &app.fixture.other_organization, &published.url());
    published.reply_with(Reply::Document(json!({"keys": [client.key.jwk]}).to_string()));
    (client, published)
}

/// Lets all of them ask at once, and meanwhile the one that is to be served as ever.
fn ask_beside(app: &App, hanging: &[Client], other: &Client) {
    std::thread::scope(|scope| {
        for client in hanging {
            scope.spawn(move || client.request(app).from(&fresh_address()).unauthorized());
        }
        std::thread::sleep(Duration::from_millis(300));
        let started = Instant::now();
        other.request(app).accepted();
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    });
}

on_both!(a_host_that_hangs_is_asked_by_two_at_once, ["--webhook-allow-private", "127.0.0.0/8"], |app| {
    let hanging = Receiver::start(Reply::Hang);
    let of = |number: usize| [&app.fixture.organization, &app.fixture.other_organization][number % 2];
    let clients: Vec<Client> = (0..6).map(|n| publishing(app, of(n), &format!("{}/{n}", hanging.url()))).collect();
    let (other, _published) = well_behaved(app);
    ask_beside(app, &clients, &other);
    assert_eq!((hanging.most_open(), hanging.received().len()), (2, 2));
});

on_both!(hosts_that_hang_hold_up_their_own_organization_alone, ["--webhook-allow-private", "127.0.0.0/8"], |app| {
    let hanging: Vec<Receiver> = (0..10).map(|_| Receiver::start(Reply::Hang)).collect();
    let clients: Vec<Client> = hanging.iter().map(|host| publishing(app, &app.fixture.organization, &host.url())).collect();
    let (other, _published) = well_behaved(app);
    ask_beside(app, &clients, &other);
    assert_eq!(hanging.iter().map(|host| host.received().len()).sum::<usize>(), 3);
});

#[test]
fn a_host_that_failed_is_asked_again() {
    let app = &App::start(Backend::Sqlite, &["--webhook-allow-private", "127.0.0.0/8", "--trusted-proxies", "127.0.0.0/8"]);
    let published = Receiver::start(Reply::ok(503));
    let client = publishing(app, &app.fixture.organization, &published.url());
    client.request(app).from(&fresh_address()).unauthorized();
    client.request(app).from(&fresh_address()).unauthorized();
    assert_eq!(published.received().len(), 1, "not at once");
    published.reply_with(Reply::Document(json!({"keys": [client.key.jwk]}).to_string()));
    eventually(Duration::from_secs(15), "it is asked again", || client.request(app).from(&fresh_address()).works().then_some(()));
    assert_eq!(published.received().len(), 2);
}
