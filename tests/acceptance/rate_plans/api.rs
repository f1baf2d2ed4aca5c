//! Rate plans at the management API: its requests count, and operators manage the plans there.

use serde_json::json;

use crate::support::api::{problem, small_key};
use crate::support::rate_limit::{assert_unlimited, left, room_in_this_minute};
use crate::support::tools::{HONOURED_WITHIN, eventually};
use crate::support::{App, Key, on_both};

/// The platform's own organization.
const PLATFORM: &str = "org_00000000000000000000000000";

/// A token of a new key of the platform that holds these scopes.
fn operator(app: &App, scopes: &str) -> String {
    let made = app.json(&["keys", "create", "--organization", PLATFORM, "--name", "Operator", "--grant", scopes]);
    app.token_of(&Key::from_json(made))
}

on_both!(tl9_requests_to_the_management_api_count_too, |app| {
    app.plan("five", &["--requests-per-minute", "5"]);
    let key = app.create_key(&["--grant", "api-keys:read", "--plan", "five"]);
    room_in_this_minute(15);
    let token = app.token_of(&key);
    let list = || app.api("GET", "/api-keys").bearer(&token);
    assert_eq!(left(&list().send(), "minute").0, 3);
    // Refused for another reason, and counted.
    let response = app.api("POST", "/api-keys").bearer(&token).json(&json!({})).send();
    problem(&response, 403, "insufficient_scope");
    assert_eq!(left(&response, "minute").0, 2);
    // Not the key's: nobody knows whose it is.
    assert_unlimited(&app.api("GET", "/api-keys").bearer("x").send());
    list().succeeds(200);
    list().succeeds(200);
    let response = list().send();
    problem(&response, 429, "rate_limit_exceeded");
    let (remaining, reset) = left(&response, "minute");
    assert_eq!(remaining, 0);
    assert_eq!(response.header("retry-after"), Some(reset.to_string().as_str()));
    // One count for both.
    app.token(&key).refused(429, "temporarily_unavailable");
    assert_unlimited(&app.api("GET", "/api-keys").bearer(&app.token_of(&app.integrator())).send());
});

