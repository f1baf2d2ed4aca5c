//! The keys of a client: registered, changed, published somewhere.

use std::time::Duration;

use serde_json::json;

use super::{Client, asserting, jwks_file, register};
use crate::support::on_both;
use crate::support::proof::ProofKey;
use crate::support::receiver::{Receiver, Reply};
use crate::support::tools::eventually;

on_both!(a_key_without_a_secret_has_none_to_show_or_replace, |app| {
    let client = Client::new(app, "ES256");
    let shown = app.json(&["--json", "keys", "show", &client.client_id]);
    assert_eq!((&shown["secrets"], &shown["jwks"]["keys"]), (&json!([]), &json!([client.key.jwk])));
    assert!(shown.get("client_secret").is_none() && shown.get("jwks_uri").is_none(), "{shown}");
    assert_eq!(shown["token_endpoint_auth_method"], json!("private_key_jwt"));
    app.cli(&["keys", "regenerate", &client.client_id]).failed_with(1);
    // A copy has the same keys, and an id of its own.
    let copy = app.json(&["--json", "keys", "duplicate", &client.client_id]);
    assert!(copy.get("client_secret").is_none() && copy["jwks"] == shown["jwks"], "{copy}");
    let copied = Client { client_id: copy["client_id"].as_str().unwrap().to_owned(), key: client.key };
    copied.request(app).accepted();
});

on_both!(a_client_changes_its_keys_and_the_other_node_knows_at_once, |app| {
    let other_node = app.another_node(&[]);
    let old = Client::new(app, "ES256");
    old.request(&other_node).accepted();
    let new = Client { client_id: old.client_id.clone(), key: ProofKey::new("EdDSA") };
    new.request(&other_node).unauthorized();
    let file = jwks_file(app, &json!({"keys": [new.key.jwk]}));
    app.cli(&["keys", "edit", &old.client_id, "--jwks", &file]).succeeded();
    eventually(Duration::from_secs(5), "the new key is taken", || new.request(&other_node).works().then_some(()));
    eventually(Duration::from_secs(5), "the old key is refused", || (!old.request(&other_node).works()).then_some(()));
});

on_both!(when_a_key_was_used_is_seen, |app| {
    let client = Client::new(app, "ES256");
    client.request(app).accepted();
    let used = eventually(Duration::from_secs(15), "the use is written down", || {
        let shown = app.json(&["--json", "keys", "show", &client.client_id]);
        shown["last_used_at"].is_string().then_some(shown)
    });
    assert_eq!(used["last_used_ip"], json!("127.0.0.1"));
});

on_both!(keys_are_fetched_from_where_the_client_publishes_them, ["--webhook-allow-private", "127.0.0.0/8"], |app| {
    let key = ProofKey::new("ES256");
    let published = Receiver::start(Reply::Document(json!({"keys": [{"kty": "oct", "k": "AA"}, key.jwk]}).to_string()));
    let id = register(app, &key, &["a"], &[]);
    app.cli(&["keys", "edit", &id, "--jwks-uri", &published.url()]).succeeded();
    let client = Client { client_id: id, key };
    eventually(Duration::from_secs(5), "the address is known", || {
        client.request(app).accepted();
        (!published.received().is_empty()).then_some(())
    });
    for _ in 0..20 {
        client.request(app).accepted();
    }
    assert_eq!(published.received().len(), 1, "what was fetched is kept");
    // Forged ones cause no look each.
    let stranger = ProofKey::new("ES256");
    for _ in 0..20 {
        asserting(app, &stranger.signed(&client.header().to_string(), &client.claims(app).to_string())).unauthorized();
    }
    assert!(published.received().len() <= 2);
});

on_both!(no_keys_are_fetched_from_a_private_network, |app| {
    let key = ProofKey::new("ES256");
    let published = Receiver::start(Reply::Document(json!({"keys": [key.jwk]}).to_string()));
    let id = register(app, &key, &["a"], &[]);
    app.cli(&["keys", "edit", &id, "--jwks-uri", &published.url()]).succeeded();
    let client = Client { client_id: id, key };
    eventually(Duration::from_secs(5), "the address is known", || (!client.request(app).works()).then_some(()));
    assert!(published.received().is_empty());
});
