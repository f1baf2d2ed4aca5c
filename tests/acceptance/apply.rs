//! `claviger apply FILE`: what the file says is there afterwards, all of it or nothing, and nothing else is touched.

use serde_json::{Value, json};

use crate::support::tools::{HONOURED_WITHIN, eventually};
use crate::support::{App, Output, on_both};

const FILE: &str = r#"
[[resource_servers]]
identifier = "https://ledger.example.com"
name = "Ledger"

# What implies stands before what is implied: the order of a file means nothing.
[[scopes]]
name = "ledger:admin"
resource_server = "https://ledger.example.com"
implies = ["ledger:write"]

[[scopes]]
name = "ledger:write"
resource_server = "https://ledger.example.com"
description = "Book"
implies = ["ledger:read", "payments:read"]

[[scopes]]
name = "ledger:read"
resource_server = "https://ledger.example.com"

[[scopes]]
name = "branches:read"
resource_server = "https://ledger.example.com"
level = "account"

[[plans]]
name = "gold"
requests_per_minute = 600

[[organizations]]
name = "Umbrella"
plan = "gold"

[[organizations.accounts]]
name = "Berlin"

[[organizations.accounts]]
name = "Paris"

# There already: only its account is new.
[[organizations]]
name = "Acme"
accounts = [{ name = "Shop One" }, { name = "Shop Three" }]
"#;

fn apply(app: &App, file: &str, flags: &[&str]) -> Output {
    let mut args = vec!["apply", "-"];
    args.extend_from_slice(flags);
    app.cli_with(&args, file, &[])
}

/// `kind name` of each change.
fn changes(report: &Value) -> Vec<String> {
    let changes = report["changes"].as_array().unwrap();
    changes.iter().map(|c| format!("{} {} {}", c["action"], c["kind"], c["name"]).replace('"', "")).collect()
}

/// Everything that apply may write to.
fn state(app: &App) -> Vec<String> {
    [
        "select id, name, platform from organizations order by 1",
        "select id, organization_id, name from accounts order by 1",
        "select id, identifier, name from resource_servers order by 1",
        "select id, name, resource_server_id, level, description from scopes order by 1",
        "select scope, implied from scope_implications order by 1, 2",
        "select name, requests_per_minute, requests_per_day, dry_run from plans order by 1",
        "select id, plan from organizations order by 1",
        "select count(*) from audit_events",
        "select seq from feed_head",
    ]
    .iter()
    .map(|sql| app.site.sql(sql))
    .collect()
}

on_both!(what_the_file_says_is_there_afterwards, |app| {
    let before = state(app);
    let preview = apply(app, FILE, &["--dry-run", "--json"]).succeeded().json();
    assert_eq!(preview["dry_run"], json!(true));
    assert_eq!(state(app), before, "a dry run changed something");
    let text = apply(app, FILE, &["--dry-run"]).succeeded();
    for line in
        ["+ scope ledger:write", "    implies: ledger:read payments:read", "+ account Shop Three", "+ organization Umbrella"]
    {
        assert!(text.stdout.lines().any(|l| l == line), "{line}: {text:?}");
    }
    assert!(text.stderr.contains("nothing was done"), "{text:?}");

    let report = apply(app, FILE, &["--json"]).succeeded().json();
    assert_eq!(report["changes"], preview["changes"], "the dry run said something else");
    assert_eq!(
        changes(&report),
        [
            "create resource_server https://ledger.example.com",
            "create scope ledger:read",
            "create scope branches:read",
            "create scope ledger:write",
            "create scope ledger:admin",
            "create plan gold",
            "create organization Umbrella",
            "create account Berlin",
            "create account Paris",
            "create account Shop Three",
        ]
    );
    let key = app.key_with_grants(&["ledger:admin"]);
    let token =
        eventually(HONOURED_WITHIN, "the scopes are known", || app.token(&key).works().then(|| app.token(&key).accepted()));
    assert_eq!(token.scope, "ledger:admin ledger:read ledger:write payments:read");
    let accounts = app.json(&["accounts", "list", "--organization", &app.fixture.organization]);
    let names: Vec<&str> = accounts.as_array().unwrap().iter().map(|a| a["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Shop One", "Shop Two", "Shop Three"]);

    let after = state(app);
    for flags in [&["--json"][..], &["--json", "--dry-run"]] {
        assert_eq!(apply(app, FILE, flags).succeeded().json()["changes"], json!([]));
    }
    assert!(apply(app, FILE, &[]).succeeded().stdout.is_empty());
    assert_eq!(state(app), after, "the second time changed something");
    let actions = app.site.sql("select action from audit_events where actor = 'cli' order by seq desc limit 1");
    assert_eq!(actions.trim(), "api_key.created");
    for action in ["resource_server.created", "scope.created", "organization.created", "account.created"] {
        assert!(app.site.sql("select action from audit_events").contains(action), "{action}");
    }
});

