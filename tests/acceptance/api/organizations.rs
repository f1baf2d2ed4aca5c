//! What operators do with organizations.

use serde_json::json;

use crate::support::api::all_pages;
use crate::support::on_both;

on_both!(operators_make_see_and_rename_organizations, |app| {
    let token = app.token_of(&app.operator());
    let response = app.api("POST", "/organizations").bearer(&token).json(&json!({"name": "Newcomer"})).send();
    assert_eq!(response.status, 201, "{response:?}");
    let made = response.json();
    let id = made["id"].as_str().unwrap();
    assert_eq!(response.header("location"), Some(format!("{}/api/v1/organizations/{id}", app.issuer).as_str()));
    assert_eq!(made["platform"], false);
    let path = format!("/organizations/{id}");
    let mut shown = app.api("GET", &path).bearer(&token).succeeds(200);
    assert_eq!(shown["counts"], json!({"accounts": 0, "api_keys": 0, "users": 0}));
    shown.as_object_mut().unwrap().remove("counts");
    assert_eq!(shown, made);
    let renamed = app.api("PATCH", &path).bearer(&token).json(&json!({"name": "Regular"})).succeeds(200);
    assert_eq!(renamed["name"], "Regular");
    assert_eq!(app.json(&["organizations", "show", id])["name"], "Regular");
    let all = all_pages(app, &token, "/organizations", 2);
    assert_eq!(all.len(), 4, "Acme, Other, the platform and the new one: {all:?}");
    assert_eq!(all.iter().filter(|organization| organization["platform"] == true).count(), 1);
    let found = app.api("GET", "/organizations?search=ACME").bearer(&token).succeeds(200);
    assert_eq!(found["data"][0]["id"], app.fixture.organization.as_str());
    let acme = format!("/organizations/{}", app.fixture.organization);
    app.user("developer");
    let counts = app.api("GET", &acme).bearer(&token).succeeds(200)["counts"].clone();
    let keys: i64 = app
        .site
        .sql(&format!("SELECT count(*) FROM api_keys WHERE organization_id = '{}'", app.fixture.organization))
        .trim()
        .parse()
        .unwrap();
    assert_eq!(counts, json!({"accounts": 2, "api_keys": keys, "users": 1}));
    let limits = json!({"enterprise_limits": {"requests_per_day": 0, "surprise": 1}});
    let told = app.api("PATCH", &acme).bearer(&token).json(&limits).refused(422, "validation_failed");
    let fields: Vec<&str> = told["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["enterprise_limits.requests_per_day", "enterprise_limits.surprise"]);
    app.api("PATCH", &acme).bearer(&token).json(&json!({"plan": "growth"})).succeeds(200);
    let on_plan = app.api("GET", "/organizations?plan=growth").bearer(&token).succeeds(200);
    assert_eq!(on_plan["data"].as_array().unwrap().len(), 1);
    assert_eq!(on_plan["data"][0]["id"], app.fixture.organization.as_str());
    app.api("GET", "/organizations?plan=No+Plan").bearer(&token).refused(400, "invalid_query");
    app.api("GET", "/organizations/org_01arz3ndektsv4rrffq69g5fav").bearer(&token).refused(404, "not_found");
    app.api("POST", "/organizations")
        .bearer(&token)
        .json(&json!({"name": "x", "platform": true}))
        .refused(422, "validation_failed");
});

on_both!(mg2_customers_do_not_reach_what_is_the_platforms, |app| {
    // A customer's key can't even hold these scopes, so its tokens are short of them.
    let token = app.token_of(&app.integrator());
    for path in ["/organizations", "/signing-keys"] {
        app.api("GET", path).bearer(&token).refused(403, "insufficient_scope");
    }
    let own = format!("/organizations/{}", app.fixture.organization);
    app.api("GET", &own).bearer(&token).refused(403, "insufficient_scope");
    app.api("POST", "/scopes").bearer(&token).json(&json!({})).refused(403, "insufficient_scope");
});
