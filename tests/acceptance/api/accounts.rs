//! The caller's own organization and its accounts.

use serde_json::{Value, json};

use crate::support::api::all_pages;
use crate::support::on_both;

on_both!(an_organization_sees_and_renames_itself, |app| {
    let token = app.token_of(&app.integrator());
    let shown = app.api("GET", "/organization").bearer(&token).succeeds(200);
    assert_eq!(shown["id"], app.fixture.organization.as_str());
    assert_eq!((&shown["name"], &shown["platform"]), (&json!("Acme"), &json!(false)));
    let renamed = app.api("PATCH", "/organization").bearer(&token).json(&json!({"name": "Acme Ltd"})).succeeds(200);
    assert_eq!(renamed["name"], "Acme Ltd");
    assert_eq!(app.api("GET", "/organization").bearer(&token).succeeds(200), renamed);
    let rows = app.audit_rows("organization.edited");
    assert_eq!((&rows[0].2, &rows[0].3), (&json!({"name": "Acme"}), &json!({"name": "Acme Ltd"})));
    // Nothing changed: nothing is written down.
    app.api("PATCH", "/organization").bearer(&token).json(&json!({})).succeeds(200);
    app.api("PATCH", "/organization").bearer(&token).json(&json!({"name": "Acme Ltd"})).succeeds(200);
    assert_eq!(app.audit_rows("organization.edited").len(), 1);
    for (body, field) in [(json!({"name": ""}), "name"), (json!({"platform": true}), "platform"), (json!({"plan": 1}), "plan")] {
        let problem = app.api("PATCH", "/organization").bearer(&token).json(&body).refused(422, "validation_failed");
        assert_eq!(problem["errors"][0]["field"], field);
    }
    let reader = app.token_of(&app.key_with_grants(&["accounts:read"]));
    app.api("PATCH", "/organization").bearer(&reader).json(&json!({"name": "x"})).refused(403, "insufficient_scope");
});

on_both!(an_account_is_made_shown_renamed_and_usable_at_once, |app| {
    let key = app.integrator();
    let token = app.token_of(&key);
    let response = app.api("POST", "/accounts").bearer(&token).json(&json!({"name": "Shop Three"})).send();
    assert_eq!(response.status, 201, "{response:?}");
    let account = response.json();
    let id = account["id"].as_str().unwrap();
    assert_eq!(response.header("location"), Some(format!("{}/api/v1/accounts/{id}", app.issuer).as_str()));
    assert_eq!(account["organization_id"], app.fixture.organization.as_str());
    assert_eq!(app.api("GET", &format!("/accounts/{id}")).bearer(&token).succeeds(200), account);
    assert_eq!(app.token(&key).account(id).accepted().claims["account"], id);
    let renamed = app.api("PATCH", &format!("/accounts/{id}")).bearer(&token).json(&json!({"name": "III"})).succeeds(200);
    assert_eq!((&renamed["name"], &renamed["created_at"]), (&json!("III"), &account["created_at"]));
    let created = app.audit_rows("account.created");
    assert!(
        created.iter().any(|row| row.0 == key.client_id && row.1 == id && row.3 == json!({"name": "Shop Three"})),
        "{created:?}"
    );
    assert_eq!(app.audit_rows("account.edited")[0].3, json!({"name": "III"}));
});

on_both!(accounts_come_in_pages_newest_first_and_can_be_searched, |app| {
    let token = app.token_of(&app.integrator());
    for n in 0..5 {
        app.api("POST", "/accounts").bearer(&token).json(&json!({"name": format!("Branch {n}")})).succeeds(201);
    }
    let all = all_pages(app, &token, "/accounts", 3);
    let ids: Vec<&str> = all.iter().map(|account| account["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 7);
    assert!(ids.windows(2).all(|pair| pair[0] > pair[1]), "{ids:?}");
    assert!(!ids.contains(&app.fixture.foreign_account.as_str()));
    let names = |query: &str| -> Vec<Value> {
        let page = app.api("GET", &format!("/accounts?search={query}")).bearer(&token).succeeds(200);
        page["data"].as_array().unwrap().iter().map(|account| account["name"].clone()).collect()
    };
    assert_eq!(names("bRANCH%204"), ["Branch 4"]);
    assert_eq!(names("shop"), ["Shop Two", "Shop One"]);
    assert!(names("%25").is_empty() && names("_").is_empty(), "no wildcards");
    for bad in ["search=%00", "limit=0", "cursor=x", "order=name"] {
        app.api("GET", &format!("/accounts?{bad}")).bearer(&token).refused(400, "invalid_query");
    }
});

on_both!(another_organizations_account_is_not_there, |app| {
    let token = app.token_of(&app.integrator());
    let path = format!("/accounts/{}", app.fixture.foreign_account);
    app.api("GET", &path).bearer(&token).refused(404, "not_found");
    app.api("PATCH", &path).bearer(&token).json(&json!({"name": "Mine"})).refused(404, "not_found");
    let theirs = app.api("GET", &path).bearer(&app.stranger("accounts:read")).succeeds(200);
    assert_eq!(theirs["name"], "Foreign Shop");
});