on_both!(what_is_there_is_changed_and_what_is_not_named_stays, |app| {
    apply(app, FILE, &[]).succeeded();
    let (organization, account) = (&app.fixture.organization, &app.fixture.account_2);
    let file = format!(
        r#"
[[plans]]
name = "gold"
requests_per_minute = "unlimited"
requests_per_day = 1_000
dry_run = true

[[resource_servers]]
identifier = "https://ledger.example.com"
name = "General ledger"

[[scopes]]
name = "ledger:write"
description = ""
implies = ["ledger:read"]

[[scopes]]
name = "ledger:admin"

[[organizations]]
id = "{organization}"
name = "Acme Ltd"
plan = "growth"
accounts = [{{ id = "{account}", name = "Shop Zwei" }}]
"#
    );
    let key = app.key_with_grants(&["ledger:write"]);
    eventually(HONOURED_WITHIN, "the scopes are known", || app.token(&key).works().then_some(()));
    let text = apply(app, &file, &["--dry-run"]).succeeded();
    for line in [
        "~ scope ledger:write",
        "    description: Book -> -",
        "    implies: ledger:read payments:read -> ledger:read",
        "    name: Acme -> Acme Ltd",
    ] {
        assert!(text.stdout.lines().any(|l| l == line), "{line}: {text:?}");
    }
    let report = apply(app, &file, &["--json"]).succeeded().json();
    assert_eq!(
        changes(&report),
        [
            "change resource_server https://ledger.example.com",
            "change scope ledger:write",
            "change plan gold",
            "change organization Acme",
            "change account Shop Two",
        ]
    );
    let before = json!({"dry_run": false, "requests_per_day": null, "requests_per_minute": 600});
    assert_eq!(report["changes"][2]["before"], before);
    assert_eq!(report["changes"][3]["before"], json!({"name": "Acme", "plan": null}));
    assert_eq!(report["changes"][3]["id"], json!(organization));
    eventually(HONOURED_WITHIN, "less is implied", || {
        (app.token(&key).accepted().scope == "ledger:read ledger:write").then_some(())
    });
    assert_eq!(app.json(&["organizations", "show", organization])["name"], json!("Acme Ltd"));
    assert_eq!(apply(app, &file, &["--json"]).succeeded().json()["changes"], json!([]));
    let row = app.site.sql("select before, after, target from audit_events where action = 'account.edited'");
    for part in ["Shop Two", "Shop Zwei", account] {
        assert!(row.contains(part), "{part}: {row}");
    }
});

on_both!(the_limits_of_the_plan_enterprise_are_set_for_each_organization, |app| {
    let file = |limits: &str| {
        format!(
            "[[organizations]]\nname = \"Acme\"\nplan = \"enterprise\"\nenterprise_limits = {{ {limits} }}\n[[organizations]]\nname = \"Umbrella\"\n[organizations.enterprise_limits]\nconcurrent_connections = 9\n"
        )
    };
    let first = file("requests_per_minute = 3000, requests_per_day = 50000");
    let report = apply(app, &first, &["--json"]).succeeded().json();
    assert_eq!(changes(&report), ["change organization Acme", "create organization Umbrella"]);
    let limits = |minute: Value, day: Value, at_once: Value| json!({"requests_per_minute": minute, "requests_per_day": day, "concurrent_connections": at_once});
    assert_eq!(report["changes"][0]["after"]["enterprise_limits"], limits(json!(3000), json!(50000), Value::Null));
    let shown = || app.json(&["organizations", "list"]);
    let of = |name: &str| {
        let all = shown();
        all.as_array().unwrap().iter().find(|one| one["name"] == name).unwrap().clone()
    };
    assert_eq!(of("Acme")["enterprise_limits"], limits(json!(3000), json!(50000), Value::Null));
    assert_eq!(of("Umbrella")["enterprise_limits"], limits(Value::Null, Value::Null, json!(9)));
    // What is not named stays, and what is "unlimited" is lifted.
    apply(app, &file("requests_per_minute = \"unlimited\""), &[]).succeeded();
    assert_eq!(of("Acme")["enterprise_limits"], limits(Value::Null, json!(50000), Value::Null));
    let before = state(app);
    assert_eq!(apply(app, &file("requests_per_minute = \"unlimited\""), &["--json"]).succeeded().json()["changes"], json!([]));
    let refused = apply(app, &file("requests_per_minute = 0, per_year = 1"), &[]).failed();
    assert!(refused.stderr.contains("line 4: enterprise_limits.requests_per_minute: must be a number from 1"), "{refused:?}");
    assert!(refused.stderr.contains("line 4: enterprise_limits.per_year: is unknown here"), "{refused:?}");
    assert_eq!(state(app), before);
});

