//! The password again, for what is sensitive.

use serde_json::{Value, json};

use crate::support::on_both;
use crate::support::people::an_email;

on_both!(mg6_what_is_sensitive_needs_a_fresh_proof, |app| {
    let owner = app.signed_in("owner");
    let key = &app.fixture.k1.client_id;
    let user = app.user("developer");
    let small = json!({"name": "x", "grants": [{"account_id": null, "scopes": ["a"]}]});
    let sensitive: Vec<(&str, String, Value)> = vec![
        ("POST", "/api-keys".to_owned(), small.clone()),
        ("PATCH", format!("/api-keys/{key}"), json!({"name": "y"})),
        ("POST", format!("/api-keys/{key}/regenerate"), json!({})),
        ("POST", format!("/api-keys/{key}/duplicate"), json!({})),
        ("POST", format!("/api-keys/{key}/revoke-tokens"), json!({})),
        ("POST", format!("/api-keys/{key}/disable"), json!({})),
        ("POST", format!("/api-keys/{key}/enable"), json!({})),
        ("POST", "/users".to_owned(), json!({"email": an_email(), "role": "developer"})),
        ("PATCH", format!("/users/{}", user.id), json!({"role": "admin"})),
        ("DELETE", format!("/users/{}", user.id), json!({})),
        ("DELETE", format!("/api-keys/{key}"), json!({})),
    ];
    let age = |seconds: i64| app.site.sql(&format!("UPDATE sessions SET proved_at = proved_at - {seconds}"));
    age(301);
    assert_eq!(owner.bare("GET", "/session").succeeds(200)["has_fresh_proof"], false);
    for (method, path, body) in &sensitive {
        owner.api(method, path).json(body).refused(403, "reauth_required");
    }
    // What only shows, or ends, needs none.
    owner.bare("GET", "/api-keys").succeeds(200);
    owner.bare("GET", "/users").succeeds(200);
    owner.reauthenticate();
    assert_eq!(owner.bare("GET", "/session").succeeds(200)["has_fresh_proof"], true);
    for (method, path, body) in &sensitive {
        let status = owner.api(method, path).json(body).send().status;
        assert!((200..300).contains(&status), "{method} {path}: {status}");
    }
});

on_both!(mg6_only_the_password_is_a_proof, |app| {
    let (owner, other) = (app.signed_in("owner"), app.user("owner"));
    app.site.sql("UPDATE sessions SET proved_at = proved_at - 301");
    let again = |body: &Value| owner.api("POST", "/session/reauthenticate").json(body);
    for body in
        [json!({}), json!({"password": null}), json!({"password": true}), json!({"password": ["x"]}), json!({"code": "1"})]
    {
        again(&body).refused(422, "validation_failed");
    }
    owner.api("POST", "/session/reauthenticate").refused(422, "validation_failed");
    for wrong in ["", "wrong", other.password.as_str(), &"x".repeat(9_999)] {
        again(&json!({"password": wrong})).refused(403, "invalid_credentials");
    }
    let body = json!({"email": an_email(), "role": "developer"});
    owner.api("POST", "/users").json(&body).refused(403, "reauth_required");
});

on_both!(mg4_the_proof_is_of_one_session_and_changes_its_cookie, |app| {
    let login = app.user("owner");
    let (one, two) = (app.sign_in(&login), app.sign_in(&login));
    app.site.sql("UPDATE sessions SET proved_at = proved_at - 301");
    let (cookie, csrf) = (one.cookie(), one.csrf());
    one.reauthenticate();
    assert_ne!(one.cookie(), cookie);
    assert_ne!(one.csrf(), csrf);
    app.api("GET", "/session").header("Cookie", format!("__Host-claviger_session={cookie}")).refused(401, "invalid_session");
    let body = json!({"email": an_email(), "role": "developer"});
    two.api("POST", "/users").json(&body).refused(403, "reauth_required");
    one.api("POST", "/users").json(&body).succeeds(201);
    let sessions = one.bare("GET", "/sessions").succeeds(200);
    assert_eq!(sessions["data"].as_array().unwrap().len(), 2, "the same session goes on: {sessions}");
});
