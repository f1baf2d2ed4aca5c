//! Product.md section 2: what each field of a key may be, what it is when nothing is said, and how it is shown.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::support::{App, on_both};

/// The members of a key in every answer but those that show a secret.
const MEMBERS: [&str; 16] = [
    "client_id",
    "organization_id",
    "name",
    "kind",
    "grants",
    "secrets",
    "ip_allowlist",
    "max_payout",
    "token_lifetime_seconds",
    "token_endpoint_auth_method",
    "plan",
    "expires_at",
    "disabled_at",
    "created_by",
    "created_at",
    "updated_at",
];

on_both!(a_key_shows_the_fields_of_the_contract, |app| {
    let key = app.key_with_grants(&["b a"]);
    let shown = app.key_command("show", &key, &[]);
    let members: HashSet<&str> = shown.as_object().unwrap().keys().map(String::as_str).collect();
    let contract: HashSet<&str> = MEMBERS.into_iter().chain(["last_used_at", "last_used_ip"]).collect();
    let missing: Vec<_> = contract.difference(&members).filter(|name| **name != "organization_id").collect();
    assert!(missing.is_empty(), "{missing:?} are missing: {shown}");
    assert_eq!(shown["client_id"], json!(key.client_id));
    assert_eq!((&shown["name"], &shown["kind"]), (&json!("Test"), &json!("scoped")));
    assert_eq!(shown["grants"], json!([{"account_id": null, "scopes": ["a", "b"]}]));
    assert!(shown.get("account_id").is_none(), "a scoped key has none: {shown}");
    assert_eq!((&shown["ip_allowlist"], &shown["max_payout"]), (&json!([]), &Value::Null));
    assert_eq!(shown["token_lifetime_seconds"], json!(3600));
    assert_eq!(shown["token_endpoint_auth_method"], json!("client_secret_basic"));
    for null in ["plan", "expires_at", "disabled_at", "last_used_at", "last_used_ip"] {
        assert_eq!(shown[null], Value::Null, "{null}: {shown}");
    }
    for time in ["created_at", "updated_at"] {
        let text = shown[time].as_str().unwrap();
        assert!(time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).is_ok(), "{text}");
    }
    assert!(shown["created_by"].is_string(), "{shown}");
    // Creation shows the same and the secret.
    let mut created = key.json.clone();
    assert_eq!(created.as_object_mut().unwrap().remove("client_secret"), Some(json!(key.client_secret)));
    assert_eq!(created, shown);
});

on_both!(grants_are_shown_by_their_target, |app| {
    let one = app.fixture.account_1.as_str();
    let key = app.key_with_grants(&["a", "*=disputes:read", &format!("{one}=refunds:create disputes:read")]);
    let mut grants = key.json["grants"].as_array().unwrap().clone();
    grants.sort_by_key(|grant| grant["account_id"].to_string());
    assert_eq!(
        grants,
        [
            json!({"account_id": "*", "scopes": ["disputes:read"]}),
            json!({"account_id": one, "scopes": ["disputes:read", "refunds:create"]}),
            json!({"account_id": null, "scopes": ["a"]}),
        ]
    );
});

/// Tries each value of a flag at creation and at an edit of the same key.
#[track_caller]
fn check(app: &App, flag: &str, member: &str, good: &[(&str, Value)], bad: &[&str]) {
    let create = ["keys", "create", "--organization", &app.fixture.organization, "--grant", "a"];
    let name: &[&str] = if flag == "--name" { &[] } else { &["--name", "Test"] };
    for (text, value) in good {
        let argument = format!("{flag}={text}");
        let created = app.json(&[&create[..], name, &[&argument]].concat());
        assert_eq!(&created[member], value, "{argument}");
        let edited = app.json(&["keys", "edit", created["client_id"].as_str().unwrap(), &argument]);
        assert_eq!(&edited[member], value, "{argument}");
    }
    let before = app.key_command("show", &app.fixture.k1, &[]);
    for text in bad {
        let argument = format!("{flag}={text}");
        app.cli(&[&create[..], name, &[&argument]].concat()).failed();
        app.cli(&["keys", "edit", &app.fixture.k1.client_id, &argument]).failed();
    }
    assert_eq!(app.key_command("show", &app.fixture.k1, &[]), before);
}