on_both!(mg2_no_scope_of_a_file_implies_one_of_the_servers_own, |app| {
    let before = state(app);
    for name in ["payments:read", "brand:new"] {
        let file = format!(
            "[[scopes]]\nname = \"{name}\"\nresource_server = \"{}\"\nimplies = [\"api-keys:write\"]\n",
            crate::support::PAYMENTS
        );
        let refused = apply(app, &file, &[]).failed();
        assert!(refused.stderr.contains("line 1: scopes.implies: api-keys:write is this server's own"), "{refused:?}");
    }
    assert_eq!(state(app), before);
});

on_both!(every_fault_of_a_file_is_told_at_once_and_nothing_is_done, |app| {
    app.create(&["organizations", "create", "Twin"]);
    app.create(&["organizations", "create", "Twin"]);
    let before = state(app);
    let file = format!(
        r#"
[[resource_servers]]
identifier = "https://new.example.com"
[[scopes]]
name = "fine"
resource_server = "https://new.example.com"
[[scopes]]
name = "orphan"
[[scopes]]
name = "lost"
resource_server = "https://nowhere.example.com"
[[scopes]]
name = "a"
level = "account"
resource_server = "https://disputes.example.com"
[[scopes]]
name = "payments:read"
implies = ["payments:admin", "zzz", "disputes:read"]
[[scopes]]
name = "api-keys:read"
[[scopes]]
name = "fine"
[[organizations]]
name = "Twin"
plan = "nosuch"
[[organizations]]
id = "org_01arz3ndektsv4rrffq69g5fav"
[[organizations]]
name = "Acme"
accounts = [{{ id = "{}" }}, {{ name = "Shop One" }}, {{ name = "Shop One" }}]
[[organizations]]
id = "{}"
"#,
        app.fixture.foreign_account, app.fixture.organization
    );
    for flags in [&["--dry-run"][..], &[]] {
        let output = apply(app, &file, flags).failed();
        for says in [
            "line 7: scopes.resource_server: is required",
            "line 9: scopes.resource_server: there is no resource server https://nowhere.example.com",
            "line 12: scopes.level: can't be changed",
            "line 12: scopes.resource_server: can't be changed",
            "line 16: scopes.implies: payments:read would imply itself by way of payments:admin",
            "line 16: scopes.implies: there is no scope zzz",
            "line 16: scopes.implies: disputes:read has another level",
            "line 19: scopes.name: api-keys:read belongs to this server's own API",
            "line 21: scopes.name: fine stands here twice",
            "line 23: organizations.name: 2 organizations are called \"Twin\"",
            "line 23: organizations.plan: there is no plan nosuch",
            "line 26: organizations.id: there is no organization",
            "line 30: accounts.id: the organization has no account",
            "line 30: accounts: the same account stands here twice",
            "line 31: organizations: the same organization stands here twice",
            "nothing was changed",
        ] {
            assert!(output.stderr.contains(says), "{says}: {output:#?}");
        }
        assert_eq!(output.stderr.lines().count(), 16, "{output:#?}");
        assert_eq!(state(app), before);
    }
    for (file, says) in [
        ("[[scopes]]\nname = 'a b'\ncolour = 1\n", "line 3: scopes.colour: is unknown here"),
        ("[[scope]]\nname = 'a'\n", "line 1: scope: is unknown here"),
        ("name = \n", "line 1: "),
        ("[[plans]]\nname = 'enterprise'\nrequests_per_day = 5\n", "line 1: plans.name: the limits of enterprise"),
        ("[[resource_servers]]\nidentifier = 'payments'\n", "line 2: resource_servers.identifier: must be an absolute URI"),
    ] {
        let output = apply(app, file, &[]).failed();
        assert!(output.stderr.contains(says), "{output:#?}");
    }
    app.cli(&["apply", "/nonexistent.toml"]).failed().in_one_line();
    assert_eq!(state(app), before);
});

on_both!(f9_a_write_that_fails_leaves_nothing_behind, |app| {
    let before = state(app);
    let refuse = match app.site.backend {
        crate::support::Backend::Sqlite => {
            "create trigger stuck before insert on accounts when new.name = 'Paris' begin select raise(abort, 'no'); end"
        }
        crate::support::Backend::Postgres => {
            "create function no() returns trigger language plpgsql as 'begin raise exception ''no''; end';
             create trigger stuck before insert on accounts for each row when (new.name = 'Paris') execute function no()"
        }
    };
    app.site.sql(refuse);
    apply(app, FILE, &[]).failed();
    assert_eq!(state(app), before);
});
