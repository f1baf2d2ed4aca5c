//! `organizations`, `accounts`, `resource-servers`, `scopes`, `keys list|show`: what they print and refuse.

use serde_json::{Value, json};

use crate::support::app::SCOPES;
use crate::support::{DISPUTES, PAYMENTS, on_both};

const NOBODY: &str = "org_01arz3ndektsv4rrffq69g5fav";

#[track_caller]
fn is_id(value: &Value, prefix: &str) -> bool {
    let text = value.as_str().unwrap_or_else(|| panic!("no id: {value}"));
    let ulid = text.strip_prefix(prefix).unwrap_or_else(|| panic!("{text} does not begin with {prefix}"));
    ulid.len() == 26 && ulid.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
}

/// The entry of a list whose member is that text.
#[track_caller]
fn entry(list: &Value, member: &str, text: &str) -> Value {
    let list = list.as_array().unwrap_or_else(|| panic!("not a list: {list}"));
    let found: Vec<_> = list.iter().filter(|entry| entry[member] == json!(text)).collect();
    assert_eq!(found.len(), 1, "{text}: {list:?}");
    found[0].clone()
}

on_both!(organizations_are_created_listed_and_shown, |app| {
    let made = app.json(&["organizations", "create", "Zoë's Shop"]);
    assert!(is_id(&made["id"], "org_"), "{made}");
    assert_eq!(made["name"], json!("Zoë's Shop"));
    let id = made["id"].as_str().unwrap();
    let list = app.json(&["organizations", "list"]);
    assert_eq!(entry(&list, "id", id), made);
    assert_eq!(list.as_array().unwrap().iter().filter(|o| o["platform"] == json!(true)).count(), 1, "{list}");
    assert_eq!(made["platform"], json!(false));
    assert_eq!(app.json(&["organizations", "show", id]), made);
    for name in ["", &"y".repeat(65), "a\nb"] {
        app.cli(&["organizations", "create", name]).failed();
    }
    app.cli(&["organizations", "show", NOBODY]).failed_with(1);
    app.cli(&["organizations", "show", "nonsense"]).failed();
    assert_eq!(app.json(&["organizations", "list"]), list);
});

on_both!(accounts_belong_to_one_organization, |app| {
    let organization = app.fixture.organization.as_str();
    let made = app.json(&["accounts", "create", "--organization", organization, "Shop Three"]);
    assert!(is_id(&made["id"], "acct_"), "{made}");
    assert_eq!((&made["name"], &made["organization_id"]), (&json!("Shop Three"), &json!(organization)));
    let list = app.json(&["accounts", "list", "--organization", organization]);
    assert_eq!(list.as_array().unwrap().len(), 3, "{list}");
    entry(&list, "id", made["id"].as_str().unwrap());
    let others = app.json(&["accounts", "list", "--organization", &app.fixture.other_organization]);
    assert_eq!(others.as_array().unwrap().len(), 1, "{others}");
    app.cli(&["accounts", "create", "--organization", NOBODY, "Shop"]).failed_with(1);
    app.cli(&["accounts", "list", "--organization", NOBODY]).failed_with(1);
    app.cli(&["accounts", "create", "Shop"]).failed_with(2);
    app.cli(&["accounts", "create", "--organization", organization, ""]).failed();
    assert_eq!(app.json(&["accounts", "list", "--organization", organization]), list);
});

on_both!(resource_servers_are_absolute_uris, |app| {
    let list = app.json(&["resource-servers", "list"]);
    assert_eq!(entry(&list, "identifier", PAYMENTS)["name"], json!("Payments"));
    entry(&list, "identifier", DISPUTES);
    entry(&list, "identifier", &format!("{}/api", app.issuer));
    let made = app.json(&["resource-servers", "create", "urn:example:ledger"]);
    assert!(is_id(&made["id"], "rs_"), "{made}");
    assert_eq!(made["identifier"], json!("urn:example:ledger"));
    for bad in ["", "payments", "/payments", "//x/y", "https://x/#f", "https://x/ y", "https://"] {
        app.cli(&["resource-servers", "create", bad]).failed();
    }
    app.cli(&["resource-servers", "create", PAYMENTS]).failed_with(1);
    assert_eq!(app.json(&["resource-servers", "list"]).as_array().unwrap().len(), list.as_array().unwrap().len() + 1);
});

