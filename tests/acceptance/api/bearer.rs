//! Bearer tokens at the management API: RFC 6750.

use serde_json::json;

use crate::support::api::problem;
use crate::support::tools::{HONOURED_WITHIN, eventually};
use crate::support::{PAYMENTS, on_both};

const PATH: &str = "/api-keys";

on_both!(mg1_without_a_token_there_is_a_challenge_without_an_error, |app| {
    for request in [app.api("GET", PATH), app.api("GET", PATH).header("Authorization", "Basic eDp5")] {
        let response = request.send();
        problem(&response, 401, "unauthenticated");
        assert_eq!(response.header("www-authenticate"), Some("Bearer realm=\"claviger\""));
    }
});

on_both!(mg1_a_bad_token_is_invalid_token, |app| {
    let token = app.token_of(&app.integrator());
    let cut = &token[..token.len() - 4];
    for bad in ["x", "a.b.c", cut] {
        let response = app.api("GET", PATH).bearer(bad).send();
        problem(&response, 401, "invalid_token");
        let challenge = response.header("www-authenticate").unwrap();
        assert!(challenge.starts_with("Bearer realm=\"claviger\", error=\"invalid_token\""), "{challenge}");
    }
});

on_both!(mg1_what_is_no_token_is_told_apart_from_no_credentials, |app| {
    let token = app.token_of(&app.integrator());
    app.api("GET", PATH).header("Authorization", format!("bearer   {token}  ")).succeeds(200);
    for none in ["Bearer", "Bearer ", "Bearer   ", "Digest x=y", "Bearerx"] {
        app.api("GET", PATH).header("Authorization", none).refused(401, "unauthenticated");
    }
    let two = format!("Bearer {token}, Bearer {token}");
    for bad in [two.as_str(), "Bearer a b", "Bearer \"x\"", "Bearer é", "Bearer ="] {
        app.api("GET", PATH).header("Authorization", bad).refused(401, "invalid_token");
    }
    app.api("GET", PATH).bearer(&token).header("Authorization", "Basic eDp5").refused(400, "invalid_request");
});

on_both!(mg1_too_little_scope_is_insufficient_scope, |app| {
    let reader = app.key_with_grants(&["api-keys:read"]);
    let token = app.token_of(&reader);
    app.api("GET", PATH).bearer(&token).succeeds(200);
    let response = app.api("POST", PATH).bearer(&token).json(&json!({})).send();
    problem(&response, 403, "insufficient_scope");
    let challenge = response.header("www-authenticate").unwrap();
    assert!(challenge.contains("error=\"insufficient_scope\", scope=\"api-keys:write\""), "{challenge}");
});

on_both!(mg1_a_key_without_any_scope_here_is_told_which_it_needs, |app| {
    // Its tokens name other APIs; another one would not help, so it is not told that this one is invalid.
    let token = app.token_of(&app.fixture.k1);
    for (method, path, scope) in
        [("GET", PATH, "api-keys:read"), ("POST", PATH, "api-keys:write"), ("GET", "/plans", "plans:read")]
    {
        let response = app.api(method, path).bearer(&token).send();
        problem(&response, 403, "insufficient_scope");
        let challenge = response.header("www-authenticate").unwrap();
        assert!(challenge.contains(&format!("error=\"insufficient_scope\", scope=\"{scope}\"")), "{challenge}");
    }
    // What people do by a session, no token does.
    for (method, path) in [("GET", "/session"), ("DELETE", "/session"), ("GET", "/sessions"), ("POST", "/session/password")] {
        let status = app.api(method, path).bearer(&token).send().status;
        assert!(matches!(status, 401 | 403), "{method} {path}: {status}");
    }
});

on_both!(mg1_a_token_in_the_url_is_refused, |app| {
    let token = app.token_of(&app.integrator());
    app.api("GET", &format!("{PATH}?access_token={token}")).refused(400, "invalid_request");
    app.api("GET", PATH).bearer(&token).header("Authorization", "Bearer x").refused(400, "invalid_request");
});

on_both!(rs6_a_token_for_another_api_is_refused, |app| {
    let key = app.key_with_grants(&["api-keys:read a"]);
    let elsewhere = app.token(&key).resource(PAYMENTS).accepted().token;
    app.api("GET", PATH).bearer(&elsewhere).refused(401, "invalid_token");
    let here = app.token(&key).scope("api-keys:read").accepted().token;
    app.api("GET", PATH).bearer(&here).succeeds(200);
    app.api("GET", PATH).header("Authorization", format!("bEaReR {here}")).succeeds(200);
});

on_both!(tokens_of_a_key_that_is_gone_are_refused, |app| {
    for action in ["disable", "revoke-tokens", "delete"] {
        let key = app.key_with_grants(&["api-keys:read"]);
        let token = app.token_of(&key);
        app.api("GET", PATH).bearer(&token).succeeds(200);
        app.key_action(action, &key, &[]);
        let refused = || (app.api("GET", PATH).bearer(&token).send().status == 401).then_some(());
        eventually(HONOURED_WITHIN, action, refused);
    }
});

on_both!(sc8_a_token_is_worth_no_more_than_its_key_holds_now, |app| {
    let key = app.key_with_grants(&["api-keys:write a"]);
    let token = app.token_of(&key);
    let other = app.token_of(&app.integrator());
    let path = format!("{PATH}/{}", key.client_id);
    let grants = json!({"grants": [{"account_id": null, "scopes": ["api-keys:read"]}]});
    app.api("PATCH", &path).bearer(&other).json(&grants).succeeds(200);
    app.api("GET", PATH).bearer(&token).succeeds(200);
    app.api("POST", PATH).bearer(&token).json(&json!({})).refused(403, "insufficient_scope");
    let elsewhere = json!({"ip_allowlist": ["192.0.2.1"]});
    app.api("PATCH", &path).bearer(&other).json(&elsewhere).succeeds(200);
    app.api("GET", PATH).bearer(&token).refused(403, "address_not_allowed");
});

on_both!(a_token_after_a_revocation_is_good, |app| {
    let key = app.key_with_grants(&["api-keys:read"]);
    let writer = app.token_of(&app.integrator());
    let old = app.token_of(&key);
    app.api("POST", &format!("{PATH}/{}/revoke-tokens", key.client_id)).bearer(&writer).succeeds(200);
    app.api("GET", PATH).bearer(&old).refused(401, "invalid_token");
    let new = app.token_of(&key);
    app.api("GET", PATH).bearer(&new).succeeds(200);
});

on_both!(tl1_a_wrong_method_is_405_and_a_wrong_path_404, |app| {
    let response = app.api("PUT", PATH).send();
    problem(&response, 405, "method_not_allowed");
    assert_eq!(response.header("allow"), Some("GET, POST"));
    app.api("GET", "/nothing").refused(404, "not_found");
    app.api("GET", "").refused(404, "not_found");
    app.api("GET", "/api-keys/").refused(404, "not_found");
});
