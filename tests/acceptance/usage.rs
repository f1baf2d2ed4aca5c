//! What keys are used for, by `GET /api/v1/usage`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::app::UNKNOWN_ID;
use crate::support::tools::eventually;
use crate::support::{App, Backend, Key, Server, on_both};

/// How long counts may take: two seconds, and much more on a machine that is busy with other tests.
const WITHIN: Duration = Duration::from_secs(20);

fn reader(app: &App) -> String {
    app.token_of(&app.key_with_grants(&["api-keys:read"]))
}

#[track_caller]
fn usage(server: &Server, reader: &str, key: &Key) -> Value {
    server.api("GET", &format!("/usage?client_id={}", key.client_id)).bearer(reader).succeeds(200)
}

/// Waits until as many tokens and refusals are told of.
#[track_caller]
fn told(app: &App, reader: &str, key: &Key, tokens: i64, refusals: i64) -> Value {
    let mut last = Value::Null;
    eventually(WITHIN, &format!("{tokens} tokens and {refusals} refusals"), || {
        last = usage(app, reader, key);
        (last["totals"] == json!({"tokens": tokens, "refusals": refusals})).then(|| last.clone())
    })
}

/// Sums of a list over its hours.
fn sums(list: &Value, by: &str, of: &str) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for row in list.as_array().unwrap() {
        *sums.entry(row[by].as_str().unwrap_or("-").to_owned()).or_insert(0) += row[of].as_i64().unwrap();
    }
    sums
}

fn of<const N: usize>(pairs: [(&str, i64); N]) -> BTreeMap<String, i64> {
    pairs.into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
}

on_both!(tokens_and_refusals_are_counted_by_hour_scope_and_reason, |app| {
    let reader = reader(app);
    let key = app.key_with_grants(&["payments:write fx a", &format!("{}=disputes:read", app.fixture.account_1)]);
    for _ in 0..3 {
        app.token(&key).accepted();
    }
    app.token(&key).scope("fx a").accepted();
    app.token(&key).scope("a fx").accepted();
    app.token(&key).scope("payments:read").accepted();
    for _ in 0..2 {
        app.token(&key.with_wrong_secret()).unauthorized();
    }
    app.token(&key).scope("b").send();
    let usage = told(app, &reader, &key, 6, 3);
    assert_eq!(sums(&usage["tokens"], "scope", "tokens"), of([("a", 5), ("fx", 5), ("payments:read", 4), ("payments:write", 3)]));
    assert_eq!(sums(&usage["refusals"], "reason", "count"), of([("invalid_scope", 1), ("wrong_secret", 2)]));
    assert_eq!(usage["hours"].as_array().unwrap().iter().map(|hour| hour["tokens"].as_i64().unwrap()).sum::<i64>(), 6);
    let hour = usage["tokens"][0]["hour"].as_str().unwrap();
    assert!(hour.ends_with(":00:00Z"), "{hour}");
    // What was named by no request, though granted.
    let account = app.fixture.account_1.as_str();
    assert_eq!(
        usage["unused_scopes"],
        json!([{"account_id": null, "scope": "payments:write"}, {"account_id": account, "scope": "disputes:read"}])
    );
    assert_eq!(usage["evidence"], json!({"tokens_with_scope": 3, "tokens_without_scope": 3}));
    assert!(usage["remark"].as_str().unwrap().contains("named no scope"), "{usage}");
});

on_both!(a_key_that_never_names_scopes_is_no_evidence, |app| {
    let reader = reader(app);
    let key = app.key_with_grants(&["a b"]);
    let unused = usage(app, &reader, &key);
    assert_eq!((&unused["totals"], &unused["tokens"]), (&json!({"tokens": 0, "refusals": 0}), &json!([])));
    assert!(unused["remark"].as_str().unwrap().starts_with("No token was issued"), "{unused}");
    app.token(&key).accepted();
    let usage = told(app, &reader, &key, 1, 0);
    assert_eq!(usage["unused_scopes"].as_array().unwrap().len(), 2);
    assert_eq!(usage["evidence"], json!({"tokens_with_scope": 0, "tokens_without_scope": 1}));
    assert!(usage["remark"].as_str().unwrap().contains("no evidence"), "{usage}");
    assert!(usage["unused_since"].as_str().unwrap() >= key.json["created_at"].as_str().unwrap(), "{usage}");
});