on_both!(scopes_have_a_level_a_server_and_what_they_imply, |app| {
    let list = app.json(&["scopes", "list"]);
    for (name, level, server, implies) in SCOPES {
        let scope = entry(&list, "name", name);
        assert!(is_id(&scope["id"], "scope_"), "{scope}");
        assert_eq!((&scope["level"], &scope["implies"]), (&json!(level), &json!(implies)), "{scope}");
        assert!(
            scope.to_string().contains(server) || scope["resource_server"].as_str().is_some_and(|s| s.starts_with("rs_")),
            "{scope}"
        );
    }
    let made = app.json(&["scopes", "create", "x:read", "--resource-server", PAYMENTS, "--description", "Reads <x>"]);
    assert_eq!(
        (&made["level"], &made["description"], &made["implies"]),
        (&json!("organization"), &json!("Reads <x>"), &json!([]))
    );
    app.cli(&["scopes", "create", "x:write"]).failed_with(2);
    app.cli(&["scopes", "create", "--resource-server", PAYMENTS]).failed_with(2);
});

on_both!(keys_are_listed_for_their_organization, |app| {
    let organization = app.fixture.organization.as_str();
    let key = app.key_with_grants(&["fx"]);
    let list = app.json(&["keys", "list", "--organization", organization]);
    assert_eq!(list.as_array().unwrap().len(), 2, "{list}");
    let listed = entry(&list, "client_id", &key.client_id);
    assert_eq!(listed["client_id"], app.key_command("show", &key, &[])["client_id"]);
    let others = app.json(&["keys", "list", "--organization", &app.fixture.other_organization]);
    assert_eq!(others, json!([]));
    app.cli(&["keys", "list", "--organization", NOBODY]).failed_with(1);
    app.cli(&["keys", "list"]).failed_with(2);
    app.cli(&["keys", "show", crate::support::app::UNKNOWN_ID]).failed_with(1);
    app.cli(&["keys", "show", "nonsense"]).failed();
});

on_both!(people_get_tables_and_programs_get_json, |app| {
    let organization = app.fixture.organization.as_str();
    for args in [
        &["organizations", "list"][..],
        &["organizations", "show", organization],
        &["accounts", "list", "--organization", organization],
        &["resource-servers", "list"],
        &["scopes", "list"],
        &["keys", "list", "--organization", organization],
        &["keys", "show", &app.fixture.k1.client_id],
        &["signing-keys", "list"],
    ] {
        let plain = app.cli(args).succeeded();
        assert!(!plain.stdout.trim().is_empty(), "{plain:?}");
        assert!(serde_json::from_str::<Value>(&plain.stdout).is_err(), "JSON without being asked: {plain:?}");
        assert!(!plain.stdout.contains('\u{1b}'), "colours into a pipe: {plain:?}");
        let json = app.json(args);
        assert!(json.is_array() == (args[1] == "list"), "{json}");
        let loud = app.cli(&[args, &["--json"]].concat()).succeeded();
        assert_eq!(loud.stderr, "", "messages although nothing is wrong: {loud:?}");
    }
});

on_both!(a_new_secret_is_printed_once_to_standard_output_alone, |app| {
    let create = ["keys", "create", "--organization", &app.fixture.organization, "--name", "N", "--grant", "a"];
    let output = app.cli(&create).succeeded();
    assert_eq!(output.stdout.matches("clv_").count(), 1, "{output:?}");
    assert!(output.stdout.contains("key_") && !output.stderr.contains("clv_"), "{output:?}");
    let id_at = output.stdout.find("key_").unwrap();
    let id = &output.stdout[id_at..id_at + 30];
    let secret_at = output.stdout.find("clv_").unwrap();
    let secret = &output.stdout[secret_at..secret_at + 53];
    app.anonymous().basic(id, secret).accepted();
    for action in ["regenerate", "duplicate"] {
        let output = app.cli(&["keys", action, id]).succeeded();
        assert_eq!(output.stdout.matches("clv_").count(), 1, "{output:?}");
        assert!(!output.stderr.contains("clv_"), "{output:?}");
    }
    for action in ["show", "disable", "enable", "delete"] {
        let output = app.cli(&["keys", action, id]).succeeded();
        let text = output.stdout.clone() + &output.stderr;
        assert!(!text.replace("clv_...", "").contains("clv_"), "{output:?}");
    }
});
