//! SC1 to SC8: what may be asked for, in which spelling, and what is granted.

use std::time::Duration;

use crate::support::tools::{HONOURED_WITHIN, eventually};
use crate::support::{App, Key, Options, PAYMENTS, on_both};

on_both!(sc1_what_is_held_is_granted_in_order_of_name, |app| {
    let k1 = &app.fixture.k1;
    for (asked, granted) in [("a", "a"), ("b", "b"), ("a b", "a b"), ("b a", "a b")] {
        assert_eq!(app.token(k1).scope(asked).accepted().scope, granted, "{asked}");
    }
    assert_eq!(app.token(k1).raw("scope=a+b").accepted().scope, "a b");
    assert_eq!(app.token(k1).raw("scope=a%20b").accepted().scope, "a b");
    assert_eq!(app.token(k1).raw("scope=%61").accepted().scope, "a");
});

on_both!(sc2_one_scope_too_many_and_there_is_no_token, |app| {
    let k1 = &app.fixture.k1;
    let not_held = app.token(k1).scope("a c").refused(400, "invalid_scope");
    let unknown = app.token(k1).scope("a zzz").refused(400, "invalid_scope");
    let of_accounts = app.token(k1).scope("a disputes:read").refused(400, "invalid_scope");
    assert_eq!(unknown.look(), not_held.look());
    assert_eq!(of_accounts.look(), not_held.look());
    app.token(k1).scope("c").refused(400, "invalid_scope");
    app.token(k1).scope("zzz").refused(400, "invalid_scope");
});

on_both!(sc3_scopes_are_compared_byte_for_byte, |app| {
    let k1 = &app.fixture.k1;
    for scope in ["A", "a:x", "a*", "aa", "*", "a.", "a,b", "a;b", "a%20b", "a/", "%61", "payments:*", "payments"] {
        app.token(k1).scope(scope).refused(400, "invalid_scope");
    }
});

on_both!(sc4_without_a_scope_everything_held_is_granted, |app| {
    let k1 = &app.fixture.k1;
    assert_eq!(app.token(k1).accepted().scope, "a b");
    assert_eq!(app.token(k1).raw("scope=").accepted().scope, "a b");
});

on_both!(sc4_a_key_that_holds_nothing_gets_no_token, backend, {
    // Without a scope at account level in the catalogue, an account's admin key holds nothing.
    let app = App::start_empty(backend, Options::default());
    let organization = app.create(&["organizations", "create", "Acme"]);
    let account = app.create(&["accounts", "create", "--organization", &organization, "Shop"]);
    let key = app.json(&["keys", "create", "--organization", &organization, "--name", "K", "--admin", "--account", &account]);
    app.token(&Key::from_json(key)).refused(400, "invalid_scope");
});

on_both!(sc5_the_grammar_is_kept_strictly, |app| {
    let k1 = &app.fixture.k1;
    for scope in [
        "a \"b\"",
        "a\"",
        "a\\",
        "a\tb",
        "a\nb",
        "a\r\nb",
        "a\0",
        "\0",
        "é",
        "a é",
        "\u{fffd}",
        "a\u{a0}b",
        "\u{a0}",
        " a",
        "a ",
        "a  b",
        " ",
        "  ",
        "\t",
        "a b ",
        "\u{7f}",
        "a\u{200b}",
    ] {
        app.token(k1).scope(scope).refused(400, "invalid_scope");
    }
    for raw in ["scope=%20", "scope=+", "scope=+a", "scope=a+", "scope=a++b", "scope=a%09b", "scope=%00"] {
        app.token(k1).raw(raw).refused(400, "invalid_scope");
    }
    // What is no text at all may be called a broken request instead.
    for raw in ["scope=%FF", "scope=a%FFb", "scope=%C3", "scope=a%zz", "scope=a%"] {
        let answer = app.token(k1).raw(raw).send();
        assert_eq!(answer.status, 400, "{raw}: {answer:?}");
        assert!(["invalid_scope", "invalid_request"].contains(&answer.json()["error"].as_str().unwrap()), "{raw}: {answer:?}");
    }
});

