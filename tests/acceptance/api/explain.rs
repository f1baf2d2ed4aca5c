//! What a request for a token would get, beside what it gets.

use serde_json::{Value, json};

use crate::support::{App, Key, PAYMENTS, on_both};

/// The parameters of a request, and the error that the token endpoint answers it with.
type Row<'a> = (&'a [(&'a str, &'a str)], Option<&'a str>);

/// Asks and explains the same; both must say the same.
#[track_caller]
fn agree(app: &App, token: &str, key: &Key, (parameters, expected): Row<'_>) -> Value {
    let mut request = app.token(key);
    let mut question = json!({"ip": "127.0.0.1"});
    for (name, value) in parameters {
        request = request.param(name, value);
        match *name {
            "resource" => question["resource"] = json!([value]),
            name => question[name] = json!(value),
        }
    }
    let path = format!("/api-keys/{}/explain", key.client_id);
    let told = app.api("POST", &path).bearer(token).json(&question).succeeds(200);
    let answer = request.send();
    let body = answer.json();
    assert_eq!(body["error"].as_str(), expected, "{parameters:?}: {body}");
    assert_eq!(told["error"].as_str(), expected, "{parameters:?}: {told}");
    assert_eq!(told["allowed"], expected.is_none(), "{told}");
    if expected.is_none() {
        assert_eq!(told["token"]["scope"], body["scope"]);
        assert_eq!(told["token"]["expires_in"], body["expires_in"]);
        assert_eq!(told["decided_by"], "allowed");
    } else {
        assert_eq!(told["token"], Value::Null);
        assert!(!told["detail"].as_str().unwrap().is_empty());
    }
    told
}

on_both!(an_explanation_says_what_the_token_endpoint_does, |app| {
    let token = app.token_of(&app.integrator());
    let one = app.fixture.account_1.as_str();
    let nobodys = "acct_01hf7yat00000000000000000a";
    let organization = app.key_with_grants(&["payments:read fx", "*=disputes:read"]);
    let rows: &[Row<'_>] = &[
        (&[], None),
        (&[("scope", "fx")], None),
        (&[("scope", "")], None),
        (&[("scope", "fx disputes:read")], Some("invalid_scope")),
        (&[("scope", "fx  payments:read")], Some("invalid_scope")),
        (&[("account", one), ("scope", "fx disputes:read")], None),
        (&[("account", nobodys)], Some("invalid_target")),
        (&[("account", "shop one")], Some("invalid_target")),
        (&[("resource", PAYMENTS)], None),
        (&[("resource", "https://nobody.example.com")], Some("invalid_target")),
        (&[("resource", PAYMENTS), ("scope", "nothing:like-it")], Some("invalid_scope")),
    ];
    for row in rows {
        agree(app, &token, &organization, *row);
    }
    let missing = agree(app, &token, &organization, (&[("scope", "fx payments:write disputes:read")], Some("invalid_scope")));
    assert_eq!(missing["missing_scopes"], json!(["disputes:read", "payments:write"]));
    let accounts = app.key_with_grants(&["*=disputes:read"]);
    assert_eq!(agree(app, &token, &accounts, (&[], Some("invalid_target")))["decided_by"], "invalid_target");
    let found = agree(app, &token, &accounts, (&[("account", one)], None));
    assert_eq!(found["token"]["account"], one);
});

on_both!(an_explanation_names_the_state_of_the_key, |app| {
    let token = app.token_of(&app.integrator());
    let key = app.key_with_grants(&["fx"]);
    let path = format!("/api-keys/{}", key.client_id);
    let explain = |question: Value| app.api("POST", &format!("{path}/explain")).bearer(&token).json(&question).succeeds(200);
    let patch = |edit: Value| drop(app.api("PATCH", &path).bearer(&token).json(&edit).succeeds(200));
    patch(json!({"ip_allowlist": ["203.0.113.0/24"]}));
    let elsewhere = agree(app, &token, &key, (&[], Some("unauthorized_client")));
    assert!(elsewhere["detail"].as_str().unwrap().contains("203.0.113.0/24"), "{elsewhere}");
    assert_eq!(explain(json!({"ip": "203.0.113.7"}))["allowed"], true);
    assert_eq!(explain(json!({"ip": "::ffff:203.0.113.7"}))["allowed"], true);
    assert_eq!(explain(json!({}))["allowed"], true, "without an address the allowlist is not asked");
    patch(json!({"ip_allowlist": []}));
    // Before it is used for the first time, so memory does not know it yet.
    let late = app.key_with_grants(&["fx"]);
    app.site.sql(&format!("UPDATE api_keys SET expires_at = created_at WHERE client_id = '{}'", late.client_id));
    assert_eq!(agree(app, &token, &late, (&[], Some("invalid_client")))["decided_by"], "expired_key");
    app.api("POST", &format!("{path}/disable")).bearer(&token).succeeds(200);
    assert_eq!(agree(app, &token, &key, (&[], Some("invalid_client")))["decided_by"], "disabled");

    let tokens = app.site.sql("SELECT count(*) FROM audit_events WHERE action LIKE '%explain%'");
    assert_eq!(tokens.trim(), "0");
    for (question, field) in
        [(json!({"ip": "somewhere"}), "ip"), (json!({"scope": 1}), "scope"), (json!({"resource": "x"}), "resource")]
    {
        let told = app.api("POST", &format!("{path}/explain")).bearer(&token).json(&question).refused(422, "validation_failed");
        assert_eq!(told["errors"][0]["field"], field, "{told}");
    }
    // For developers too, and of one's own keys alone.
    let developer = app.signed_in("developer");
    assert_eq!(developer.api("POST", &format!("{path}/explain")).json(&json!({})).send().status, 200);
    let stranger = app.stranger("api-keys:read");
    app.api("POST", &format!("{path}/explain")).bearer(&stranger).json(&json!({})).refused(404, "not_found");
});
