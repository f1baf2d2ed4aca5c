//! Scopes and resource servers.

use serde_json::{Value, json};

use crate::support::api::{all_pages, small_key};
use crate::support::{PAYMENTS, on_both};

const LEDGER: &str = "https://ledger.example.com";

on_both!(customers_see_the_catalogue_without_the_platforms_scopes, |app| {
    let token = app.token_of(&app.key_with_grants(&["api-keys:read"]));
    let scopes = all_pages(app, &token, "/scopes", 4);
    let names: Vec<&str> = scopes.iter().map(|scope| scope["name"].as_str().unwrap()).collect();
    assert!(names.is_sorted(), "{names:?}");
    assert!(names.contains(&"payments:write") && names.contains(&"api-keys:read"));
    assert!(scopes.iter().all(|scope| scope["level"] != "platform"), "{names:?}");
    let shown = app.api("GET", "/scopes/payments:write").bearer(&token).succeeds(200);
    assert_eq!(shown["resource_server"], PAYMENTS);
    assert_eq!(shown["implies"], json!(["payments:read"]));
    let by_id = app.api("GET", &format!("/scopes/{}", shown["id"].as_str().unwrap())).bearer(&token).succeeds(200);
    assert_eq!(by_id, shown);
    app.api("GET", "/scopes/catalogue:write").bearer(&token).refused(404, "not_found");
    app.api("GET", "/scopes/nothing").bearer(&token).refused(404, "not_found");
    let servers = all_pages(app, &token, "/resource-servers", 2);
    let identifiers: Vec<&str> = servers.iter().map(|server| server["identifier"].as_str().unwrap()).collect();
    assert!(identifiers.is_sorted() && identifiers.contains(&PAYMENTS), "{identifiers:?}");
    let path = format!("/resource-servers/{}", servers[0]["id"].as_str().unwrap());
    assert_eq!(app.api("GET", &path).bearer(&token).succeeds(200), servers[0]);
});

on_both!(operators_make_change_and_delete_catalogue_entries, |app| {
    let operator = app.operator();
    let token = app.token_of(&operator);
    let server =
        app.api("POST", "/resource-servers").bearer(&token).json(&json!({"identifier": LEDGER, "name": "Ledger"})).succeeds(201);
    let server_path = format!("/resource-servers/{}", server["id"].as_str().unwrap());
    assert_eq!((&server["identifier"], &server["builtin"]), (&json!(LEDGER), &json!(false)));
    let renamed = app.api("PATCH", &server_path).bearer(&token).json(&json!({"name": "Books"})).succeeds(200);
    assert_eq!(renamed["name"], "Books");
    let problem = app.api("PATCH", &server_path).bearer(&token).json(&json!({"identifier": PAYMENTS}));
    assert_eq!(problem.refused(422, "validation_failed")["errors"][0]["field"], "identifier");

    // By the resource server's identifier, then by its id.
    let body = json!({"name": "ledger:read", "resource_server": LEDGER, "description": "See entries"});
    let response = app.api("POST", "/scopes").bearer(&token).json(&body).send();
    assert_eq!(response.status, 201, "{response:?}");
    let read = response.json();
    assert_eq!(
        (&read["level"], &read["implies"], &read["resource_server"]),
        (&json!("organization"), &json!([]), &json!(LEDGER))
    );
    let location = format!("{}/api/v1/scopes/{}", app.issuer, read["id"].as_str().unwrap());
    assert_eq!(response.header("location"), Some(location.as_str()));
    let body = json!({"name": "ledger:write", "resource_server": server["id"], "level": "organization", "description": "", "implies": ["ledger:read"]});
    app.api("POST", "/scopes").bearer(&token).json(&body).succeeds(201);
    app.api("POST", "/scopes").bearer(&token).json(&body).refused(409, "conflict");
    app.api("POST", "/resource-servers").bearer(&token).json(&json!({"identifier": LEDGER})).refused(409, "conflict");

    // On this node at once.
    let key = app.api_create(&app.token_of(&app.key_with_grants(&["api-keys:write a b c"])), &small_key("x"));
    app.token(&key).scope("ledger:read").refused(400, "invalid_scope");
    let holder = app.key_with_grants(&["ledger:write"]);
    assert_eq!(app.token(&holder).accepted().claims["scope"], "ledger:read ledger:write");
    let edited = app.api("PATCH", "/scopes/ledger:write").bearer(&token).json(&json!({"implies": [], "description": "Post"}));
    assert_eq!(edited.succeeds(200)["implies"], json!([]));
    assert_eq!(app.token(&holder).accepted().claims["scope"], "ledger:write");

    // DELETE only when nothing refers to it.
    app.api("DELETE", &server_path).bearer(&token).refused(409, "conflict");
    app.api("DELETE", "/scopes/ledger:write").bearer(&token).refused(409, "conflict");
    app.key_action("delete", &holder, &[]);
    assert_eq!(app.api("DELETE", "/scopes/ledger:write").bearer(&token).send().status, 204);
    app.api("DELETE", "/scopes/ledger:write").bearer(&token).refused(404, "not_found");
    assert_eq!(app.api("DELETE", &format!("/scopes/{}", read["id"].as_str().unwrap())).bearer(&token).send().status, 204);
    assert_eq!(app.api("DELETE", &server_path).bearer(&token).send().status, 204);
    app.api("GET", &server_path).bearer(&token).refused(404, "not_found");

    for action in ["resource_server.created", "resource_server.edited", "resource_server.deleted", "scope.edited"] {
        let rows: Vec<_> = app.audit_rows(action).into_iter().filter(|row| row.0 == operator.client_id).collect();
        assert_eq!(rows.len(), 1, "{action}: {rows:?}");
    }
    assert_eq!(app.audit_rows("scope.edited")[0].2, json!({"description": "", "implies": ["ledger:read"]}));
    assert_eq!(app.audit_rows("scope.deleted").len(), 2);
});