on_both!(the_command_line_shows_what_the_api_shows, |app| {
    let reader = reader(app);
    let key = app.key_with_grants(&["payments:write a", &format!("{}=disputes:read", app.fixture.account_1)]);
    app.token(&key).accepted();
    app.token(&key).scope("a").accepted();
    app.token(&key.with_wrong_secret()).unauthorized();
    told(app, &reader, &key, 2, 1);
    let period = ["--from", "2026-01-01T00:00:00Z", "--to", "2026-01-20T00:30:00Z"];
    let shown = app.key_command("usage", &key, &period);
    let query = "from=2026-01-01T00:00:00Z&to=2026-01-20T00:30:00Z";
    let by_api = app.api("GET", &format!("/usage?client_id={}&{query}", key.client_id)).bearer(&reader).succeeds(200);
    assert_eq!(shown, by_api);
    assert_eq!((&shown["totals"]["tokens"], &shown["evidence"]["tokens_with_scope"]), (&json!(0), &json!(1)));

    let lines = |args: &[&str]| -> Vec<String> {
        let text = app.key_action("usage", &key, args).stdout;
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    };
    for (args, column, length) in [(&[][..], "DAY", 10), (&["--by", "hour"], "HOUR", 20)] {
        let lines = lines(args);
        assert_eq!(lines[0], format!("{column} TOKENS SCOPES REFUSALS REASONS"));
        // The hour may have turned between the requests.
        let rows: Vec<&String> = lines[1..].iter().take_while(|line| !line.is_empty()).collect();
        assert!(rows.iter().all(|row| row.split(' ').next().unwrap().len() == length), "{rows:?}");
        if let [row] = rows[..] {
            assert_eq!(row[length..], *" 2 a 2, payments:read 1, payments:write 1 1 wrong_secret 1");
        }
        let account = &app.fixture.account_1;
        for expected in [
            "tokens 2".to_owned(),
            "refusals 1".to_owned(),
            format!("unused_scopes payments:write, {account}=disputes:read"),
            "tokens_with_scope 1".to_owned(),
            "tokens_without_scope 1".to_owned(),
        ] {
            assert!(lines.contains(&expected), "{expected}: {lines:#?}");
        }
        assert!(lines.iter().any(|line| line.starts_with("remark Some requests named no scope")), "{lines:#?}");
    }
    // Without anything to count there is no table.
    assert!(lines(&period)[0].starts_with("client_id "), "{:#?}", lines(&period));
});

on_both!(the_command_line_shows_no_usage_of_odd_periods_or_unknown_keys, |app| {
    let id = app.fixture.k1.client_id.as_str();
    for args in [
        &["keys", "usage"][..],
        &["keys", "usage", "K1"],
        &["keys", "usage", id, "--by", "week"],
        &["keys", "usage", id, "--from", "yesterday"],
        &["keys", "usage", id, "--from", "2026-01-02T00:00:00Z", "--to", "2026-01-01T00:00:00Z"],
        &["keys", "usage", id, "--from", "2026-01-01T00:00:00Z", "--to", "2026-03-01T00:00:00Z"],
    ] {
        app.cli(args).failed_with(2);
    }
    let unknown = app.cli(&["keys", "usage", UNKNOWN_ID]).failed_with(1);
    assert!(unknown.stdout.is_empty() && unknown.stderr.contains(UNKNOWN_ID), "{unknown:?}");
});

on_both!(counts_survive_a_stop_and_are_added_up_afterwards, |app| {
    let key = app.key_with_grants(&["a"]);
    app.token(&key).accepted();
    app.terminate();
    app.restart();
    app.token(&key).accepted();
    told(app, &reader(app), &key, 2, 0);
});

on_both!(an_organization_sees_a_summary_of_its_keys_in_pages, |app| {
    let reader_key = app.key_with_grants(&["api-keys:read"]);
    let reader = app.token_of(&reader_key);
    let keys: Vec<Key> = (0..3).map(|_| app.key_with_grants(&["a"])).collect();
    app.token(&keys[1]).accepted();
    app.token(&keys[1].with_wrong_secret()).unauthorized();
    told(app, &reader, &keys[1], 1, 1);
    let page = app.api("GET", "/usage?limit=2").bearer(&reader).succeeds(200);
    let line = |key: &Key, tokens: i64, refusals: i64| {
        let scopes = if tokens == 0 { json!([]) } else { json!([{"scope": "a", "tokens": tokens}]) };
        let reasons = if refusals == 0 { json!([]) } else { json!([{"reason": "wrong_secret", "count": refusals}]) };
        json!({
            "client_id": key.client_id, "name": "Test", "tokens": tokens, "refusals": refusals, "scopes": scopes, "reasons": reasons
        })
    };
    assert_eq!(page["data"], json!([line(&keys[2], 0, 0), line(&keys[1], 1, 1)]));
    let next = page["next_cursor"].as_str().unwrap();
    let page = app.api("GET", &format!("/usage?limit=200&cursor={next}")).bearer(&reader).succeeds(200);
    let rest = page["data"].as_array().unwrap();
    assert_eq!((&rest[0], &rest[1]["client_id"]), (&line(&keys[0], 0, 0), &json!(reader_key.client_id)));
    assert_eq!((rest.len(), &page["next_cursor"]), (3, &json!(null)), "with K1 of the fixture");
});

