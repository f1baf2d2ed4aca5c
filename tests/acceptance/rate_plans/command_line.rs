//! `claviger plans` and `organizations edit`.

use serde_json::json;

use crate::support::on_both;

on_both!(plans_are_made_listed_shown_changed_and_deleted, |app| {
    let made = app.plan("mine", &["--requests-per-minute", "7", "--concurrent-connections", "2"]);
    let whole = json!({
        "name": "mine", "requests_per_minute": 7, "requests_per_day": null, "concurrent_connections": 2, "dry_run": false,
    });
    assert_eq!(made, whole);
    assert_eq!(app.json(&["plans", "show", "mine"]), whole);
    let all = app.json(&["plans", "list"]);
    let names: Vec<&str> = all.as_array().unwrap().iter().map(|plan| plan["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["enterprise", "growth", "mine", "starter", "unlimited"]);
    let edited = app.json(&["plans", "edit", "mine", "--requests-per-day", "9", "--clear", "requests_per_minute", "--dry-run"]);
    assert_eq!(
        (&edited["requests_per_minute"], &edited["requests_per_day"], &edited["dry_run"]),
        (&json!(null), &json!(9), &json!(true))
    );
    assert_eq!(edited["concurrent_connections"], 2, "what is not named stays");
    app.cli(&["plans", "create", "mine"]).failed_with(1);
    app.cli(&["plans", "create", "No Name"]).failed_with(2);
    app.cli(&["plans", "create", "x", "--requests-per-minute", "0"]).failed_with(2);
    app.cli(&["plans", "edit", "mine", "--clear", "name"]).failed_with(2);
    app.cli(&["plans", "edit", "enterprise", "--requests-per-day", "9"]).failed_with(1);
    app.cli(&["plans", "show", "none"]).failed_with(1);
    assert_eq!(app.json(&["plans", "delete", "mine"]), json!({"name": "mine", "deleted": true}));
    app.cli(&["plans", "delete", "mine"]).failed_with(1);
});

on_both!(a_plan_in_use_cannot_be_deleted, |app| {
    app.plan("of-key", &[]);
    app.plan("of-organization", &[]);
    app.key_on("of-key");
    app.json(&["organizations", "edit", &app.fixture.organization, "--plan", "of-organization"]);
    for plan in ["of-key", "of-organization"] {
        let refused = app.cli(&["plans", "delete", plan]).failed_with(1);
        assert!(refused.stderr.contains("in use"), "{refused:?}");
    }
});

on_both!(an_organization_is_changed, |app| {
    let id = app.fixture.organization.as_str();
    let edited = app.json(&["organizations", "edit", id, "--name", "Acme Two", "--plan", "growth", "--requests-per-day", "5"]);
    assert_eq!((&edited["name"], &edited["plan"]), (&json!("Acme Two"), &json!("growth")));
    let limits = json!({"requests_per_minute": null, "requests_per_day": 5, "concurrent_connections": null});
    assert_eq!(edited["enterprise_limits"], limits);
    assert_eq!(app.json(&["organizations", "show", id]), edited);
    let cleared = app.json(&["organizations", "edit", id, "--clear", "plan", "--clear", "requests_per_day"]);
    assert_eq!((&cleared["name"], &cleared["plan"]), (&json!("Acme Two"), &json!(null)));
    app.cli(&["organizations", "edit", id, "--plan", "none"]).failed_with(1);
    app.cli(&["organizations", "edit", id, "--clear", "name"]).failed_with(2);
    app.cli(&["organizations", "edit", "org_01arz3ndektsv4rrffq69g5fav", "--name", "X"]).failed_with(1);
});
