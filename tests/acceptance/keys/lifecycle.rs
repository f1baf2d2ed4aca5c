//! Create, edit, disable, enable, delete, duplicate; admin keys; expiry.

use std::time::Duration;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::support::tools::{HONOURED_WITHIN, eventually};
use crate::support::{App, Key, on_both};

/// Waits until the server refuses the key, and looks at how.
#[track_caller]
fn dies(app: &App, key: &Key) {
    eventually(HONOURED_WITHIN, "the key is refused", || (!app.token(key).works()).then_some(()));
    app.token(key).unauthorized();
}

#[track_caller]
fn lives(app: &App, key: &Key) {
    eventually(HONOURED_WITHIN, "the key is accepted", || app.token(key).works().then_some(()));
}

on_both!(a_new_key_works_at_once, |app| {
    for _ in 0..10 {
        let key = app.key_with_grants(&["a"]);
        app.token(&key).accepted();
    }
});

on_both!(disable_and_enable_are_honoured, |app| {
    let key = app.key_with_grants(&["a"]);
    let bystander = app.key_with_grants(&["a"]);
    for _ in 0..3 {
        app.token(&key).accepted();
        let shown = app.key_command("disable", &key, &[]);
        assert!(shown["disabled_at"].is_string(), "{shown}");
        dies(app, &key);
        app.token(&bystander).accepted();
        let shown = app.key_command("enable", &key, &[]);
        assert_eq!(shown["disabled_at"], Value::Null, "{shown}");
        lives(app, &key);
    }
    // Doing it twice changes nothing.
    let first = app.key_command("disable", &key, &[])["disabled_at"].clone();
    assert_eq!(app.key_command("disable", &key, &[])["disabled_at"], first);
    app.key_action("enable", &key, &[]);
    app.key_action("enable", &key, &[]);
    lives(app, &key);
});

on_both!(delete_is_final, |app| {
    let key = app.key_with_grants(&["a"]);
    app.token(&key).accepted();
    app.key_action("delete", &key, &[]);
    dies(app, &key);
    let listed = app.json(&["keys", "list", "--organization", &app.fixture.organization]);
    assert!(!listed.to_string().contains(&key.client_id), "{listed}");
    for action in ["show", "enable", "disable", "delete", "regenerate", "duplicate", "revoke-tokens"] {
        app.cli(&["keys", action, &key.client_id]).failed_with(1);
    }
    app.cli(&["keys", "edit", &key.client_id, "--name", "N"]).failed_with(1);
    dies(app, &key);
});

on_both!(a_key_expires, |app| {
    let expires = (OffsetDateTime::now_utc() + Duration::from_secs(3)).replace_nanosecond(0).unwrap();
    let key = app.create_key(&["--grant", "a", "--expires-at", &expires.format(&Rfc3339).unwrap()]);
    app.token(&key).accepted();
    eventually(Duration::from_secs(6), "the key expires", || (!app.token(&key).works()).then_some(()));
    assert!(OffsetDateTime::now_utc() >= expires, "refused too early");
    app.token(&key).unauthorized();
    // An edit may give it more time.
    app.key_action("edit", &key, &["--expires-at", "2199-01-01T00:00:00Z"]);
    lives(app, &key);
    let shown = app.key_command("edit", &key, &["--clear", "expires_at"]);
    assert_eq!(shown["expires_at"], Value::Null);
    lives(app, &key);
});

