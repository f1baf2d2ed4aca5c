//! Who reads what of the log: the command line everything, an organization its own.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{awaited, rows};
use crate::support::api::small_key;
use crate::support::{App, Backend, Key, on_both};

const PLATFORM: &str = "org_00000000000000000000000000";

/// A token with `audit:read` of that organization.
fn auditor(app: &App, organization: &str) -> String {
    let key = app.json(&["keys", "create", "--organization", organization, "--name", "Auditor", "--grant", "audit:read"]);
    app.token_of(&Key::from_json(key))
}

/// Every page of a list, in one.
#[track_caller]
fn all(app: &App, token: &str, query: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = app.api("GET", &format!("/audit-events?{query}{cursor}")).bearer(token).succeeds(200);
        found.extend(page["data"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            None => return found,
            Some(next) => cursor = format!("&cursor={next}"),
        }
    }
}

on_both!(an_organization_reads_its_own_rows_newest_first, |app| {
    let token = auditor(app, &app.fixture.organization);
    let integrator = app.integrator();
    let made = app.api_create(&app.token_of(&integrator), &small_key("Made by the API"));
    let found = all(app, &token, "limit=200");
    assert!(found.iter().all(|row| row["organization_id"] == json!(app.fixture.organization)), "{found:?}");
    let seqs: Vec<i64> = found.iter().map(|row| row["seq"].as_i64().unwrap()).collect();
    assert!(seqs.is_sorted_by(|a, b| a > b), "{seqs:?}");
    let row = &found[0];
    assert_eq!(
        (&row["action"], &row["target"], &row["outcome"]),
        (&json!("api_key.created"), &json!(made.client_id), &json!("done"))
    );
    assert_eq!(row["actor"], json!({"type": "api_key", "id": integrator.client_id, "name": integrator.json["name"]}));
    assert_eq!(row["address"], "127.0.0.1");
    assert!(row["id"].as_str().unwrap().starts_with("audit_") && row["request_id"].is_string(), "{row}");
    let occurred_at = row["occurred_at"].as_str().unwrap();
    assert!(occurred_at.len() == 24 && occurred_at.ends_with('Z'), "{occurred_at}");
    assert_eq!(row["after"]["name"], "Made by the API", "{row}");
    let members: BTreeSet<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
    let expected =
        "action actor address after before id occurred_at organization_id outcome reason request_id seq target target_name";
    assert_eq!(row["target_name"], "Made by the API", "{row}");
    assert_eq!(members, expected.split(' ').collect());
    assert!(!found.iter().any(|row| row.to_string().contains("clv_0")), "a secret is in the log");
    // In pages it is the same.
    assert_eq!(all(app, &token, "limit=3"), found);
});

on_both!(rows_of_others_are_not_seen, |app| {
    let (own, other) = (auditor(app, &app.fixture.organization), auditor(app, &app.fixture.other_organization));
    app.anonymous().unauthorized();
    let refused = awaited(app, &["--action", "token.refused"]);
    assert_eq!(refused[0]["organization_id"], json!(null));
    for (token, organization) in [(own, &app.fixture.organization), (other, &app.fixture.other_organization)] {
        let found = all(app, &token, "limit=200");
        assert!(!found.is_empty() && found.iter().all(|row| row["organization_id"] == json!(organization)), "{found:?}");
    }
    // Operators see the platform's own and what belongs to nobody, not what is their customers'.
    let found = all(app, &auditor(app, PLATFORM), "limit=200");
    let organizations: BTreeSet<Option<&str>> = found.iter().map(|row| row["organization_id"].as_str()).collect();
    assert_eq!(organizations, BTreeSet::from([None, Some(PLATFORM)]));
    // Without the scope nothing is seen.
    let key = app.key_with_grants(&["api-keys:write"]);
    app.api("GET", "/audit-events").bearer(&app.token_of(&key)).refused(403, "insufficient_scope");
    app.api("GET", "/audit-events").refused(401, "unauthenticated");
});

