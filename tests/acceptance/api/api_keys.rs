//! Keys by the management API.

use serde_json::{Value, json};

use crate::support::api::small_key;
use crate::support::on_both;

on_both!(a_key_made_by_the_api_works_at_once, |app| {
    let token = app.token_of(&app.integrator());
    let body = json!({
        "name": "Disputes", "kind": "scoped",
        "grants": [{"account_id": app.fixture.account_1, "scopes": ["disputes:write"]}, {"account_id": "*", "scopes": ["refunds:create"]}],
        "ip_allowlist": ["127.0.0.1", "10.0.0.0/8"], "max_payout": "55.00", "token_lifetime_seconds": 600,
        "token_endpoint_auth_method": "client_secret_basic", "plan": null, "expires_at": "2090-01-01T00:00:00Z",
    });
    let response = app.api("POST", "/api-keys").bearer(&token).json(&body).send();
    assert_eq!(response.status, 201, "{response:?}");
    let key = response.json();
    let id = key["client_id"].as_str().unwrap();
    let location = format!("{}/api/v1/api-keys/{id}", app.issuer);
    assert_eq!(response.header("location"), Some(location.as_str()));
    for (name, value) in body.as_object().unwrap() {
        if name != "grants" {
            assert_eq!(&key[name], value, "{name}");
        }
    }
    assert_eq!(key["grants"].as_array().unwrap().len(), 2);
    assert_eq!(key["organization_id"], app.fixture.organization.as_str());
    let made = crate::support::Key::from_json(key.clone());
    let granted = app.token(&made).account(&app.fixture.account_1).accepted();
    assert_eq!(granted.claims["scope"], "disputes:read disputes:write refunds:create");

    let shown = app.api("GET", &format!("/api-keys/{id}")).bearer(&token).succeeds(200);
    assert!(shown.get("client_secret").is_none(), "{shown}");
    let hint = format!("clv_...{}", &made.client_secret[made.client_secret.len() - 4..]);
    assert_eq!(shown["secrets"][0]["hint"], hint.as_str());
});

on_both!(mg3_a_secret_is_in_no_other_answer, |app| {
    let token = app.token_of(&app.integrator());
    let key = app.api_create(&token, &small_key("Canary"));
    let path = format!("/api-keys/{}", key.client_id);
    let regenerated = app.api("POST", &format!("{path}/regenerate")).bearer(&token).succeeds(200);
    let copy = app.api("POST", &format!("{path}/duplicate")).bearer(&token).succeeds(201);
    let secrets = [&key.json, &regenerated, &copy].map(|json| json["client_secret"].as_str().unwrap().to_owned());
    let answers = [
        app.api("GET", "/api-keys").bearer(&token).send(),
        app.api("GET", &path).bearer(&token).send(),
        app.api("PATCH", &path).bearer(&token).json(&json!({"name": "New"})).send(),
        app.api("POST", &format!("{path}/disable")).bearer(&token).send(),
        app.api("POST", &format!("{path}/enable")).bearer(&token).send(),
        app.api("POST", &format!("{path}/revoke-tokens")).bearer(&token).send(),
    ];
    for answer in answers {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(secrets.iter().all(|secret| !answer.text().contains(&secret[4..30])), "{answer:?}");
    }
});

on_both!(an_edit_changes_what_it_names_and_nothing_else, |app| {
    let token = app.token_of(&app.integrator());
    let key = app.api_create(&token, &json!({
        "name": "A", "grants": [{"account_id": null, "scopes": ["a", "b"]}], "max_payout": "10", "ip_allowlist": ["127.0.0.1"],
    }));
    let path = format!("/api-keys/{}", key.client_id);
    let edited = app.api("PATCH", &path).bearer(&token).json(&json!({"name": "B", "max_payout": null})).succeeds(200);
    assert_eq!(edited["name"], "B");
    assert_eq!(edited["max_payout"], Value::Null);
    assert_eq!(edited["ip_allowlist"], json!(["127.0.0.1"]));
    app.token(&key).accepted();
    let grants = json!({"grants": [{"account_id": null, "scopes": ["b"]}], "token_lifetime_seconds": 60});
    app.api("PATCH", &path).bearer(&token).json(&grants).succeeds(200);
    // SC8: on this node at once.
    app.token(&key).scope("a").refused(400, "invalid_scope");
    assert_eq!(app.token(&key).accepted().claims["scope"], "b");
    for fixed in ["kind", "client_id", "token_endpoint_auth_method", "account_id", "client_secret", "secrets"] {
        let problem = app.api("PATCH", &path).bearer(&token).json(&json!({fixed: "admin"})).refused(422, "validation_failed");
        assert_eq!(problem["errors"][0]["field"], fixed);
    }
});

