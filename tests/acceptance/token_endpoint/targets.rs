//! Product.md section 3, the table of targets: which account a token is aimed at, for each kind of key.

use std::time::Duration;

use serde_json::json;

use crate::support::tools::eventually;
use crate::support::{App, Key, on_both};

/// What a request for `account` must come to.
#[derive(Clone, Copy, Debug)]
enum Answer<'a> {
    /// A token for that account (`None`: the organization) with those scopes.
    Token(Option<&'a str>, &'a str),
    /// `invalid_target`.
    Refused,
}
use Answer::{Refused, Token};

/// Asks by the parameter, by the header, and by both; each must come to the same.
#[track_caller]
fn check(app: &App, key: &Key, account: Option<&str>, expected: Answer<'_>) {
    let requests = match account {
        None => vec![app.token(key)],
        Some(account) => vec![
            app.token(key).account(account),
            app.token(key).header("x-login-as", account),
            app.token(key).header("X-Login-As", account).account(account),
        ],
    };
    for request in requests {
        match expected {
            Refused => {
                request.refused(400, "invalid_target");
                request.scope("zzz").refused(400, "invalid_target");
            }
            Token(account, scope) => {
                let accepted = request.accepted();
                assert_eq!((accepted.account(), accepted.scope.as_str()), (account, scope));
                assert_eq!(accepted.claims["org"], json!(app.fixture.organization));
                for one in scope.split(' ') {
                    let asked = request.clone().scope(one).accepted();
                    assert!(asked.scope.split(' ').any(|granted| granted == one), "{one}: {}", asked.scope);
                    assert_eq!(asked.account(), account);
                }
                request.scope("zzz").refused(400, "invalid_scope");
            }
        }
    }
}

/// Accounts that no key of the organization can be aimed at.
fn never(app: &App) -> Vec<String> {
    vec![
        app.fixture.foreign_account.clone(),
        "acct_01arz3ndektsv4rrffq69g5fav".into(),
        "nonsense".into(),
        "*".into(),
        "null".into(),
        "organization".into(),
        app.fixture.organization.clone(),
        app.fixture.account_1.to_uppercase(),
        format!("{} {}", app.fixture.account_1, app.fixture.account_2),
    ]
}

on_both!(a_key_of_one_account_is_aimed_at_it, |app| {
    let (one, two) = (app.fixture.account_1.as_str(), app.fixture.account_2.as_str());
    let key = &app.key_with_grants(&[&format!("{one}=disputes:write refunds:create")]);
    let all = "disputes:read disputes:write refunds:create";
    check(app, key, None, Token(Some(one), all));
    check(app, key, Some(one), Token(Some(one), all));
    check(app, key, Some(two), Refused);
    never(app).iter().for_each(|account| check(app, key, Some(account), Refused));
    app.token(key).scope("a").refused(400, "invalid_scope");
});

on_both!(a_key_of_several_accounts_must_name_one, |app| {
    let (one, two) = (app.fixture.account_1.as_str(), app.fixture.account_2.as_str());
    let key = &app.key_with_grants(&[&format!("{one}=disputes:read"), &format!("{two}=refunds:create disputes:read")]);
    check(app, key, None, Refused);
    check(app, key, Some(one), Token(Some(one), "disputes:read"));
    check(app, key, Some(two), Token(Some(two), "disputes:read refunds:create"));
    never(app).iter().for_each(|account| check(app, key, Some(account), Refused));
    // What is held at one account counts for nothing at another.
    app.token(key).account(one).scope("refunds:create").refused(400, "invalid_scope");
});

on_both!(a_key_of_every_account_must_name_one_also_a_new_one, |app| {
    let (one, two) = (app.fixture.account_1.as_str(), app.fixture.account_2.as_str());
    let key = &app.key_with_grants(&["*=disputes:read"]);
    check(app, key, None, Refused);
    check(app, key, Some(one), Token(Some(one), "disputes:read"));
    check(app, key, Some(two), Token(Some(two), "disputes:read"));
    never(app).iter().for_each(|account| check(app, key, Some(account), Refused));
    let new = app.create(&["accounts", "create", "--organization", &app.fixture.organization, "Shop Three"]);
    eventually(Duration::from_secs(1), "the new account", || app.token(key).account(&new).works().then_some(()));
    check(app, key, Some(&new), Token(Some(&new), "disputes:read"));
    let foreign = app.create(&["accounts", "create", "--organization", &app.fixture.other_organization, "Foreign Two"]);
    check(app, key, Some(&foreign), Refused);
});

on_both!(grants_at_every_account_and_at_one_add_up, |app| {
    let (one, two) = (app.fixture.account_1.as_str(), app.fixture.account_2.as_str());
    let key = &app.key_with_grants(&["*=disputes:read", &format!("{one}=refunds:create")]);
    check(app, key, None, Refused);
    check(app, key, Some(one), Token(Some(one), "disputes:read refunds:create"));
    check(app, key, Some(two), Token(Some(two), "disputes:read"));
    app.token(key).account(two).scope("refunds:create").refused(400, "invalid_scope");
});

