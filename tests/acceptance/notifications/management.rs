//! Webhooks by the management API.

use serde_json::{Value, json};

use super::{LOOPBACK, SOON, deliveries, delivery_where, manager, webhook, webhook_to};
use crate::support::on_both;
use crate::support::receiver::{Receiver, Reply};

on_both!(a_webhook_is_made_shown_edited_and_deleted, |app| {
    let token = manager(app);
    let body = json!({"url": "https://hooks.example.com/a?token=t", "events": ["api_key.deleted", "api_key.created"], "description": "CI"});
    let response = app.api("POST", "/webhooks").bearer(&token).json(&body).send();
    assert_eq!(response.status, 201, "{response:?}");
    let made = response.json();
    let id = made["id"].as_str().unwrap();
    assert_eq!(response.header("location"), Some(format!("{}/api/v1/webhooks/{id}", app.issuer).as_str()));
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("whsec_") && secret.len() == 6 + 44, "{made}");
    assert_eq!(made["secrets"][0]["hint"], format!("whsec_...{}", &secret[secret.len() - 4..]));
    assert_eq!(made["events"], json!(["api_key.created", "api_key.deleted"]));
    assert_eq!((&made["enabled"], &made["disabled_at"], &made["description"]), (&json!(true), &Value::Null, &json!("CI")));
    assert_eq!(made["organization_id"], app.fixture.organization);

    let path = format!("/webhooks/{id}");
    let shown = app.api("GET", &path).bearer(&token).succeeds(200);
    let mut without = made.clone();
    without.as_object_mut().unwrap().remove("secret");
    assert_eq!(shown, without, "the same, without the secret");
    let listed = app.api("GET", "/webhooks").bearer(&token).succeeds(200);
    assert_eq!(listed, json!({"data": [shown], "next_cursor": null}));

    let edit = json!({"url": "https://8.8.8.8:8443/", "events": [], "description": "", "enabled": false});
    let edited = app.api("PATCH", &path).bearer(&token).json(&edit).succeeds(200);
    assert_eq!(
        (&edited["url"], &edited["events"], &edited["enabled"]),
        (&json!("https://8.8.8.8:8443/"), &json!([]), &json!(false))
    );
    assert_eq!(edited["disabled_reason"], "by_hand");
    app.api("POST", &format!("{path}/test")).bearer(&token).refused(409, "conflict");
    let edited = app.api("PATCH", &path).bearer(&token).json(&json!({"enabled": true})).succeeds(200);
    assert_eq!((&edited["disabled_at"], &edited["disabled_reason"]), (&Value::Null, &Value::Null));

    let rotated = app.api("POST", &format!("{path}/rotate-secret")).bearer(&token).succeeds(200);
    assert_ne!(rotated["secret"], made["secret"]);
    assert_eq!(rotated["secrets"].as_array().unwrap().len(), 2, "{rotated}");
    assert!(rotated["secrets"][0]["expires_at"].is_null() && rotated["secrets"][1]["expires_at"].is_string(), "{rotated}");
    let again = app.api("POST", &format!("{path}/rotate-secret")).bearer(&token).succeeds(200);
    assert_eq!(again["secrets"].as_array().unwrap().len(), 2, "never three: {again}");

    assert_eq!(app.api("DELETE", &path).bearer(&token).succeeds(204), Value::Null);
    for (method, path) in [("GET", path.clone()), ("DELETE", path.clone()), ("GET", format!("{path}/deliveries"))] {
        app.api(method, &path).bearer(&token).refused(404, "not_found");
    }
    let actions = app.site.sql("SELECT action FROM audit_events WHERE action LIKE 'webhook.%' ORDER BY seq");
    let expected = ["created", "edited", "edited", "secret_rotated", "secret_rotated", "deleted"];
    assert_eq!(actions.split_whitespace().collect::<Vec<_>>(), expected.map(|action| format!("webhook.{action}")));
    let rows = app.site.sql("SELECT before, after FROM audit_events WHERE action LIKE 'webhook.%'");
    assert!(!rows.contains("token=t") && !rows.contains(&secret), "{rows}");
});

on_both!(what_breaks_a_rule_is_refused_member_by_member, |app| {
    let token = manager(app);
    let refused = |body: &Value, field: &str, code: &str| {
        let problem = app.api("POST", "/webhooks").bearer(&token).json(body).refused(422, "validation_failed");
        let error = &problem["errors"][0];
        assert_eq!((&error["field"], &error["code"]), (&json!(field), &json!(code)), "{body}: {problem}");
    };
    for (url, code) in [
        ("http://hooks.example.com/", "not_https"),
        ("https://user:pass@hooks.example.com/", "has_credentials"),
        ("https://hooks.example.com/#x", "has_fragment"),
        ("https://127.0.0.1/", "private_address"),
        ("https://0x7f000001/", "private_address"),
        ("https://[::ffff:10.0.0.1]/", "private_address"),
        ("https://169.254.169.254/latest/meta-data/", "private_address"),
        ("not a url", "invalid_url"),
        ("file:///etc/passwd", "invalid_url"),
    ] {
        refused(&json!({"url": url}), "url", code);
    }
    let good = "https://hooks.example.com/";
    refused(&json!({}), "url", "required");
    refused(&json!({"url": 1}), "url", "wrong_type");
    refused(&json!({"url": good, "events": ["api_key.exploded"]}), "events", "unknown_event");
    refused(&json!({"url": good, "events": "api_key.created"}), "events", "wrong_type");
    refused(&json!({"url": good, "description": "x".repeat(201)}), "description", "too_long");
    refused(&json!({"url": good, "secret": "whsec_mine"}), "secret", "unknown_member");
    let hook = webhook(app, &token, &json!({"url": good}));
    let path = format!("/webhooks/{}", hook["id"].as_str().unwrap());
    for seconds in [json!(-1), json!(604_801)] {
        let body = json!({"grace_period_seconds": seconds});
        app.api("POST", &format!("{path}/rotate-secret")).bearer(&token).json(&body).refused(422, "validation_failed");
    }
    app.api("PATCH", &path).bearer(&token).json(&json!({"secret": "x"})).refused(422, "validation_failed");
    app.api("GET", &format!("{path}/deliveries?state=lost")).bearer(&token).refused(400, "invalid_query");
    app.api("GET", &format!("{path}/deliveries?cursor=x")).bearer(&token).refused(400, "invalid_query");
});