on_both!(regenerate_honours_the_grace_period, |app| {
    let token = app.token_of(&app.integrator());
    let key = app.api_create(&token, &small_key("Rotating"));
    let path = format!("/api-keys/{}/regenerate", key.client_id);
    let new = app.api("POST", &path).bearer(&token).json(&json!({"grace_period_seconds": 600})).succeeds(200);
    let new = crate::support::Key::from_json(new);
    app.token(&key).accepted();
    app.token(&new).accepted();
    assert_eq!(new.json["secrets"].as_array().unwrap().len(), 2);
    let newest = crate::support::Key::from_json(app.api("POST", &path).bearer(&token).succeeds(200));
    app.token(&key).unauthorized();
    app.token(&new).unauthorized();
    app.token(&newest).accepted();
    app.api("POST", &path).bearer(&token).json(&json!({"grace_period_seconds": 604_801})).refused(422, "validation_failed");
    app.api("POST", &path).bearer(&token).json(&json!({"grace_period_seconds": "1"})).refused(422, "validation_failed");
});

on_both!(disable_enable_and_delete_take_effect_before_the_answer, |app| {
    let token = app.token_of(&app.integrator());
    let key = app.api_create(&token, &small_key("Switch"));
    let path = format!("/api-keys/{}", key.client_id);
    assert!(app.api("POST", &format!("{path}/disable")).bearer(&token).succeeds(200)["disabled_at"].is_string());
    app.token(&key).unauthorized();
    assert!(app.api("POST", &format!("{path}/enable")).bearer(&token).succeeds(200)["disabled_at"].is_null());
    app.token(&key).accepted();
    let response = app.api("DELETE", &path).bearer(&token).send();
    assert_eq!((response.status, response.body.len()), (204, 0));
    app.token(&key).unauthorized();
    app.api("GET", &path).bearer(&token).refused(404, "not_found");
    app.api("DELETE", &path).bearer(&token).refused(404, "not_found");
});

on_both!(a_copy_has_the_same_settings, |app| {
    let token = app.token_of(&app.integrator());
    let long = "x".repeat(64);
    let original = app.api_create(&token, &json!({
        "name": long, "grants": [{"account_id": "*", "scopes": ["disputes:read"]}], "ip_allowlist": ["::1"], "max_payout": "1.5",
    }));
    let copy = app.api("POST", &format!("/api-keys/{}/duplicate", original.client_id)).bearer(&token).succeeds(201);
    assert_eq!(copy["name"], format!("{} (copy)", "x".repeat(57)));
    for same in ["grants", "ip_allowlist", "max_payout", "kind", "token_lifetime_seconds", "plan", "expires_at"] {
        assert_eq!(copy[same], original.json[same], "{same}");
    }
    assert_ne!(copy["client_id"], original.json["client_id"]);
});

on_both!(lists_come_in_pages_newest_first, |app| {
    let token = app.token_of(&app.integrator());
    let made: Vec<String> = (0..7).map(|n| app.api_create(&token, &small_key(&format!("N{n}"))).client_id).collect();
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = app.api("GET", &format!("/api-keys?limit=3{cursor}")).bearer(&token).succeeds(200);
        let data = page["data"].as_array().unwrap();
        assert!(data.len() <= 3);
        seen.extend(data.iter().map(|key| key["client_id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let mut sorted = seen.clone();
    sorted.sort_unstable();
    sorted.dedup();
    sorted.reverse();
    assert_eq!(sorted, seen, "each once, the newest first");
    assert!(made.iter().all(|id| seen.contains(id)));
    for bad in
        ["limit=0", "limit=-1", "limit=201", "limit=9223372036854775808", "cursor=!", "cursor=", "sort=size", "limit=1&limit=2"]
    {
        app.api("GET", &format!("/api-keys?{bad}")).bearer(&token).refused(400, "invalid_query");
    }
});

on_both!(another_organizations_key_is_not_there, |app| {
    let foreign = app.json(&[
        "keys",
        "create",
        "--organization",
        &app.fixture.other_organization,
        "--name",
        "Foreign",
        "--grant",
        "api-keys:write a",
    ]);
    let foreign = crate::support::Key::from_json(foreign);
    let theirs = app.token_of(&foreign);
    let mine = app.api_create(&app.token_of(&app.integrator()), &small_key("Mine"));
    let path = format!("/api-keys/{}", mine.client_id);
    for (method, path) in every_way(&path) {
        app.api(method, &path).bearer(&theirs).refused(404, "not_found");
    }
    app.token(&mine).accepted();
    let listed = app.api("GET", "/api-keys").bearer(&theirs).succeeds(200);
    assert_eq!(listed["data"].as_array().unwrap().len(), 1, "{listed}");
    let grants = json!({"name": "x", "grants": [{"account_id": app.fixture.account_1, "scopes": ["disputes:read"]}]});
    app.api("POST", "/api-keys").bearer(&theirs).json(&grants).refused(422, "validation_failed");
});

fn every_way(path: &str) -> Vec<(&'static str, String)> {
    let actions = ["regenerate", "duplicate", "disable", "enable", "revoke-tokens"];
    let mut all: Vec<(&'static str, String)> = actions.iter().map(|action| ("POST", format!("{path}/{action}"))).collect();
    all.extend(["GET", "PATCH", "DELETE"].map(|method| (method, path.to_owned())));
    all
}