on_both!(an_edit_changes_what_is_named_and_nothing_else, |app| {
    let key = app.create_key(&["--grant", "a", "--max-payout", "55.00", "--token-lifetime-seconds", "600"]);
    let before = app.key_command("show", &key, &[]);
    let shown = app.key_command("edit", &key, &["--name", "Renamed"]);
    assert_eq!(shown["name"], json!("Renamed"));
    assert!(shown.get("client_secret").is_none(), "{shown}");
    let without = |mut value: Value| {
        let object = value.as_object_mut().unwrap();
        for moving in ["name", "updated_at", "last_used_at", "last_used_ip", "secrets"] {
            object.remove(moving);
        }
        value
    };
    assert_eq!(without(shown.clone()), without(before.clone()));
    let ids = |value: &Value| value["secrets"].as_array().unwrap().iter().map(|s| s["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&shown), ids(&before), "an edit never touches a secret");
    app.token(&key).accepted();

    app.key_action("edit", &key, &["--grant", "b", "--token-lifetime-seconds", "60", "--clear", "max_payout"]);
    let accepted = eventually(HONOURED_WITHIN, "the edit", || {
        let accepted = app.token(&key).accepted();
        (accepted.scope == "b").then_some(accepted)
    });
    assert_eq!(accepted.expires_in, 60);
    assert!(!accepted.claims.contains_key("authorization_details"));
    for clear in ["name", "grants", "kind", "client_id", "nonsense"] {
        app.cli(&["keys", "edit", &key.client_id, "--clear", clear]).failed();
    }
    app.cli(&["keys", "edit", &key.client_id, "--admin"]).failed();
    app.token(&key).scope("b").accepted();
});

on_both!(a_duplicate_has_the_same_settings_and_its_own_id_and_secret, |app| {
    let one = app.fixture.account_1.as_str();
    let grants = format!("{one}=disputes:read");
    let key = app.create_key(&["--grant", "a b", "--grant", &grants, "--max-payout", "55.00", "--ip-allow", "127.0.0.1"]);
    let copy = Key::from_json(app.key_command("duplicate", &key, &[]));
    assert_ne!(copy.client_id, key.client_id);
    assert_ne!(copy.client_secret, key.client_secret);
    assert_eq!(copy.json["name"], json!("Test (copy)"));
    for same in [
        "kind",
        "grants",
        "ip_allowlist",
        "max_payout",
        "token_lifetime_seconds",
        "token_endpoint_auth_method",
        "plan",
        "expires_at",
    ] {
        assert_eq!(copy.json[same], key.json[same], "{same}");
    }
    assert_eq!(app.token(&copy).account(one).accepted().scope, "a b disputes:read");
    assert_eq!(app.token(&key).account(one).accepted().scope, "a b disputes:read");
    app.token(&copy.with_secret(&key.client_secret)).unauthorized();
    app.token(&key.with_secret(&copy.client_secret)).unauthorized();
    // A long name is cut so that the suffix fits into 64 characters.
    app.key_action("edit", &key, &["--name", &"ä".repeat(64)]);
    let copy = Key::from_json(app.key_command("duplicate", &key, &[]));
    assert_eq!(copy.json["name"], json!(format!("{} (copy)", "ä".repeat(57))));
});

on_both!(there_is_one_admin_key_for_each_target, |app| {
    let one = app.fixture.account_1.as_str();
    let create = ["keys", "create", "--organization", &app.fixture.organization, "--name", "N", "--admin"];
    let admin = Key::from_json(app.json(&create));
    let of_one = Key::from_json(app.json(&[&create[..], &["--account", one]].concat()));
    app.json(&[&create[..], &["--account", &app.fixture.account_2]].concat());
    app.json(&["keys", "create", "--organization", &app.fixture.other_organization, "--name", "N", "--admin"]);
    app.cli(&create).failed_with(1);
    app.cli(&[&create[..], &["--account", one]].concat()).failed_with(1);
    for key in [&admin, &of_one] {
        app.cli(&["keys", "duplicate", &key.client_id]).failed_with(1);
        app.cli(&["keys", "edit", &key.client_id, "--grant", "a"]).failed();
        app.token(key).accepted();
    }
    // A disabled one still is the one; a deleted one is not.
    app.key_action("disable", &admin, &[]);
    app.cli(&create).failed_with(1);
    app.key_action("delete", &admin, &[]);
    app.json(&create);
    app.cli(&[&create[..], &["--grant", "a"]].concat()).failed_with(2);
    // An account is an admin key's; a scoped key names it in its grants, and must not seem to be narrowed by it.
    app.cli(&[&create[..create.len() - 1], &["--grant", "a", "--account", one]].concat()).failed_with(2);
});

on_both!(an_account_of_another_organization_cannot_be_granted, |app| {
    let foreign = app.fixture.foreign_account.as_str();
    let create = ["keys", "create", "--organization", &app.fixture.organization, "--name", "N"];
    let grant = format!("{foreign}=disputes:read");
    app.cli(&[&create[..], &["--grant", &grant]].concat()).failed_with(1);
    app.cli(&[&create[..], &["--admin", "--account", foreign]].concat()).failed_with(1);
    app.cli(&["keys", "edit", &app.fixture.k1.client_id, "--grant", &grant]).failed_with(1);
    app.cli(&["keys", "create", "--organization", "org_01arz3ndektsv4rrffq69g5fav", "--name", "N", "--grant", "a"])
        .failed_with(1);
});

on_both!(platform_scopes_are_for_the_platforms_own_organization, |app| {
    let organizations = app.json(&["organizations", "list"]);
    let platform: Vec<&Value> = organizations.as_array().unwrap().iter().filter(|o| o["platform"] == json!(true)).collect();
    assert_eq!(platform.len(), 1, "{organizations}");
    let id = platform[0]["id"].as_str().unwrap();
    app.create(&["scopes", "create", "platform:read", "--resource-server", crate::support::PAYMENTS, "--level", "platform"]);
    let create = |organization: &str| {
        app.cli(&["keys", "create", "--organization", organization, "--name", "N", "--grant", "platform:read", "--json"])
    };
    create(&app.fixture.organization).failed();
    let key = Key::from_json(create(id).succeeded().json());
    eventually(HONOURED_WITHIN, "the new scope", || app.token(&key).works().then_some(()));
    assert_eq!(app.token(&key).accepted().scope, "platform:read");
});

on_both!(revoking_a_keys_tokens_leaves_the_key_alone, |app| {
    let key = app.key_with_grants(&["a"]);
    app.key_action("revoke-tokens", &key, &[]);
    app.key_action("edit", &key, &["--name", "N"]);
    app.token(&key).accepted();
});

on_both!(keys_asked_for_at_the_same_moment_for_the_first_time_are_told_apart, |app| {
    // More than one grant and secret, so that rows of one key could be taken for another's.
    let keys: Vec<_> = ["a", "b"].iter().cycle().take(6).map(|scope| app.key_with_grants(&[scope])).collect();
    let deleted = app.key_with_grants(&["a"]);
    app.key_action("delete", &deleted, &[]);
    std::thread::scope(|threads| {
        for round in 0..4 {
            for (key, scope) in keys.iter().zip(["a", "b"].iter().cycle()) {
                threads.spawn(move || assert_eq!(app.token(key).accepted().scope, *scope));
            }
            threads.spawn(|| app.token(&deleted).unauthorized());
            threads.spawn(move || {
                app.anonymous().basic(&format!("key_01arz3ndektsv4rrffq69g5f0{round}"), "x").unauthorized();
            });
        }
    });
});