on_both!(operators_manage_plans, |app| {
    let token = operator(app, "plans:write");
    let api = |method: &str, path: &str| app.api(method, path).bearer(&token);
    let plans = api("GET", "/plans").succeeds(200);
    let names: Vec<&str> = plans["data"].as_array().unwrap().iter().map(|plan| plan["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["enterprise", "growth", "starter", "unlimited"]);
    assert_eq!(plans["next_cursor"], json!(null));
    let starter = json!({
        "name": "starter", "requests_per_minute": 60, "requests_per_day": 10_000, "concurrent_connections": 5, "dry_run": false,
    });
    assert_eq!(plans["data"][2], starter);
    assert_eq!(api("GET", "/plans/starter").succeeds(200), starter);

    let mine = json!({"name": "mine", "requests_per_minute": 7});
    let response = api("POST", "/plans").json(&mine).send();
    assert_eq!((response.status, response.header("location")), (201, Some(format!("{}/api/v1/plans/mine", app.issuer).as_str())));
    let made = response.json();
    let whole = json!({
        "name": "mine", "requests_per_minute": 7, "requests_per_day": null, "concurrent_connections": null, "dry_run": false,
    });
    assert_eq!(made, whole);
    api("POST", "/plans").json(&mine).refused(409, "conflict");
    let edited = api("PATCH", "/plans/mine").json(&json!({"requests_per_minute": null, "requests_per_day": 9, "dry_run": true}));
    let edited = edited.succeeds(200);
    assert_eq!((&edited["requests_per_minute"], &edited["requests_per_day"]), (&json!(null), &json!(9)));
    assert_eq!((&edited["concurrent_connections"], &edited["dry_run"]), (&json!(null), &json!(true)));
    // A plan in use stays.
    let key = app.key_on("mine");
    api("DELETE", "/plans/mine").refused(409, "conflict");
    app.key_action("edit", &key, &["--clear", "plan"]);
    api("DELETE", "/plans/mine").succeeds(204);
    api("GET", "/plans/mine").refused(404, "not_found");
    api("DELETE", "/plans/mine").refused(404, "not_found");
    api("DELETE", "/plans/enterprise").refused(409, "conflict");
    api("DELETE", "/plans/unlimited").refused(409, "conflict");
});

on_both!(mg8_pages_of_plans_are_whole, |app| {
    let token = operator(app, "plans:read");
    let mut seen = Vec::new();
    let mut path = "/plans?limit=3".to_owned();
    loop {
        let page = app.api("GET", &path).bearer(&token).succeeds(200);
        seen.extend(page["data"].as_array().unwrap().iter().map(|plan| plan["name"].as_str().unwrap().to_owned()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        path = format!("/plans?limit=3&cursor={next}");
    }
    assert_eq!(seen, ["enterprise", "growth", "starter", "unlimited"]);
});

on_both!(plans_that_break_rules_are_refused, |app| {
    let token = operator(app, "plans:write");
    let api = |method: &str, path: &str| app.api(method, path).bearer(&token);
    for (body, field) in [
        (json!({}), "name"),
        (json!({"name": "No Name"}), "name"),
        (json!({"name": "x", "requests_per_minute": 0}), "requests_per_minute"),
        (json!({"name": "x", "requests_per_day": -1}), "requests_per_day"),
        (json!({"name": "x", "requests_per_day": 1_000_000_001}), "requests_per_day"),
        (json!({"name": "x", "concurrent_connections": "5"}), "concurrent_connections"),
        (json!({"name": "x", "concurrent_connections": 1.5}), "concurrent_connections"),
        (json!({"name": "x", "dry_run": null}), "dry_run"),
        (json!({"name": "x", "surprise": 1}), "surprise"),
    ] {
        let refused = api("POST", "/plans").json(&body).refused(422, "validation_failed");
        assert_eq!(refused["errors"][0]["field"], field, "{refused}");
    }
    api("PATCH", "/plans/starter").json(&json!({"name": "other"})).refused(422, "validation_failed");
    api("PATCH", "/plans/enterprise").json(&json!({"requests_per_minute": 5})).refused(422, "validation_failed");
    api("PATCH", "/plans/enterprise").json(&json!({"dry_run": true})).succeeds(200);
    api("PATCH", "/plans/No%20Name").json(&json!({})).refused(404, "not_found");
    api("GET", "/plans?limit=0").refused(400, "invalid_query");
});

on_both!(mg7_plans_are_for_operators_alone, |app| {
    let reader = operator(app, "plans:read");
    app.api("GET", "/plans").bearer(&reader).succeeds(200);
    app.api("POST", "/plans").bearer(&reader).json(&json!({"name": "x"})).refused(403, "insufficient_scope");
    app.api("PATCH", "/plans/starter").bearer(&reader).json(&json!({})).refused(403, "insufficient_scope");
    app.api("DELETE", "/plans/starter").bearer(&reader).refused(403, "insufficient_scope");
    let customer = app.token_of(&app.integrator());
    app.api("GET", "/plans").bearer(&customer).refused(403, "insufficient_scope");
    app.api("GET", "/plans").refused(401, "unauthenticated");
});

on_both!(a_change_by_the_api_counts_at_once, |app| {
    let token = operator(app, "plans:write");
    app.plan("mine", &["--requests-per-minute", "50"]);
    let key = app.key_on("mine");
    eventually(HONOURED_WITHIN, "the plan", || app.token(&key).send().header("ratelimit-policy").map(drop));
    app.api("PATCH", "/plans/mine").bearer(&token).json(&json!({"requests_per_minute": 70})).succeeds(200);
    assert_eq!(app.token(&key).send().header("ratelimit-policy"), Some("\"minute\";q=70;w=60"));
});

on_both!(a_customer_narrows_its_plan_and_never_widens_it, |app| {
    let token = app.token_of(&app.integrator());
    let with = |plan: &str| {
        let mut body = small_key("x");
        body["plan"] = json!(plan);
        app.api("POST", "/api-keys").bearer(&token).json(&body)
    };
    // The organization has no plan and the server no limits.
    with("growth").succeeds(201);
    with("unlimited").succeeds(201);
    with("nonsense").refused(422, "validation_failed");
    app.json(&["organizations", "edit", &app.fixture.organization, "--plan", "growth"]);
    app.plan("trial", &["--requests-per-minute", "1", "--dry-run"]);
    app.plan("half", &["--requests-per-minute", "60", "--requests-per-day", "10000"]);
    let made = app.api_create(&token, &{
        let mut body = small_key("y");
        body["plan"] = json!("starter");
        body
    });
    with("growth").succeeds(201);
    for wider in ["unlimited", "enterprise", "trial", "half"] {
        with(wider).refused(403, "beyond_own_plan");
    }
    let path = format!("/api-keys/{}", made.client_id);
    let edit = |body: serde_json::Value| app.api("PATCH", &path).bearer(&token).json(&body);
    edit(json!({"plan": "unlimited"})).refused(403, "beyond_own_plan");
    edit(json!({"plan": null})).succeeds(200);
    // The platform may give a key more, and that does not stand in the way of other changes.
    app.key_action("edit", &made, &["--plan", "unlimited"]);
    edit(json!({"name": "z"})).succeeds(200);
});