on_both!(another_organizations_webhooks_are_not_there, |app| {
    let token = manager(app);
    let hook = webhook(app, &token, &json!({"url": "https://hooks.example.com/"}));
    let delivery = app.api("POST", &format!("/webhooks/{}/test", hook["id"].as_str().unwrap())).bearer(&token).succeeds(200);
    let path = format!("/webhooks/{}", hook["id"].as_str().unwrap());
    let foreign = app.token_of(&app.create_in_other(&["keys", "create", "--name", "X", "--grant", "webhooks:write"]));
    for (method, path) in [
        ("GET", path.clone()),
        ("PATCH", path.clone()),
        ("DELETE", path.clone()),
        ("POST", format!("{path}/rotate-secret")),
        ("POST", format!("{path}/test")),
        ("GET", format!("{path}/deliveries")),
        ("POST", format!("{path}/deliveries/{}/redeliver", delivery["id"].as_str().unwrap())),
    ] {
        app.api(method, &path).bearer(&foreign).refused(404, "not_found");
    }
    assert_eq!(app.api("GET", "/webhooks").bearer(&foreign).succeeds(200)["data"], json!([]));
    let reader = app.token_of(&app.key_with_grants(&["webhooks:read"]));
    app.api("GET", &path).bearer(&reader).succeeds(200);
    app.api("DELETE", &path).bearer(&reader).refused(403, "insufficient_scope");
    let stranger = app.token_of(&app.key_with_grants(&["a b"]));
    app.api("GET", &path).bearer(&stranger).refused(403, "insufficient_scope");
});

on_both!(an_organization_has_twenty_webhooks_and_no_more, |app| {
    let token = manager(app);
    for n in 0..20 {
        webhook(app, &token, &json!({"url": format!("https://h{n}.example.com/")}));
    }
    app.api("POST", "/webhooks").bearer(&token).json(&json!({"url": "https://h.example.com/"})).refused(409, "conflict");
    let first = app.api("GET", "/webhooks?limit=15").bearer(&token).succeeds(200);
    assert_eq!(first["data"].as_array().unwrap().len(), 15);
    let rest = format!("/webhooks?limit=15&cursor={}", first["next_cursor"].as_str().unwrap());
    let rest = app.api("GET", &rest).bearer(&token).succeeds(200);
    assert_eq!((rest["data"].as_array().unwrap().len(), &rest["next_cursor"]), (5, &Value::Null));
});

on_both!(deliveries_are_listed_in_pages_and_sent_again_under_the_same_id, [LOOPBACK[0], LOOPBACK[1]], |app| {
    let token = manager(app);
    let receiver = Receiver::start(Reply::ok(200));
    let path = webhook_to(app, &token, &receiver);
    let sent: Vec<Value> = (0..3).map(|_| app.api("POST", &format!("{path}/test")).bearer(&token).succeeds(200)).collect();
    receiver.wait_for(3, SOON);
    delivery_where(app, &token, &path, "all are noted", |_| {
        deliveries(app, &token, &path).iter().all(|delivery| delivery["state"] == "delivered")
    });
    let page = app.api("GET", &format!("{path}/deliveries?limit=2&state=delivered")).bearer(&token).succeeds(200);
    assert_eq!(page["data"][0]["id"], sent[2]["id"]);
    let next = page["next_cursor"].as_str().unwrap();
    let rest = app.api("GET", &format!("{path}/deliveries?limit=2&state=delivered&cursor={next}")).bearer(&token).succeeds(200);
    assert_eq!((&rest["data"][0]["id"], &rest["next_cursor"]), (&sent[0]["id"], &Value::Null));
    assert_eq!(app.api("GET", &format!("{path}/deliveries?state=dead")).bearer(&token).succeeds(200)["data"], json!([]));

    let again = format!("{path}/deliveries/{}/redeliver", sent[0]["id"].as_str().unwrap());
    let requeued = app.api("POST", &again).bearer(&token).succeeds(200);
    assert_eq!((&requeued["state"], &requeued["finished_at"]), (&json!("pending"), &Value::Null), "{requeued}");
    let received = receiver.wait_for(4, SOON);
    assert_eq!(received[3].header("webhook-id"), sent[0]["event_id"].as_str().unwrap());
    app.api("POST", &format!("{path}/deliveries/dlv_01arz3ndektsv4rrffq69g5fav/redeliver"))
        .bearer(&token)
        .refused(404, "not_found");
});
