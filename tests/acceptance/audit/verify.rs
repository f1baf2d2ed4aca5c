//! F20: `claviger audit verify` finds what was done to the tables behind the program's back, and names the first row.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::rows;
use crate::support::tools::fresh_address;
use crate::support::{App, Backend, on_both};

const TRUST: [&str; 2] = ["--trusted-proxies", "127.0.0.0/8"];

/// What `audit verify --json` says, whether it is content or not.
#[track_caller]
fn verify(app: &App, args: &[&str]) -> (Option<i32>, Value) {
    let output = app.cli(&[&["audit", "verify", "--json"], args].concat());
    (output.code, output.json())
}

#[track_caller]
fn anchor(app: &App) -> String {
    app.cli(&["audit", "head"]).succeeded().stdout.trim().to_owned()
}

on_both!(f20_a_log_that_nobody_touched_is_good, |app| {
    let (code, report) = verify(app, &[]);
    let count = rows(app, &[]).len();
    assert!(count > 15, "the fixture was made by changes: {count} rows");
    let anchor = anchor(app);
    assert_eq!(code, Some(0));
    assert_eq!(report, json!({"verified": true, "rows": count, "head": anchor, "anchors": 0, "fault": null}));
    let output = app.cli(&["audit", "verify", "--anchor", &anchor]).succeeded();
    assert!(output.stdout.contains(&format!("verified  {count} rows, 1 anchors")), "{output:?}");
    app.cli(&["audit", "verify", "--anchor", "nonsense"]).failed_with(2);
});

on_both!(f20_a_log_with_nothing_but_the_first_signing_key_is_good, backend, {
    let app = App::start_empty(backend, crate::support::Options::default());
    let (code, report) = verify(&app, &[]);
    assert_eq!((code, &report["rows"]), (Some(0), &json!(1)), "{report}");
    app.cli(&["audit", "head"]).succeeded();
    app.cli(&["doctor"]).succeeded();
});

on_both!(f20_every_kind_of_tamper_on_the_tables_is_found_and_named, |app| {
    let sql = |sql: &str| app.site.sql(sql);
    sql("CREATE TABLE saved AS SELECT * FROM audit_events");
    sql("CREATE TABLE saved_head AS SELECT * FROM audit_head");
    let last = rows(app, &[]).len();
    let zeros = if app.site.backend == Backend::Sqlite { "zeroblob(32)" } else { "decode(repeat('00', 32), 'hex')" };
    let set = |column: &str, value: &str| format!("UPDATE audit_events SET {column} = {value} WHERE seq = 7");
    let mut tampers: Vec<(String, usize)> = [
        ("id", "'audit_x'"),
        ("occurred_at", "occurred_at + 1"),
        ("organization_id", "'org_x'"),
        ("actor", "'system'"),
        ("address", "'192.0.2.1'"),
        ("request_id", "''"),
        ("action", "'api_key.deleted'"),
        ("target", "NULL"),
        ("outcome", "'refused'"),
        ("reason", "'x'"),
        ("before", "'{}'"),
        ("after", "NULL"),
        ("hash", zeros),
    ]
    .into_iter()
    .map(|(column, value)| (set(column, value), 7))
    .collect();
    tampers.extend([
        ("DELETE FROM audit_events WHERE seq = 1".to_owned(), 1),
        ("DELETE FROM audit_events WHERE seq = 9".to_owned(), 9),
        (format!("DELETE FROM audit_events WHERE seq > {}", last - 3), last - 2),
        (format!("DELETE FROM audit_events WHERE seq = {last}; DELETE FROM audit_head"), last - 1),
        ("DELETE FROM audit_events".to_owned(), 1),
        ("UPDATE audit_events SET seq = 0 WHERE seq = 4".to_owned(), 0),
        (
            "UPDATE audit_events SET seq = -1 WHERE seq = 4; UPDATE audit_events SET seq = 4 WHERE seq = 6; \
             UPDATE audit_events SET seq = 6 WHERE seq = -1"
                .to_owned(),
            4,
        ),
        (format!("UPDATE audit_head SET seq = {}", last - 1), last - 1),
        (format!("UPDATE audit_head SET seal = {zeros}"), last),
        (
            format!(
                "INSERT INTO audit_events SELECT {}, 'audit_y', occurred_at, organization_id, actor, address, request_id, action, \
                 target, outcome, reason, before, after, hash FROM saved WHERE seq = {last}",
                last + 1
            ),
            last + 1,
        ),
    ]);
    for (tamper, first) in tampers {
        sql(&tamper);
        let (code, report) = verify(app, &[]);
        assert_eq!(code, Some(1), "not found: {tamper}: {report}");
        assert_eq!(report["verified"], json!(false));
        assert_eq!(report["fault"]["seq"], json!(first), "{tamper}: {report}");
        sql("DELETE FROM audit_events; INSERT INTO audit_events SELECT * FROM saved");
        sql("DELETE FROM audit_head; INSERT INTO audit_head SELECT * FROM saved_head");
    }
    verify(app, &[]).0.filter(|code| *code == 0).expect("put back as it was, it is good again");

    // In words, on standard error; and the doctor sees what is among the newest.
    sql(&set("target", "'key_x'"));
    let output = app.cli(&["audit", "verify"]).failed_with(1).in_one_line();
    assert!(output.stderr.contains("row 7 (audit_") && output.stderr.contains("tampered"), "{output:?}");
    let doctor = app.cli(&["doctor"]);
    assert_eq!(doctor.code, Some(1), "{doctor:?}");
    assert!(doctor.stdout.contains("row 7") && doctor.stdout.contains("claviger audit verify"), "{doctor:?}");
});

