//! IN1 to IN5, and the signed answers of RFC 9701.

use serde_json::Value;

use super::{INTROSPECT, REVOKE, about, introspected, is_active};
use crate::support::api::PLATFORM;
use crate::support::token::TokenRequest;
use crate::support::{App, Backend, Key, jwt, on_both};

on_both!(in1_who_asks_proves_who_it_is_and_holds_the_scope, |app| {
    let token = app.token_of(&app.fixture.k1);
    let nobody = TokenRequest::at(app, INTROSPECT).param("token", &token);
    nobody.unauthorized();
    about(app, INTROSPECT, &app.introspector().with_wrong_secret(), &token).unauthorized();
    about(app, INTROSPECT, &app.fixture.k1, &token).refused(403, "unauthorized_client");
    let confined = app.create_key(&["--grant", "tokens:introspect", "--ip-allow", "203.0.113.7"]);
    about(app, INTROSPECT, &confined, &token).refused(400, "unauthorized_client");
    let key = app.introspector();
    for method in ["GET", "PUT", "HEAD"] {
        let request = about(app, INTROSPECT, &key, &token).method(method);
        match method {
            "HEAD" => assert_eq!(request.send().status, 405),
            _ => drop(request.refused(405, "invalid_request")),
        }
    }
    // A token must not come to stand in logs and histories.
    about(app, INTROSPECT, &key, "x").query("?token=abc").refused(400, "invalid_request");
});

on_both!(in2_of_a_live_token_its_claims_are_told, |app| {
    let key = app.create_key(&["--grant", "a b", "--max-payout", "55.00"]);
    let accepted = app.token(&key).accepted();
    let mut told = introspected(app, &app.introspector(), &accepted.token);
    let members = told.as_object_mut().unwrap();
    assert_eq!(members.remove("active"), Some(true.into()));
    assert_eq!(members.remove("token_type"), Some("Bearer".into()));
    assert_eq!(*members, accepted.claims);
    for name in ["scope", "client_id", "exp", "iat", "sub", "aud", "iss", "jti"] {
        assert!(members.contains_key(name), "{name}");
    }
});

on_both!(in3_of_anything_else_nothing_is_said, |app| {
    let (asker, key) = (app.introspector(), &app.fixture.k1);
    let token = app.token_of(key);
    assert!(is_active(app, &asker, &token));
    let (head, rest) = token.split_once('.').unwrap();
    let (payload, signature) = rest.split_once('.').unwrap();
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0";
    let foreign = App::start(Backend::Sqlite, &[]);
    let of_another_server = foreign.token_of(&foreign.fixture.k1);
    let flipped = format!("{head}.{payload}.{}", signature.chars().rev().collect::<String>());
    let dead = [
        "x".to_owned(),
        " ".to_owned(),
        "..".to_owned(),
        format!("{head}..{signature}"),
        format!("{none}.{payload}."),
        format!("{none}.{payload}.{signature}"),
        flipped,
        format!("{token}."),
        format!(" {token}"),
        of_another_server,
        ".".repeat(15_000),
        "a".repeat(15_000),
        "\u{1F511}".to_owned(),
    ];
    for text in dead {
        assert!(!is_active(app, &asker, &text), "{}", &text[..text.len().min(60)]);
    }
    about(app, INTROSPECT, &asker, &"a".repeat(17_000)).refused(413, "invalid_request");
});

on_both!(in4_customers_see_the_tokens_of_their_own_organization_and_the_platform_all, |app| {
    let mine = app.token_of(&app.fixture.k1);
    let grant = ["keys", "create", "--name", "Asks", "--grant", "tokens:introspect", "--organization"];
    let of = |organization: &str| Key::from_json(app.json(&[&grant[..], &[organization]].concat()));
    let (other, platform) = (of(&app.fixture.other_organization), of(PLATFORM));
    let theirs = app.token_of(&other);
    assert!(!is_active(app, &other, &mine) && is_active(app, &other, &theirs));
    assert!(is_active(app, &platform, &mine) && is_active(app, &platform, &theirs));
    assert!(!is_active(app, &app.introspector(), &theirs));
});