on_both!(a_key_of_the_organization_is_aimed_at_no_account, |app| {
    let key = &app.fixture.k1;
    check(app, key, None, Token(None, "a b"));
    check(app, key, Some(&app.fixture.account_1), Refused);
    never(app).iter().for_each(|account| check(app, key, Some(account), Refused));
});

on_both!(a_key_of_the_organization_and_accounts_brings_both_to_a_named_account, |app| {
    let (one, two) = (app.fixture.account_1.as_str(), app.fixture.account_2.as_str());
    let key = &app.key_with_grants(&["a b", &format!("{one}=disputes:read")]);
    check(app, key, None, Token(None, "a b"));
    check(app, key, Some(one), Token(Some(one), "a b disputes:read"));
    check(app, key, Some(two), Refused);
    never(app).iter().for_each(|account| check(app, key, Some(account), Refused));
    app.token(key).scope("disputes:read").refused(400, "invalid_scope");

    let everywhere = &app.key_with_grants(&["a", "*=disputes:write"]);
    check(app, everywhere, None, Token(None, "a"));
    check(app, everywhere, Some(two), Token(Some(two), "a disputes:read disputes:write"));
    check(app, everywhere, Some(&app.fixture.foreign_account), Refused);
});

on_both!(the_organizations_admin_key_holds_its_level_and_no_account, |app| {
    let key = &app.create_key(&["--admin"]);
    assert_eq!((&key.json["kind"], &key.json["account_id"]), (&json!("admin"), &json!(null)));
    assert!(key.json.get("grants").is_none(), "{}", key.json);
    let level = || -> String {
        let scopes = app.json(&["scopes", "list"]);
        let names = scopes.as_array().unwrap().iter().filter(|s| s["level"] == "organization");
        let mut names: Vec<_> = names.map(|s| s["name"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names.join(" ")
    };
    let all = level();
    for expected in ["a", "b", "c", "fx", "payments:admin", "reports:read", "api-keys:read", "api-keys:write"] {
        assert!(all.split(' ').any(|name| name == expected), "{expected} is missing: {all}");
    }
    assert_eq!(app.token(key).accepted().scope, all);
    assert_eq!(app.token(key).accepted().account(), None);
    app.token(key).scope("disputes:read").refused(400, "invalid_scope");
    check(app, key, Some(&app.fixture.account_1), Refused);
    never(app).iter().for_each(|account| check(app, key, Some(account), Refused));
    // Every scope, future ones too; but none of the platform's.
    let scopes = app.json(&["scopes", "list"]);
    let platform = scopes.as_array().unwrap().iter().find(|s| s["level"] == "platform").expect("there are platform scopes");
    app.token(key).scope(platform["name"].as_str().unwrap()).refused(400, "invalid_scope");
    app.create(&["scopes", "create", "zz:new", "--resource-server", crate::support::PAYMENTS]);
    eventually(Duration::from_secs(1), "the new scope", || app.token(key).scope("zz:new").works().then_some(()));
    assert_eq!(app.token(key).accepted().scope, level());
});

on_both!(an_accounts_admin_key_holds_its_own_account_alone, |app| {
    let (one, two) = (app.fixture.account_1.as_str(), app.fixture.account_2.as_str());
    let key = &app.create_key(&["--admin", "--account", one]);
    assert_eq!((&key.json["kind"], &key.json["account_id"]), (&json!("admin"), &json!(one)));
    let all = "disputes:read disputes:write refunds:create";
    check(app, key, None, Token(Some(one), all));
    check(app, key, Some(one), Token(Some(one), all));
    check(app, key, Some(two), Refused);
    never(app).iter().for_each(|account| check(app, key, Some(account), Refused));
    app.token(key).scope("a").refused(400, "invalid_scope");
    app.create(&["scopes", "create", "zz:new", "--resource-server", crate::support::PAYMENTS, "--level", "account"]);
    eventually(Duration::from_secs(1), "the new scope", || app.token(key).scope("zz:new").works().then_some(()));
});

on_both!(account_and_x_login_as_must_agree, |app| {
    let (one, two) = (app.fixture.account_1.as_str(), app.fixture.account_2.as_str());
    let key = &app.key_with_grants(&["*=disputes:read"]);
    app.token(key).account(one).header("x-login-as", two).refused(400, "invalid_request");
    app.token(key).account(one).header("x-login-as", "nonsense").refused(400, "invalid_request");
    app.token(key).header("x-login-as", one).header("x-login-as", two).refused(400, "invalid_request");
    // Empty means omitted.
    assert_eq!(app.token(key).account("").header("x-login-as", one).accepted().account(), Some(one));
    assert_eq!(app.token(key).account(one).header("x-login-as", "").accepted().account(), Some(one));
});