on_both!(names_have_1_to_64_characters, |app| {
    let long = "ä".repeat(64);
    let good = [
        ("x", json!("x")),
        (long.as_str(), json!(long)),
        ("<img onerror=x>", json!("<img onerror=x>")),
        ("名前 1", json!("名前 1")),
    ];
    check(app, "--name", "name", &good, &["", &"ä".repeat(65), "a\nb"]);
    let create = ["keys", "create", "--organization", &app.fixture.organization, "--grant", "a"];
    app.cli(&create).failed_with(2);
});

on_both!(payout_limits_are_decimal_strings_above_zero, |app| {
    let good = ["55.00", "1", "0.00000001", "999999999999999.99999999", "007.10"].map(|text| (text, json!(text)));
    let bad = ["", "0", "0.00", "-1", "+1", "1.", ".5", "1e3", "1,00", "1000000000000000", "0.000000001", " 1", "١", "NaN"];
    check(app, "--max-payout", "max_payout", &good, &bad);
});

on_both!(token_lifetimes_are_a_minute_to_an_hour, |app| {
    let good = [("60", json!(60)), ("3599", json!(3599)), ("3600", json!(3600))];
    check(
        app,
        "--token-lifetime-seconds",
        "token_lifetime_seconds",
        &good,
        &["", "0", "-1", "59", "3601", "65596", "1h", "60.5", "x"],
    );
});

on_both!(allowlists_are_addresses_and_ranges, |app| {
    let good = [
        ("203.0.113.7", json!(["203.0.113.7"])),
        ("203.0.113.0/24", json!(["203.0.113.0/24"])),
        ("2001:DB8::/32", json!(["2001:db8::/32"])),
        ("2001:db8::7", json!(["2001:db8::7"])),
        ("0.0.0.0/0", json!(["0.0.0.0/0"])),
    ];
    let bad = [
        "",
        "x",
        "203.0.113",
        "203.0.113.300",
        "203.0.113.7/33",
        "203.0.113.7/8",
        "203.0.113.7/",
        "2001:db8::/129",
        "::1%eth0",
        "0x7f.1",
        "010.0.0.1",
        "localhost",
    ];
    check(app, "--ip-allow", "ip_allowlist", &good, &bad);
    let several = app.create_key(&["--grant", "a", "--ip-allow", "203.0.113.7", "--ip-allow", "2001:db8::/32"]);
    assert_eq!(several.json["ip_allowlist"], json!(["203.0.113.7", "2001:db8::/32"]));
});

on_both!(expiry_is_a_time_with_an_offset, |app| {
    let good =
        [("2199-01-31T12:00:00Z", json!("2199-01-31T12:00:00Z")), ("2199-01-31T13:00:00+01:00", json!("2199-01-31T12:00:00Z"))];
    check(
        app,
        "--expires-at",
        "expires_at",
        &good,
        &["", "tomorrow", "2199-01-31", "2199-01-31T12:00:00", "2199-02-30T12:00:00Z", "1700000000"],
    );
});

on_both!(authentication_methods_are_a_closed_list, |app| {
    for method in ["client_secret_basic", "client_secret_post"] {
        let key = app.create_key(&["--grant", "a", "--token-endpoint-auth-method", method]);
        assert_eq!(key.json["token_endpoint_auth_method"], json!(method));
    }
    for method in ["", "none", "client_secret_jwt", "Client_Secret_Basic", "basic"] {
        let method = format!("--token-endpoint-auth-method={method}");
        app.cli(&["keys", "create", "--organization", &app.fixture.organization, "--name", "N", "--grant", "a", &method])
            .failed();
    }
});

on_both!(a_key_needs_a_grant_or_to_be_admin, |app| {
    let create = ["keys", "create", "--organization", &app.fixture.organization, "--name", "N"];
    app.cli(&create).failed_with(2);
    app.cli(&[&create[..], &["--account", &app.fixture.account_1]].concat()).failed_with(2);
    for grants in [&["a", "b"][..], &["*=disputes:read", "*=disputes:write"]] {
        let args: Vec<&str> = grants.iter().flat_map(|grant| ["--grant", grant]).collect();
        app.cli(&[&create[..], &args].concat()).failed();
    }
});