on_both!(usage_is_refused_to_others_and_for_odd_periods, |app| {
    let reader = reader(app);
    let get = |query: &str| app.api("GET", &format!("/usage{query}")).bearer(&reader);
    let foreign = app.json(&["keys", "create", "--organization", &app.fixture.other_organization, "--name", "F", "--grant", "a"]);
    get(&format!("?client_id={}", foreign["client_id"].as_str().unwrap())).refused(404, "not_found");
    get("?client_id=key_01arz3ndektsv4rrffq69g5fav").refused(404, "not_found");
    let own = format!("?client_id={}", app.fixture.k1.client_id);
    for bad in [
        "?client_id=K1".to_owned(),
        "?from=yesterday".to_owned(),
        "?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z".to_owned(),
        "?from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z".to_owned(),
        format!("{own}&limit=5"),
        "?hour=1".to_owned(),
    ] {
        get(&bad).refused(400, "invalid_query");
    }
    let usage = get(&format!("{own}&from=2026-01-01T00:30:00Z&to=2026-01-02T00:00:00Z")).succeeds(200);
    assert_eq!((&usage["from"], &usage["to"]), (&json!("2026-01-01T00:00:00Z"), &json!("2026-01-02T00:00:00Z")));
    app.api("GET", "/usage").bearer(&app.token_of(&app.key_with_grants(&["audit:read"]))).refused(403, "insufficient_scope");
    app.api("GET", "/usage").refused(401, "unauthenticated");
});

on_both!(a_key_that_always_asks_for_something_else_is_counted_without_its_scopes, |app| {
    let names = ["a", "b", "c", "fx", "payments:read", "reports:read", "payments:write"];
    let key = app.key_with_grants(&[&names.join(" ")]);
    for number in 1..=100_usize {
        let asked: Vec<&str> = names.iter().enumerate().filter(|(at, _)| number >> at & 1 == 1).map(|(_, name)| *name).collect();
        app.token(&key).scope(&asked.join(" ")).accepted();
    }
    let usage = told(app, &reader(app), &key, 100, 0);
    assert!(sums(&usage["tokens"], "scope", "tokens")["-"] >= 36, "{usage}");
    assert_eq!(app.site.sql("SELECT count(*) <= 70 FROM scope_sets").trim().replace('t', "1"), "1");
});

on_both!(old_counts_are_removed_with_their_sets, |app| {
    let old = "1600000000";
    app.site.sql(&format!(
        "INSERT INTO token_usage VALUES ('{id}', 1599998400, 5, 1); INSERT INTO refusal_usage VALUES ('{id}', 1599998400, 'x', 1); \
         INSERT INTO scope_sets VALUES (5, 'a', NULL, 1599955200)",
        id = app.fixture.k1.client_id
    ));
    app.terminate();
    app.restart();
    let left = || {
        app.site.sql(&format!(
        "SELECT (SELECT count(*) FROM token_usage WHERE hour < {old}) + (SELECT count(*) FROM refusal_usage WHERE hour < {old}) \
         + (SELECT count(*) FROM scope_sets WHERE last_used_on < {old})"
    ))
    };
    eventually(Duration::from_secs(20), "they are gone", || (left().trim() == "0").then_some(()));
});

#[test]
fn two_nodes_count_into_the_same_rows() {
    let app = App::start(Backend::Postgres, &[]);
    let other = app.another_node(&[]);
    let keys: Vec<Key> = (0..4).map(|_| app.key_with_grants(&["a"])).collect();
    for _ in 0..20 {
        for key in &keys {
            app.token(key).accepted();
            other.token(key).accepted();
        }
    }
    let reader = reader(&app);
    for key in &keys {
        told(&app, &reader, key, 40, 0);
    }
    let log = app.log() + &other.log();
    assert!(!log.contains("maintenance failed"), "{log}");
}