on_both!(implied_scopes_have_the_same_level_and_no_circle, |app| {
    let token = app.token_of(&app.operator());
    let refused = |name: &str, implies: Value, code: &str| {
        let request = app.api("PATCH", &format!("/scopes/{name}")).bearer(&token).json(&json!({"implies": implies}));
        let problem = request.refused(422, "validation_failed");
        assert_eq!(
            (&problem["errors"][0]["field"], &problem["errors"][0]["code"]),
            (&json!("implies"), &json!(code)),
            "{problem}"
        );
    };
    refused("payments:read", json!(["payments:admin"]), "cycle");
    refused("payments:read", json!(["payments:read"]), "cycle");
    refused("payments:read", json!(["disputes:read"]), "wrong_level");
    refused("payments:read", json!(["nothing"]), "unknown_scope");
    // Nobody gets the management of keys by way of another scope.
    refused("payments:read", json!(["api-keys:write"]), "builtin");
    refused("payments:read", json!("a"), "wrong_type");
    app.api("DELETE", "/scopes/payments:read").bearer(&token).refused(409, "conflict");
});

on_both!(the_servers_own_api_is_immutable, |app| {
    let token = app.token_of(&app.operator());
    let servers = app.api("GET", "/resource-servers").bearer(&token).succeeds(200);
    let own = servers["data"].as_array().unwrap().iter().find(|server| server["builtin"] == true).unwrap();
    assert_eq!(own["identifier"], format!("{}/api", app.issuer));
    let path = format!("/resource-servers/{}", own["id"].as_str().unwrap());
    app.api("PATCH", &path).bearer(&token).json(&json!({"name": "x"})).refused(403, "builtin");
    app.api("DELETE", &path).bearer(&token).refused(403, "builtin");
    app.api("PATCH", "/scopes/audit:read").bearer(&token).json(&json!({"implies": []})).refused(403, "builtin");
    app.api("DELETE", "/scopes/audit:read").bearer(&token).refused(403, "builtin");
    let body = json!({"name": "api-keys:all", "resource_server": own["id"]});
    app.api("POST", "/scopes").bearer(&token).json(&body).refused(403, "builtin");
});

on_both!(a_scope_is_found_by_any_name_that_the_grammar_allows, |app| {
    let token = app.token_of(&app.operator());
    for (name, in_path) in
        [("a/b", "a%2Fb"), ("100%25", "100%2525"), ("1+1", "1%2B1"), ("?#", "%3F%23"), ("https://x/y", "https:%2F%2Fx%2Fy")]
    {
        app.api("POST", "/scopes").bearer(&token).json(&json!({"name": name, "resource_server": PAYMENTS})).succeeds(201);
        let shown = app.api("GET", &format!("/scopes/{in_path}")).bearer(&token).succeeds(200);
        assert_eq!(shown["name"], name);
    }
    let problem = app
        .api("POST", "/scopes")
        .bearer(&token)
        .json(&json!({"name": "a b", "resource_server": "https://nobody.example", "level": "x", "description": "\u{7}"}));
    let problem = problem.refused(422, "validation_failed");
    let fields: Vec<&str> = problem["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["name", "level", "description"]);
    let unknown = json!({"name": "new", "resource_server": "https://nobody.example"});
    let problem = app.api("POST", "/scopes").bearer(&token).json(&unknown).refused(422, "validation_failed");
    assert_eq!(problem["errors"][0]["field"], "resource_server");
});
