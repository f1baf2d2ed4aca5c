//! What bodies may look like.

use serde_json::{Value, json};

use crate::support::api::small_key;
use crate::support::on_both;

on_both!(sc7_rules_broken_are_422_with_the_field, |app| {
    let token = app.token_of(&app.integrator());
    let with = |member: &str, value: Value| {
        let mut body = small_key("Test");
        body[member] = value;
        body
    };
    let scopes = |scopes: Value| with("grants", json!([{"account_id": null, "scopes": scopes}]));
    let cases: Vec<(Value, &str)> = vec![
        (json!({"grants": [{"account_id": null, "scopes": ["a"]}]}), "name"),
        (json!({"name": "x"}), "grants"),
        (with("name", json!("")), "name"),
        (with("name", json!("x".repeat(65))), "name"),
        (with("name", json!(7)), "name"),
        (with("kind", json!("root")), "kind"),
        (with("kind", json!("admin")), "grants"),
        (with("account_id", json!(app.fixture.account_1)), "account_id"),
        (with("grants", json!([])), "grants"),
        (with("grants", json!({})), "grants"),
        (with("grants", json!([{"account_id": "organization", "scopes": ["a"]}])), "grants"),
        (with("grants", json!([{"account_id": app.fixture.foreign_account, "scopes": ["disputes:read"]}])), "grants"),
        (with("grants", json!([{"account_id": "*", "scopes": ["a"]}])), "grants"),
        (with("grants", json!([{"account_id": null, "scopes": ["a"], "x": 1}])), "grants"),
        (scopes(json!([])), "grants"),
        (scopes(json!(["nonsense"])), "grants"),
        (scopes(json!(["a b"])), "grants"),
        (scopes(json!(["signing-keys:write"])), "grants"),
        (scopes(json!("a")), "grants"),
        (with("ip_allowlist", json!(["300.1.1.1"])), "ip_allowlist"),
        (with("ip_allowlist", json!("127.0.0.1")), "ip_allowlist"),
        (with("max_payout", json!("0")), "max_payout"),
        (with("max_payout", json!(55)), "max_payout"),
        (with("token_lifetime_seconds", json!(59)), "token_lifetime_seconds"),
        (with("token_lifetime_seconds", json!(3601)), "token_lifetime_seconds"),
        (with("token_lifetime_seconds", json!(60.5)), "token_lifetime_seconds"),
        (with("token_endpoint_auth_method", json!("none")), "token_endpoint_auth_method"),
        (with("plan", json!("no-such-plan")), "plan"),
        (with("expires_at", json!("2001-01-01T00:00:00Z")), "expires_at"),
        (with("expires_at", json!("soon")), "expires_at"),
        (with("client_id", json!("key_01arz3ndektsv4rrffq69g5fav")), "client_id"),
        (with("sub", json!("x")), "sub"),
        (with("client_secret", json!("x")), "client_secret"),
    ];
    for (body, field) in cases {
        let problem = app.api("POST", "/api-keys").bearer(&token).json(&body).refused(422, "validation_failed");
        let errors = problem["errors"].as_array().unwrap();
        assert!(errors.iter().any(|error| error["field"] == field), "{body} {problem}");
        assert!(errors.iter().all(|error| error["code"].is_string() && error["detail"].is_string()), "{problem}");
    }
    let listed = app.api("GET", "/api-keys").bearer(&token).succeeds(200);
    assert!(listed["data"].as_array().unwrap().iter().all(|key| key["name"] != "Test" || key["created_by"] == "cli"), "{listed}");
});

on_both!(mg8_bodies_that_are_not_json_objects_are_400, |app| {
    let token = app.token_of(&app.integrator());
    let deep = format!("{{\"name\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000));
    for bad in ["", "{", "[]", "null", "\"x\"", "{\"name\":\"a\",\"name\":\"b\"}", "\u{feff}{}", "{}{}", "{\"a\":1,}", &deep] {
        if bad.is_empty() {
            continue;
        }
        app.api("POST", "/api-keys").bearer(&token).raw("application/json", bad).refused(400, "invalid_json");
    }
    app.api("POST", "/api-keys").bearer(&token).raw("application/json", b"{\"name\":\"\xff\"}").refused(400, "invalid_json");
    app.api("POST", "/api-keys").bearer(&token).raw("application/json", "").refused(422, "validation_failed");
});

on_both!(another_media_type_is_415, |app| {
    let token = app.token_of(&app.integrator());
    let body = small_key("x").to_string();
    for bad in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=iso-8859-1", "application/jsonp"] {
        app.api("POST", "/api-keys").bearer(&token).raw(bad, body.clone()).refused(415, "unsupported_media_type");
    }
    app.api("POST", "/api-keys").bearer(&token).raw("Application/JSON; charset=UTF-8", body).succeeds(201);
});

on_both!(tl5_a_body_over_64_kib_is_413, |app| {
    let token = app.token_of(&app.integrator());
    let long = json!({"name": "x".repeat(65_536)});
    app.api("POST", "/api-keys").bearer(&token).json(&long).refused(413, "payload_too_large");
});
