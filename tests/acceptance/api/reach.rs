//! A key that manages keys never gives away more than it holds itself.

use serde_json::json;

use crate::support::api::small_key;
use crate::support::on_both;

on_both!(a_key_cannot_grant_what_it_does_not_hold, |app| {
    let account = app.fixture.account_1.as_str();
    let key = app.key_with_grants(&["api-keys:write a payments:write", &format!("{account}=disputes:read")]);
    let token = app.token_of(&key);
    let create = |account_id: serde_json::Value, scope: &str| {
        let body = json!({"name": "x", "grants": [{"account_id": account_id, "scopes": [scope]}]});
        app.api("POST", "/api-keys").bearer(&token).json(&body)
    };
    create(json!(null), "a").succeeds(201);
    create(json!(null), "payments:read").succeeds(201);
    create(json!(account), "disputes:read").succeeds(201);
    for (target, scope) in [
        (json!(null), "b"),
        (json!(null), "payments:admin"),
        (json!(null), "accounts:read"),
        (json!(account), "disputes:write"),
        (json!(app.fixture.account_2), "disputes:read"),
        (json!("*"), "disputes:read"),
    ] {
        create(target, scope).refused(403, "beyond_own_grants");
    }
});

on_both!(a_key_cannot_act_on_one_that_holds_more, |app| {
    let weak = app.token_of(&app.key_with_grants(&["api-keys:write a"]));
    let strong = app.key_with_grants(&["a b"]);
    let path = format!("/api-keys/{}", strong.client_id);
    for action in ["regenerate", "duplicate", "disable", "enable", "revoke-tokens"] {
        app.api("POST", &format!("{path}/{action}")).bearer(&weak).refused(403, "beyond_own_grants");
    }
    app.api("DELETE", &path).bearer(&weak).refused(403, "beyond_own_grants");
    app.api("PATCH", &path)
        .bearer(&weak)
        .json(&json!({"grants": [{"account_id": null, "scopes": ["a"]}]}))
        .refused(403, "beyond_own_grants");
    app.token(&strong).accepted();
    // What it sees, it may see: that is what api-keys:read is for.
    app.api("GET", &path).bearer(&weak).succeeds(200);
    // Nor can it raise what it may act on.
    let equal = app.api_create(&weak, &small_key("Equal"));
    let raised = json!({"grants": [{"account_id": null, "scopes": ["a", "b"]}]});
    app.api("PATCH", &format!("/api-keys/{}", equal.client_id)).bearer(&weak).json(&raised).refused(403, "beyond_own_grants");
});

on_both!(a_key_never_makes_an_admin_key, |app| {
    let admin = app.create_key(&["--admin"]);
    let token = app.token_of(&admin);
    for account in [json!(null), json!(app.fixture.account_1)] {
        let body = json!({"name": "x", "kind": "admin", "account_id": account});
        app.api("POST", "/api-keys").bearer(&token).json(&body).refused(403, "admin_key_needs_a_person");
    }
    app.api("POST", &format!("/api-keys/{}/regenerate", admin.client_id)).bearer(&token).refused(403, "admin_key_needs_a_person");
    // It holds every scope of the organization, and so may give them away; those of accounts it does not hold.
    app.api_create(&token, &json!({"name": "x", "grants": [{"account_id": null, "scopes": ["payments:admin", "fx"]}]}));
    let beyond = json!({"name": "x", "grants": [{"account_id": "*", "scopes": ["disputes:read"]}]});
    app.api("POST", "/api-keys").bearer(&token).json(&beyond).refused(403, "beyond_own_grants");
});

on_both!(a_payout_limit_passes_on, |app| {
    let key = app.create_key(&["--grant", "api-keys:write a", "--max-payout", "55.00"]);
    let token = app.token_of(&key);
    let with = |limit: serde_json::Value| {
        let mut body = small_key("x");
        body["max_payout"] = limit;
        app.api("POST", "/api-keys").bearer(&token).json(&body)
    };
    with(json!("55")).succeeds(201);
    with(json!("0.01")).succeeds(201);
    with(json!("55.01")).refused(403, "beyond_own_max_payout");
    with(json!(null)).refused(403, "beyond_own_max_payout");
});