on_both!(the_log_is_filtered, |app| {
    let token = auditor(app, &app.fixture.organization);
    let key = app.key_with_grants(&["a"]);
    let (disabled, other) = (key.client_id.as_str(), app.key_with_grants(&["a"]).client_id);
    app.key_action("disable", &key, &[]);
    app.token(&key).unauthorized();
    awaited(app, &["--target", disabled, "--outcome", "refused"]);
    let actions = |query: &str| -> Vec<String> {
        all(app, &token, query).iter().map(|row| row["action"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(actions(&format!("target={disabled}")), ["token.refused", "api_key.disabled", "api_key.created"]);
    assert_eq!(actions(&format!("target={disabled}&outcome=done&limit=1")), ["api_key.disabled", "api_key.created"]);
    assert_eq!(actions(&format!("target={disabled}&actor=cli&action=api_key.created")), ["api_key.created"]);
    assert_eq!(actions(&format!("target={disabled}&actor=anonymous")), ["token.refused"]);
    assert_eq!(actions(&format!("target={other}&action=api_key.")), ["api_key.created"]);
    assert!(actions("action=api%5Fkey").len() > 3);
    // An underscore is itself and nothing else.
    assert!(actions("action=api_k_y").is_empty());
    let all_rows = all(app, &token, "limit=200");
    let time = |row: &Value| row["occurred_at"].as_str().unwrap()[..19].to_owned() + "Z";
    let newest = time(&all_rows[0]);
    assert_eq!(actions(&format!("since={newest}&limit=200")).len(), all_rows.iter().filter(|row| time(row) >= newest).count());
    assert_eq!(actions(&format!("until={newest}&limit=200")).len(), all_rows.iter().filter(|row| time(row) < newest).count());
    assert!(actions("since=2100-01-01T00:00:00Z").is_empty() && actions("until=2001-01-01T00:00:00Z").is_empty());
    for bad in ["actor=root", "outcome=maybe", "action=A", "action=", "target=", "since=yesterday", "limit=0", "cursor=x", "x=1"]
    {
        app.api("GET", &format!("/audit-events?{bad}")).bearer(&token).refused(400, "invalid_query");
    }
    // The command line has the same filters.
    assert_eq!(rows(app, &["--target", disabled]).len(), 3);
    let two = app.json(&["audit", "list", "--organization", &app.fixture.organization, "--actor", "cli", "--limit", "2"]);
    assert_eq!(two.as_array().unwrap().len(), 2);
    let table = app.cli(&["audit", "list", "--target", disabled]).succeeded().stdout;
    assert!(table.lines().next().unwrap().starts_with("OCCURRED AT") && table.lines().count() == 4, "{table}");
    app.cli(&["audit", "list", "--actor", "root"]).failed_with(2);
});

on_both!(an_export_has_every_row_in_its_order_with_its_hash, |app| {
    let lines = |args: &[&str]| -> Vec<Value> {
        let output = app.cli(&[&["audit", "export"], args].concat()).succeeded();
        output.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let exported = lines(&[]);
    let mut listed = rows(app, &[]);
    listed.reverse();
    assert_eq!(exported.len(), listed.len());
    for (exported, listed) in exported.iter().zip(&listed) {
        assert_eq!(exported["hash"].as_str().unwrap().len(), 64);
        assert_eq!(exported["after"], listed["after"]);
        assert_eq!(exported["seq"], listed["seq"]);
    }
    let own = lines(&["--organization", &app.fixture.organization]);
    assert!(!own.is_empty() && own.len() < exported.len());
    assert!(own.iter().all(|row| row["organization_id"] == json!(app.fixture.organization)));
});

on_both!(f22_every_list_follows_an_index, |app| {
    // Enough rows that reading them all would be the worse way.
    let columns = "seq, id, occurred_at, organization_id, actor, action, target, outcome, hash";
    let values = |n: &str, zeros: &str| {
        format!(
            "SELECT 1000 + {n}, 'audit_' || {n}, 0, 'org_' || ({n} % 2000), 'key_' || ({n} % 2000), 'x', 'key_' || ({n} % 2000), 'done', {zeros}"
        )
    };
    app.site.sql(&match app.site.backend {
        Backend::Sqlite => format!(
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 20000) \
             INSERT INTO audit_events ({columns}) {} FROM c; ANALYZE",
            values("n", "zeroblob(32)")
        ),
        Backend::Postgres => format!(
            "INSERT INTO audit_events ({columns}) {} FROM generate_series(1, 20000) AS n; ANALYZE audit_events",
            values("n", "decode(repeat('00', 32), 'hex')")
        ),
    });
    for (filter, index) in [
        ("organization_id = 'org_7'", "audit_events_by_organization"),
        ("organization_id IS NULL", "audit_events_by_organization"),
        ("target = 'key_7'", "audit_events_by_target"),
        ("actor = 'key_7'", "audit_events_by_actor"),
    ] {
        let explain = if app.site.backend == Backend::Sqlite { "EXPLAIN QUERY PLAN" } else { "EXPLAIN" };
        let list = format!("SELECT * FROM audit_events WHERE seq BETWEEN 1 AND 30000 AND {filter} ORDER BY seq DESC LIMIT 50");
        let plan = app.site.sql(&format!("{explain} {list}"));
        assert!(plan.contains(index), "{filter}: {plan}");
    }
});
