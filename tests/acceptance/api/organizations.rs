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
    assert_eq!(app.api("GET", &path).bearer(&token).succeeds(200), made);
    let renamed = app.api("PATCH", &path).bearer(&token).json(&json!({"name": "Regular"})).succeeds(200);
    assert_eq!(renamed["name"], "Regular");
    assert_eq!(app.json(&["organizations", "show", id])["name"], "Regular");
    let all = all_pages(app, &token, "/organizations", 2);
    assert_eq!(all.len(), 4, "Acme, Other, the platform and the new one: {all:?}");
    assert_eq!(all.iter().filter(|organization| organization["platform"] == true).count(), 1);
    let found = app.api("GET", "/organizations?search=ACME").bearer(&token).succeeds(200);
    assert_eq!(found["data"][0]["id"], app.fixture.organization.as_str());
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