on_both!(in5_the_token_stands_once_and_hints_are_ignored, |app| {
    let (asker, token) = (app.introspector(), app.token_of(&app.fixture.k1));
    let bare = || TokenRequest::at(app, INTROSPECT).basic(&asker.client_id, &asker.client_secret);
    bare().refused(400, "invalid_request");
    bare().param("token", "").refused(400, "invalid_request");
    bare().param("token", &token).param("token", &token).refused(400, "invalid_request");
    for hint in ["access_token", "refresh_token", "nonsense"] {
        let told = bare().param("token", &token).param("token_type_hint", hint).send();
        assert_eq!((told.status, &told.json()["active"]), (200, &Value::Bool(true)), "{hint}");
    }
    bare().content_type(Some("application/json")).param("token", &token).refused(400, "invalid_request");
});

on_both!(rfc9701_the_answer_is_signed_on_request, |app| {
    let (asker, token) = (app.introspector(), app.token_of(&app.fixture.k1));
    let ask = |token: &str| about(app, INTROSPECT, &asker, token).header("Accept", "application/token-introspection+jwt").send();
    let response = ask(&token);
    assert_eq!(response.status, 200, "{response:?}");
    assert_eq!(response.header("content-type"), Some("application/token-introspection+jwt"));
    assert_eq!(response.header("cache-control"), Some("no-store"));
    let signed = response.text();
    jwt::verify(app, &signed);
    let (header, claims) = jwt::decode(&signed);
    assert_eq!(header["typ"], "token-introspection+jwt");
    assert_eq!((&claims["iss"], &claims["aud"]), (&app.issuer.as_str().into(), &asker.client_id.as_str().into()));
    assert_eq!(claims["token_introspection"], introspected(app, &asker, &token));
    assert!(!claims.contains_key("exp") && !claims.contains_key("sub"), "{claims:?}");
    let (_, claims) = jwt::decode(&ask("x").text());
    assert_eq!(claims["token_introspection"], serde_json::json!({"active": false}));
    // RS6: it is no access token, here or at the API.
    assert!(!is_active(app, &asker, &signed));
    app.api("GET", "/api-keys").bearer(&signed).refused(401, "invalid_token");
});

on_both!(md2_the_metadata_names_the_endpoints, |app| {
    let metadata = app.get("/.well-known/oauth-authorization-server").json();
    let base = app.issuer.trim_end_matches('/');
    for (name, path) in [("introspection_endpoint", INTROSPECT), ("revocation_endpoint", REVOKE)] {
        assert_eq!(metadata[name], format!("{base}{path}"));
        assert_eq!(metadata[format!("{name}_auth_methods_supported")], metadata["token_endpoint_auth_methods_supported"]);
    }
    assert_eq!(metadata["introspection_signing_alg_values_supported"], serde_json::json!(["RS256"]));
});

#[test]
fn ca9_a_key_that_posts_its_secret_asks_so_too() {
    let app = App::start(Backend::Sqlite, &[]);
    let poster = app.create_key(&["--grant", "tokens:introspect", "--token-endpoint-auth-method", "client_secret_post"]);
    let token = app.token_of(&app.fixture.k1);
    let posted = TokenRequest::at(&app, INTROSPECT)
        .param("client_id", &poster.client_id)
        .param("client_secret", &poster.client_secret)
        .param("token", &token)
        .send();
    assert_eq!((posted.status, &posted.json()["active"]), (200, &Value::Bool(true)));
    about(&app, INTROSPECT, &poster, &token).unauthorized();
}

#[test]
fn ca13_guessing_here_stops_at_the_same_limit() {
    let app = App::start(Backend::Sqlite, &["--trusted-proxies", "127.0.0.0/8"]);
    let asker = app.introspector();
    let ask = |key: &Key, from: &str| about(&app, INTROSPECT, key, "x").from(from).send().status;
    for _ in 0..100 {
        assert_eq!(ask(&asker.with_wrong_secret(), "203.0.113.9"), 401);
    }
    assert_eq!(ask(&asker, "203.0.113.9"), 429);
    assert_eq!(ask(&asker, "203.0.113.10"), 200);
}