on_both!(sc6_repetition_is_harmless_and_floods_are_refused, |app| {
    let k1 = &app.fixture.k1;
    assert_eq!(app.token(k1).scope("a a").accepted().scope, "a");
    assert_eq!(app.token(k1).scope("b a b a").accepted().scope, "a b");
    assert_eq!(app.token(k1).scope(&vec!["a"; 100].join(" ")).accepted().scope, "a");
    app.token(k1).scope(&vec!["a"; 101].join(" ")).refused(400, "invalid_scope");
    app.token(k1).scope(&vec!["a"; 2_000].join(" ")).refused(400, "invalid_scope");
    app.token(k1).scope(&"y".repeat(4_096)).refused(400, "invalid_scope");
    app.token(k1).scope(&"y".repeat(4_097)).refused(400, "invalid_request");
});

on_both!(sc7_a_scope_that_breaks_the_grammar_is_never_stored, |app| {
    let before = app.json(&["scopes", "list"]);
    for name in ["", " ", "a b", "a\"", "a\\b", "é", "a\tb", "a\u{a0}b", &"y".repeat(4_097)] {
        app.cli(&["scopes", "create", name, "--resource-server", PAYMENTS]).failed();
    }
    app.cli(&["scopes", "create", "a", "--resource-server", PAYMENTS]).failed_with(1);
    app.cli(&["scopes", "create", "new", "--resource-server", "https://nobody.example.com"]).failed_with(1);
    app.cli(&["scopes", "create", "new", "--resource-server", PAYMENTS, "--implies", "zzz"]).failed_with(1);
    app.cli(&["scopes", "create", "new", "--resource-server", PAYMENTS, "--level", "galaxy"]).failed_with(2);
    // Implied scopes are of the same level.
    app.cli(&["scopes", "create", "new", "--resource-server", PAYMENTS, "--implies", "disputes:read"]).failed();
    assert_eq!(app.json(&["scopes", "list"]), before);

    let keys = app.json(&["keys", "list", "--organization", &app.fixture.organization]);
    for grant in
        ["é", "a zzz", "a\"", "", " ", "disputes:read", "*=a", "*=", "*=platform", &format!("{}=a", app.fixture.account_1)]
    {
        let args = ["keys", "create", "--organization", &app.fixture.organization, "--name", "N", "--grant", grant];
        app.cli(&args).failed();
        app.cli(&["keys", "edit", &app.fixture.k1.client_id, "--grant", grant]).failed();
    }
    assert_eq!(app.json(&["keys", "list", "--organization", &app.fixture.organization]), keys);
    assert_eq!(app.token(&app.fixture.k1).accepted().scope, "a b");
});

on_both!(sc8_a_scope_taken_from_a_key_is_refused, |app| {
    let k1 = &app.fixture.k1;
    app.token(k1).scope("b").accepted();
    app.key_action("edit", k1, &["--grant", "a"]);
    eventually(HONOURED_WITHIN, "b is gone", || (!app.token(k1).scope("b").works()).then_some(()));
    app.token(k1).scope("b").refused(400, "invalid_scope");
    assert_eq!(app.token(k1).accepted().scope, "a");
    app.key_action("edit", k1, &["--grant", "a c"]);
    eventually(HONOURED_WITHIN, "c is there", || app.token(k1).scope("c").works().then_some(()));
});

on_both!(implied_scopes_are_held_and_listed, |app| {
    let key = app.key_with_grants(&["payments:admin"]);
    assert_eq!(app.token(&key).accepted().scope, "payments:admin payments:read payments:write");
    assert_eq!(app.token(&key).scope("payments:read").accepted().scope, "payments:read");
    // Asked for by name, what it implies comes with it.
    let asked = app.token(&key).scope("payments:write").accepted();
    assert_eq!(asked.scope, "payments:read payments:write");
    let lesser = app.key_with_grants(&["payments:read"]);
    app.token(&lesser).scope("payments:write").refused(400, "invalid_scope");
    // The key itself shows what was granted, not what follows from it.
    assert_eq!(key.json["grants"], serde_json::json!([{"account_id": null, "scopes": ["payments:admin"]}]));
});

on_both!(a_scope_that_comes_to_imply_another_is_honoured, |app| {
    let key = app.key_with_grants(&["payments:write"]);
    app.token(&key).accepted();
    app.json(&["scopes", "create", "payments:owner", "--resource-server", PAYMENTS, "--implies", "payments:write"]);
    app.key_action("edit", &key, &["--grant", "payments:owner"]);
    eventually(Duration::from_secs(1), "the new scope with all that it implies", || {
        let answer = app.token(&key).send();
        (answer.status == 200 && answer.json()["scope"] == "payments:owner payments:read payments:write").then_some(())
    });
});
