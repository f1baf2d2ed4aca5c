//! The usage of the organization.

use std::time::Duration;

use serde_json::json;

use crate::support::tools::eventually;
use crate::support::{App, on_both};

const WITHIN: Duration = Duration::from_secs(20);

fn reader(app: &App) -> String {
    app.token_of(&app.key_with_grants(&["api-keys:read"]))
}

on_both!(the_usage_of_all_keys_and_of_one_is_shown_to_every_role, |app| {
    let evil = app.key_named("<img src=x onerror=alert(1)>", &["--grant", "a"]);
    let other = app.key_with_grants(&["a"]);
    let foreign = app.create_in_other(&["keys", "create", "--name", "Theirs", "--grant", "a"]);
    for key in [&evil, &evil, &other, &foreign] {
        app.token(key).accepted();
    }
    app.token(&other.with_wrong_secret()).unauthorized();
    for role in ["developer", "admin", "owner"] {
        let visitor = app.at_pages(role);
        let page = eventually(WITHIN, "three tokens and a refusal", || {
            let page = visitor.page("/usage");
            (page.contains("<dd>3</dd>") && page.contains("<dd>1</dd>")).then_some(page)
        });
        assert!(page.contains("&#60;img") && page.contains("role=\"img\"") && page.contains("Show as a table"), "{page}");
        assert!(!page.contains("Theirs") && !page.contains(&foreign.client_id), "{page}");
        let one = visitor.page(&format!("/usage?days=30&client_id={}", other.client_id));
        assert!(one.contains("<dd>1</dd>") && !one.contains("<dd>3</dd>") && one.contains("the last 30 days"), "{one}");
        for unknown in [foreign.client_id.as_str(), "key_1", "\"><x"] {
            let encoded: String = url::form_urlencoded::byte_serialize(unknown.as_bytes()).collect();
            let response = visitor.get(&format!("/usage?client_id={encoded}"));
            assert_eq!(response.status, 404, "{unknown}");
            let page = response.text();
            assert!(page.contains("client_id-error") && !page.contains("\"><x") && !page.contains("Theirs"), "{page}");
        }
    }
});

on_both!(a_rate_plan_at_work_is_shown_with_whose_it_is, |app| {
    app.json(&[
        "plans",
        "create",
        "narrow",
        "--requests-per-minute",
        "50",
        "--requests-per-day",
        "500",
        "--concurrent-connections",
        "4",
    ]);
    app.json(&["plans", "create", "trial", "--requests-per-day", "7", "--dry-run"]);
    let narrow = app.key_named("Narrow", &["--grant", "a", "--plan", "narrow"]);
    let trial = app.key_named("Trial", &["--grant", "a", "--plan", "trial"]);
    let free = app.key_with_grants(&["a"]);
    for key in [&narrow, &narrow, &trial, &free] {
        app.token(key).accepted();
    }
    let reader = reader(app);
    let told = |client_id: &str| app.api("GET", &format!("/api-keys/{client_id}/rate-limit")).bearer(&reader).succeeds(200);
    let limit = eventually(WITHIN, "two requests of the day", || {
        let told = told(&narrow.client_id);
        (told["day"]["used"] == 2).then_some(told)
    });
    assert_eq!((&limit["plan"], &limit["plan_of"], &limit["dry_run"]), (&json!("narrow"), &json!("api_key"), &json!(false)));
    assert_eq!((&limit["minute"]["limit"], &limit["day"]["limit"]), (&json!(50), &json!(500)));
    assert_eq!(limit["concurrent"], json!({"limit": 4, "in_progress": 0}));
    assert!(limit["day"]["resets_at"].as_str().unwrap().ends_with("T00:00:00Z"), "{limit}");
    let trial = told(&trial.client_id);
    assert_eq!((&trial["dry_run"], &trial["minute"], &trial["concurrent"]), (&json!(true), &json!(null), &json!(null)));
    let unlimited = told(&free.client_id);
    assert_eq!(
        (&unlimited["plan"], &unlimited["plan_of"], &unlimited["day"]),
        (&json!("unlimited"), &json!("server"), &json!(null))
    );
    let page = app.at_pages("developer").page("/usage");
    for words in ["2 of 50", "the key&#39;s own", "Dry run: counted, nothing refused", "No limit"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    // The plan of the organization, with limits of its own.
    let organization = app.fixture.organization.as_str();
    app.json(&["organizations", "edit", organization, "--plan", "enterprise", "--requests-per-day", "9000"]);
    let told = told(&free.client_id);
    assert_eq!(
        (&told["plan"], &told["plan_of"], &told["day"]["limit"]),
        (&json!("enterprise"), &json!("organization"), &json!(9000))
    );
    let foreign = app.create_in_other(&["keys", "create", "--name", "F", "--grant", "a"]);
    app.api("GET", &format!("/api-keys/{}/rate-limit", foreign.client_id)).bearer(&reader).refused(404, "not_found");
});

on_both!(the_organizations_hours_are_the_sum_of_its_keys, |app| {
    let keys = [app.key_with_grants(&["a"]), app.key_with_grants(&["a"])];
    let foreign = app.create_in_other(&["keys", "create", "--name", "F", "--grant", "a"]);
    for key in [&keys[0], &keys[1], &keys[1], &foreign] {
        app.token(key).accepted();
    }
    app.token(&keys[0].with_wrong_secret()).unauthorized();
    // The token that asks is one of the organization's too.
    let reader = reader(app);
    let usage = eventually(WITHIN, "four tokens and a refusal", || {
        let usage = app.api("GET", "/usage/hours").bearer(&reader).succeeds(200);
        (usage["totals"] == json!({"tokens": 4, "refusals": 1})).then_some(usage)
    });
    let sum = |of: &str| usage["hours"].as_array().unwrap().iter().map(|hour| hour[of].as_i64().unwrap()).sum::<i64>();
    assert_eq!((sum("tokens"), sum("refusals")), (4, 1));
    let get = |query: &str| app.api("GET", &format!("/usage/hours{query}")).bearer(&reader);
    assert_eq!(get("?to=2026-01-02T00:00:00Z").succeeds(200)["hours"], json!([]));
    get("?limit=5").refused(400, "invalid_query");
    get("?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z").refused(400, "invalid_query");
});