on_both!(f20_an_old_state_of_the_whole_log_is_seen_with_an_anchor_alone, |app| {
    let sql = |sql: &str| app.site.sql(sql);
    sql("CREATE TABLE saved AS SELECT * FROM audit_events");
    sql("CREATE TABLE saved_head AS SELECT * FROM audit_head");
    let before = anchor(app);
    app.create(&["organizations", "create", "To be forgotten"]);
    let kept = anchor(app);
    let export = app.site.dir.join("export.jsonl");
    std::fs::write(&export, app.cli(&["audit", "export"]).succeeded().stdout).unwrap();
    let export = export.to_str().unwrap();
    let (code, report) = verify(app, &["--anchor", &before, "--anchor", &kept, "--anchor-file", export]);
    assert_eq!((code, &report["anchors"]), (Some(0), &json!(rows(app, &[]).len() + 2)), "{report}");

    sql("DELETE FROM audit_events; INSERT INTO audit_events SELECT * FROM saved");
    sql("DELETE FROM audit_head; INSERT INTO audit_head SELECT * FROM saved_head");
    let seq = json!(kept.split_once(':').unwrap().0.parse::<i64>().unwrap());
    assert_eq!(verify(app, &[]).0, Some(0), "nothing shows it from within");
    assert_eq!(verify(app, &["--anchor", &before]).0, Some(0));
    for args in [["--anchor", &kept], ["--anchor-file", export]] {
        let (code, report) = verify(app, &args);
        assert_eq!((code, &report["fault"]["seq"]), (Some(1), &seq), "{report}");
    }
    // Also when the log goes on from there.
    app.create(&["organizations", "create", "Another"]);
    assert_eq!(verify(app, &[]).0, Some(0));
    let (code, report) = verify(app, &["--anchor", &kept]);
    assert_eq!((code, &report["fault"]["seq"]), (Some(1), &seq), "{report}");
});

/// Verifies over and over while refusals and changes are written by these nodes.
fn under_live_writes(app: &App, nodes: &[&crate::support::Server]) {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for node in nodes {
            let stop = &stop;
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    node.token(&app.fixture.k1.with_wrong_secret()).from(&fresh_address()).unauthorized();
                }
            });
        }
        let writers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..15 {
                        app.create(&["organizations", "create", "Live"]);
                    }
                })
            })
            .collect();
        let mut last = 0;
        while !writers.iter().all(std::thread::ScopedJoinHandle::is_finished) || last == 0 {
            let (code, report) = verify(app, &[]);
            assert_eq!(code, Some(0), "{report}");
            last = report["rows"].as_i64().unwrap();
        }
        std::thread::sleep(std::time::Duration::from_millis(2_500));
        stop.store(true, Ordering::Relaxed);
    });
    let (code, report) = verify(app, &[]);
    assert_eq!(code, Some(0), "{report}");
    super::awaited(app, &["--action", "token.refused"]);
}

on_both!(f20_it_verifies_while_a_server_writes, ["--trusted-proxies", "127.0.0.0/8"], |app| {
    under_live_writes(app, &[&app.server]);
});

#[test]
fn f20_two_nodes_that_write_at_once_keep_one_chain() {
    let app = App::start(Backend::Postgres, &TRUST);
    let other = app.another_node(&TRUST);
    under_live_writes(&app, &[&app.server, &other]);
}
