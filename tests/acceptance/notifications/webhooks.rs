//! Messages to webhooks: Standard Webhooks, verified by the published library.

use std::fs;

use serde_json::{Value, json};

use super::{LOOPBACK, SOON, delivery_where, manager, wait_for_dispatch, webhook, webhook_to};
use crate::support::api::small_key;
use crate::support::foreign_receiver::{Certificates, ForeignReceiver};
use crate::support::receiver::{Receiver, Reply};
use crate::support::workspace::TempDir;
use crate::support::{App, Backend, Options, on_both};

on_both!(a_webhook_is_told_of_every_change_of_a_key, [LOOPBACK[0], LOOPBACK[1]], |app| {
    let token = manager(app);
    let receiver = Receiver::start(Reply::ok(200));
    let hook = webhook_to(app, &token, &receiver);
    let key = app.api_create(&token, &small_key("<img src=x onerror=alert(1)>"));
    let path = format!("/api-keys/{}", key.client_id);
    let act = |method: &str, path: &str, body: Option<Value>| {
        let request = app.api(method, path).bearer(&token);
        let status = if method == "DELETE" { 204 } else { 200 };
        body.map_or(request.clone(), |body| request.json(&body)).succeeds(status)
    };
    act("PATCH", &path, Some(json!({"grants": [{"account_id": null, "scopes": ["a", "b"]}]})));
    act("POST", &format!("{path}/regenerate"), Some(json!({"grace_period_seconds": 60})));
    let copy = app.api("POST", &format!("{path}/duplicate")).bearer(&token).succeeds(201);
    act("POST", &format!("{path}/disable"), None);
    act("POST", &format!("{path}/enable"), None);
    act("DELETE", &path, None);

    let received = receiver.wait_for(7, SOON);
    let bodies: Vec<Value> = received.iter().map(|message| message.json()).collect();
    let mut kinds: Vec<&str> = bodies.iter().map(|body| body["type"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    let all = ["created", "deleted", "disabled", "duplicated", "edited", "enabled", "regenerated"];
    assert_eq!(kinds, all.map(|kind| format!("api_key.{kind}")));
    for (message, body) in received.iter().zip(&bodies) {
        assert!(message.header("webhook-id").starts_with("evt_"), "{message:?}");
        assert_eq!(message.header("content-type"), "application/json");
        assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["data", "timestamp", "type"]);
        assert!(body["timestamp"].as_str().unwrap().ends_with('Z'), "{body}");
        let about = if body["type"] == "api_key.duplicated" { &copy["client_id"] } else { &key.json["client_id"] };
        assert_eq!(&body["data"]["client_id"], about, "{body}");
        assert!(body["data"]["actor"].as_str().unwrap().starts_with("key_"), "{body}");
        assert_eq!(body["data"]["address"], "127.0.0.1", "{body}");
        crate::support::leaks::assert_none(message.body.as_bytes(), "a webhook's body");
    }
    let edited = bodies.iter().find(|body| body["type"] == "api_key.edited").unwrap();
    assert_eq!(edited["data"]["before"]["grants"][0]["scopes"], json!(["a"]), "{edited}");
    assert_eq!(edited["data"]["after"]["grants"][0]["scopes"], json!(["a", "b"]), "{edited}");
    let done = delivery_where(app, &token, &hook, "it is noted", |delivery| delivery["state"] == "delivered");
    assert_eq!((&done["attempts"], &done["last_status"], &done["last_error"]), (&json!(1), &json!(200), &Value::Null), "{done}");
    assert!(done["finished_at"].is_string() && done["next_attempt_at"].is_null(), "{done}");
});

on_both!(a_webhook_gets_only_what_it_asked_for_and_nobody_elses, [LOOPBACK[0], LOOPBACK[1]], |app| {
    let token = manager(app);
    let (some, foreign) = (Receiver::start(Reply::ok(204)), Receiver::start(Reply::ok(204)));
    webhook(app, &token, &json!({"url": some.url(), "events": ["api_key.disabled"], "description": "Night watch"}));
    let other = app.create_in_other(&["keys", "create", "--name", "X", "--grant", "webhooks:write"]);
    let foreign_token = app.token_of(&other);
    wait_for_dispatch(app);
    webhook(app, &foreign_token, &json!({"url": foreign.url()}));
    let key = app.api_create(&token, &small_key("K"));
    app.api("POST", &format!("/api-keys/{}/disable", key.client_id)).bearer(&token).succeeds(200);
    assert_eq!(some.wait_for(1, SOON)[0].json()["type"], "api_key.disabled");
    // What is made later is delivered later: nothing of ours has gone there before this.
    app.cli(&["keys", "disable", &other.client_id]).succeeded();
    let first = foreign.wait_for(1, SOON)[0].json();
    assert_eq!((&first["type"], &first["data"]["client_id"]), (&json!("api_key.disabled"), &json!(other.client_id)));
    assert_eq!((some.received().len(), foreign.received().len()), (1, 1));
});

/// A server whose webhooks are believed with the test's own authority.
fn start(backend: Backend, authority: &str) -> App {
    let mut options = Options::flags(&LOOPBACK);
    options.environment.push(("SSL_CERT_FILE".to_owned(), authority.to_owned()));
    App::start_with(backend, options)
}

on_both!(the_published_library_accepts_the_signatures_before_during_and_after_a_rotation, backend, {
    let folder = TempDir::new("webhook-receiver");
    let certificates = Certificates::make(folder.path());
    let app = start(backend, certificates.authority.to_str().unwrap());
    let secrets = folder.join("secrets");
    fs::write(&secrets, "").unwrap();
    let receiver = ForeignReceiver::start(
        "webhook-receiver",
        &[
            ("SECRETS_FILE", secrets.to_str().unwrap()),
            ("TLS_CERT", certificates.certificate.to_str().unwrap()),
            ("TLS_KEY", certificates.key.to_str().unwrap()),
        ],
    );
    let token = manager(&app);
    let url = format!("https://localhost:{}/tenant?x=1", receiver.port());
    let made = webhook(&app, &token, &json!({"url": url}));
    let path = format!("/webhooks/{}", made["id"].as_str().unwrap());
    let old = made["secret"].as_str().unwrap().to_owned();
    let test = || app.api("POST", &format!("{path}/test")).bearer(&token).succeeds(200);
    let rotate = |grace: u64| {
        let body = json!({"grace_period_seconds": grace});
        let rotated = app.api("POST", &format!("{path}/rotate-secret")).bearer(&token).json(&body).succeeds(200);
        rotated["secret"].as_str().unwrap().to_owned()
    };

    fs::write(&secrets, &old).unwrap();
    let delivery = test();
    let message = &receiver.wait_for(1, SOON)[0];
    assert_eq!(message["accepted"], json!([0]), "{message}");
    assert_eq!(message["path"], "/tenant?x=1");
    assert_eq!(message["body"]["type"], "webhook.test");
    assert_eq!(message["headers"]["webhook-id"], delivery["event_id"]);

    let new = rotate(3_600);
    fs::write(&secrets, format!("{old}\n{new}")).unwrap();
    test();
    let message = &receiver.wait_for(2, SOON)[1];
    assert_eq!(message["accepted"], json!([0, 1]), "both sign meanwhile: {message}");
    assert_eq!(message["headers"]["webhook-signature"].as_str().unwrap().split(' ').count(), 2, "{message}");

    let newest = rotate(0);
    fs::write(&secrets, format!("{old}\n{new}\n{newest}")).unwrap();
    test();
    assert_eq!(receiver.wait_for(3, SOON)[2]["accepted"], json!([2]));

    // A receiver that does not know the secret refuses, and that is what is noted.
    fs::write(&secrets, &old).unwrap();
    test();
    let failed = delivery_where(&app, &token, &path, "it is refused", |delivery| delivery["last_status"] == 401);
    assert_eq!((&failed["state"], &failed["last_error"]), (&json!("pending"), &json!("the receiver answered 401")), "{failed}");
});

on_both!(a_receiver_without_a_certificate_that_can_be_believed_gets_nothing, backend, {
    let folder = TempDir::new("webhook-receiver");
    let (certificates, other) = (Certificates::make(folder.path()), TempDir::new("other-authority"));
    let app = start(backend, Certificates::make(other.path()).authority.to_str().unwrap());
    let secrets = folder.join("secrets");
    fs::write(&secrets, "").unwrap();
    let receiver = ForeignReceiver::start(
        "webhook-receiver",
        &[
            ("SECRETS_FILE", secrets.to_str().unwrap()),
            ("TLS_CERT", certificates.certificate.to_str().unwrap()),
            ("TLS_KEY", certificates.key.to_str().unwrap()),
        ],
    );
    let token = manager(&app);
    let made = webhook(&app, &token, &json!({"url": format!("https://localhost:{}/", receiver.port())}));
    let path = format!("/webhooks/{}", made["id"].as_str().unwrap());
    app.api("POST", &format!("{path}/test")).bearer(&token).succeeds(200);
    let failed = delivery_where(&app, &token, &path, "it fails", |delivery| delivery["attempts"] == 1);
    assert!(failed["last_error"].as_str().unwrap().starts_with("the TLS handshake failed"), "{failed}");
    assert!(receiver.received().is_empty());
});
