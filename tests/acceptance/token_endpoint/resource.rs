//! RFC 8707 and RS4: `resource` narrows scopes and audience; without it the granted scopes make the audience.

use serde_json::json;

use crate::support::{DISPUTES, Key, PAYMENTS, on_both};

on_both!(rs4_the_audience_is_the_resource_servers_of_the_granted_scopes, |app| {
    let key = app.key_with_grants(&["a reports:read"]);
    assert_eq!(app.token(&key).accepted().audience(), [DISPUTES, PAYMENTS]);
    let narrow = app.token(&key).scope("a").accepted();
    assert_eq!(narrow.claims["aud"], json!(PAYMENTS), "one audience is a string");
    assert_eq!(app.token(&key).scope("reports:read").accepted().audience(), [DISPUTES]);
    assert_eq!(app.token(&key).scope("reports:read a").accepted().audience(), [DISPUTES, PAYMENTS]);
    assert_eq!(app.token(&app.fixture.k1).accepted().claims["aud"], json!(PAYMENTS));
    // The server's own API is a resource server like the others.
    let integrator = app.key_with_grants(&["api-keys:read"]);
    assert_eq!(app.token(&integrator).accepted().claims["aud"], json!(format!("{}/api", app.issuer)));
});

on_both!(rs4_a_resource_narrows_scopes_and_audience, |app| {
    let key = app.key_with_grants(&["a b reports:read"]);
    let payments = app.token(&key).resource(PAYMENTS).accepted();
    assert_eq!((payments.scope.as_str(), payments.audience()), ("a b", vec![PAYMENTS.to_owned()]));
    let disputes = app.token(&key).resource(DISPUTES).accepted();
    assert_eq!((disputes.scope.as_str(), disputes.audience()), ("reports:read", vec![DISPUTES.to_owned()]));
    for (first, second) in [(PAYMENTS, DISPUTES), (DISPUTES, PAYMENTS)] {
        let both = app.token(&key).resource(first).resource(second).accepted();
        assert_eq!((both.scope.as_str(), both.audience()), ("a b reports:read", vec![DISPUTES.to_owned(), PAYMENTS.to_owned()]));
    }
    let twice = app.token(&key).resource(PAYMENTS).resource(PAYMENTS).accepted();
    assert_eq!((twice.scope.as_str(), &twice.claims["aud"]), ("a b", &json!(PAYMENTS)));
    let named = app.token(&key).resource(PAYMENTS).scope("b").accepted();
    assert_eq!((named.scope.as_str(), &named.claims["aud"]), ("b", &json!(PAYMENTS)));
    let one_of_two = app.token(&key).resource(PAYMENTS).resource(DISPUTES).scope("b").accepted();
    assert_eq!((one_of_two.scope.as_str(), &one_of_two.claims["aud"]), ("b", &json!(PAYMENTS)));
});

on_both!(a_scope_of_no_named_resource_is_refused, |app| {
    let key = app.key_with_grants(&["a b reports:read"]);
    app.token(&key).resource(DISPUTES).scope("a").refused(400, "invalid_scope");
    app.token(&key).resource(DISPUTES).scope("a reports:read").refused(400, "invalid_scope");
    app.token(&key).resource(PAYMENTS).scope("reports:read").refused(400, "invalid_scope");
});

on_both!(an_unknown_or_malformed_resource_is_an_invalid_target, |app| {
    let key = app.key_with_grants(&["a b reports:read"]);
    for resource in [
        "https://unknown.example.com",
        "https://payments.example.com/",
        "https://payments.example.com:443",
        "HTTPS://PAYMENTS.EXAMPLE.COM",
        "https://payments.example.com#fragment",
        "https://payments.example.com#",
        "https://payments.example.com?x=1",
        "payments",
        "/payments",
        "//payments.example.com",
        "not a uri",
        " ",
        "https://payments.example.com https://disputes.example.com",
        "https://é.example.com",
        "*",
    ] {
        app.token(&key).resource(resource).refused(400, "invalid_target");
        app.token(&key).resource(PAYMENTS).resource(resource).refused(400, "invalid_target");
        app.token(&key).resource(resource).resource(PAYMENTS).refused(400, "invalid_target");
    }
});

on_both!(a_resource_without_any_scope_of_the_key_is_an_invalid_target, |app| {
    let k1 = &app.fixture.k1;
    app.token(k1).resource(DISPUTES).refused(400, "invalid_target");
    app.token(k1).resource(DISPUTES).resource(PAYMENTS).refused(400, "invalid_target");
    app.token(k1).resource(DISPUTES).scope("a").refused(400, "invalid_target");
    app.token(k1).resource(&format!("{}/api", app.issuer)).refused(400, "invalid_target");
    // The same answer as for one that does not exist.
    let unknown = app.token(k1).resource("https://unknown.example.com").refused(400, "invalid_target");
    assert_eq!(app.token(k1).resource(DISPUTES).send().look(), unknown.look());
});

on_both!(a_resource_narrows_at_an_account_too, |app| {
    let one = app.fixture.account_1.as_str();
    let key: Key = app.key_with_grants(&["a", &format!("{one}=disputes:read refunds:create")]);
    let all = app.token(&key).account(one).accepted();
    assert_eq!(
        (all.scope.as_str(), all.audience()),
        ("a disputes:read refunds:create", vec![DISPUTES.to_owned(), PAYMENTS.to_owned()])
    );
    let disputes = app.token(&key).account(one).resource(DISPUTES).accepted();
    assert_eq!((disputes.scope.as_str(), &disputes.claims["aud"]), ("disputes:read", &json!(DISPUTES)));
    assert_eq!(disputes.account(), Some(one));
    let payments = app.token(&key).account(one).resource(PAYMENTS).accepted();
    assert_eq!(payments.scope, "a refunds:create");
    app.token(&key).account("nonsense").resource(PAYMENTS).refused(400, "invalid_target");
    app.token(&key).account(one).resource("nonsense").refused(400, "invalid_target");
});

on_both!(a_resource_keeps_implied_scopes, |app| {
    let key = app.key_with_grants(&["payments:write reports:read"]);
    assert_eq!(app.token(&key).resource(PAYMENTS).accepted().scope, "payments:read payments:write");
    assert_eq!(app.token(&key).resource(PAYMENTS).scope("payments:read").accepted().scope, "payments:read");
});
