//! The file: what it may say, what is wrong with it, and importing it again.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{FOREIGN_ID, SECRET, SHA_256, ask, import, import_one, line};
use crate::support::tools::{HONOURED_WITHIN, eventually};
use crate::support::{App, on_both};

fn keys(app: &App) -> String {
    app.site.sql("select count(*) from api_keys").trim().to_owned()
}

on_both!(importing_a_file_twice_changes_nothing, |app| {
    let lines = line("one", SHA_256, &json!({})) + "\n" + &line("two", SHA_256, &json!({"name": "Two"}));
    let first = import(app, &lines, &[]).succeeded().json();
    assert_eq!((&first["created"], &first["existing"], &first["dry_run"]), (&json!(2), &json!(0), &json!(false)), "{first}");
    assert_eq!((&first["keys"][0]["line"], &first["keys"][1]["line"]), (&json!(1), &json!(3)), "{first}");
    let before = app.site.sql("select client_id, name, updated_at from api_keys order by 1");
    let audit = app.site.sql("select count(*) from audit_events");
    // Also when the line says something else by now: an import makes keys and changes none.
    let lines = lines.replace("\"Imported\"", "\"Another name\"");
    let second = import(app, &lines, &[]).succeeded().json();
    assert_eq!((&second["created"], &second["existing"]), (&json!(0), &json!(2)), "{second}");
    assert_eq!(second["keys"][1]["client_id"], first["keys"][1]["client_id"]);
    assert_eq!(app.site.sql("select client_id, name, updated_at from api_keys order by 1"), before);
    assert_eq!(app.site.sql("select count(*) from audit_events"), audit);
});

on_both!(a_deleted_key_is_not_brought_back, |app| {
    let client_id = import_one(app, "gone", SHA_256, &json!({}));
    ask(app, &client_id, SECRET).accepted();
    app.json(&["keys", "delete", &client_id]);
    eventually(HONOURED_WITHIN, "it is gone", || (!ask(app, "gone", SECRET).works()).then_some(()));
    let report = import(app, &line("gone", SHA_256, &json!({})), &[]).succeeded().json();
    assert_eq!((&report["created"], &report["deleted"]), (&json!(0), &json!(1)), "{report}");
    assert_eq!(report["keys"][0]["outcome"], json!("deleted"));
    ask(app, "gone", SECRET).unauthorized();
});

on_both!(a_dry_run_says_what_would_be_done_and_does_nothing, |app| {
    import_one(app, "there", SHA_256, &json!({}));
    let before = app.site.database_bytes();
    let lines = line("there", SHA_256, &json!({})) + &line("new", SHA_256, &json!({}));
    let report = import(app, &lines, &["--dry-run"]).succeeded().json();
    assert_eq!((&report["created"], &report["existing"], &report["dry_run"]), (&json!(1), &json!(1), &json!(true)));
    assert_eq!(report["keys"][1], json!({"line": 2, "foreign_client_id": "new", "outcome": "created"}));
    assert!(app.site.database_bytes() == before, "something was written");
    let wrong = import(app, &lines.replace("[\"a\"]", "[\"zzz\"]"), &["--dry-run"]).failed();
    assert!(wrong.stderr.contains("line 2: grants: there is no scope zzz"), "{wrong:?}");
});

on_both!(one_bad_line_keeps_the_whole_file_out, |app| {
    let foreign = app.fixture.foreign_account.clone();
    let mut theirs = vec!["keys", "import", "-", "--organization", &app.fixture.other_organization];
    app.cli_with(&theirs, &line("theirs", SHA_256, &json!({})), &[]).succeeded();
    theirs.clear();
    let before = keys(app);
    let good = line("good", SHA_256, &json!({}));
    for (bad, says) in [
        ("not json\n".to_owned(), "line 2: expected"),
        ("[1]\n".to_owned(), "line 2: invalid"),
        (line("good", SHA_256, &json!({})), "line 2: foreign_client_id: stands on line 1 already"),
        (line("theirs", SHA_256, &json!({})), "line 2: foreign_client_id: is another organization's"),
        (line("x", "hunter2", &json!({})), "line 2: hash: is none of the known forms"),
        (line("key_01arz3ndektsv4rrffq69g5fav", SHA_256, &json!({})), "line 2: foreign_client_id: must not begin with key_"),
        (line("x", SHA_256, &json!({"secret": "x"})), "line 2: unknown field `secret`"),
        (line("x", SHA_256, &json!({"plan": "nosuch"})), "line 2: plan: there is no plan nosuch"),
        (line("x", SHA_256, &json!({"expires_at": "2020-01-01T00:00:00Z"})), "line 2: expires_at: must be in the future"),
        (line("x", SHA_256, &json!({"grants": [{"account_id": foreign, "scopes": ["disputes:read"]}]})), "has no account"),
        (line("x", SHA_256, &json!({"grants": [{"account_id": null, "scopes": ["disputes:read"]}]})), "has the level account"),
        (line("x", SHA_256, &json!({"grants": [{"account_id": null, "scopes": ["catalogue:write"]}]})), "has the level platform"),
        (line("x", SHA_256, &json!({"name": "x".repeat(70_000)})), "line 2: is longer than 65536 bytes"),
    ] {
        let output = import(app, &format!("{good}{bad}"), &[]).failed();
        assert!(output.stderr.contains(says), "{output:?}");
        assert!(output.stderr.contains("nothing was imported"), "{output:?}");
        assert!(!output.stderr.contains("hunter2") && !output.stderr.contains(SHA_256), "{output:?}");
        assert_eq!(keys(app), before);
    }
    let array = import(app, &format!("[{}]", good.trim()), &[]).failed();
    assert!(array.stderr.contains("JSON Lines"), "{array:?}");
    let many = import(app, &"{}\n".repeat(50), &[]).failed();
    assert!(
        many.stderr.contains("line 20: ") && !many.stderr.contains("line 21: ") && many.stderr.contains("and 30 more"),
        "{many:?}"
    );
    app.cli(&["keys", "import", "/nonexistent", "--organization", &app.fixture.organization]).failed().in_one_line();
    let nobody = app.cli_with(&["keys", "import", "-", "--organization", "org_01arz3ndektsv4rrffq69g5fav"], &good, &[]).failed();
    assert!(nobody.stderr.contains("there is no organization"), "{nobody:?}");
    assert_eq!(keys(app), before);
    // Windows' line ends, a byte order mark and an empty file are nobody's fault.
    let report = import(app, &format!("\u{feff}{}\r\n\r\n", good.trim()), &[]).succeeded().json();
    assert_eq!(report["created"], json!(1));
    assert_eq!(import(app, "", &[]).succeeded().json()["created"], json!(0));
});

on_both!(each_imported_key_has_its_row_in_the_audit_log, |app| {
    let client_id = import_one(app, FOREIGN_ID, SHA_256, &json!({}));
    let row = app.site.sql("select actor, outcome, target, after from audit_events where action = 'api_key.imported'");
    for part in ["cli", "done", &client_id, FOREIGN_ID, "\"imported\""] {
        assert!(row.contains(part), "{part}: {row}");
    }
    assert_eq!(row.trim().lines().count(), 1, "{row}");
    assert!(!row.contains(SHA_256));
    assert_eq!(app.site.sql("select count(*) from events where kind = 'api_key.imported'").trim(), "0");
});

on_both!(ten_thousand_keys_are_imported_in_reasonable_time, |app| {
    const KEYS: usize = 10_000;
    let mut lines = String::new();
    for n in 0..KEYS {
        lines.write_str(&line(&format!("client-{n}"), SHA_256, &json!({}))).unwrap();
    }
    let file = app.site.dir.join("keys.jsonl");
    std::fs::write(&file, lines).unwrap();
    let start = Instant::now();
    let args = ["keys", "import", file.to_str().unwrap(), "--organization", &app.fixture.organization];
    let output = app.cli(&args).succeeded();
    let took = start.elapsed();
    assert!(output.stdout.contains("10000"), "{output:?}");
    assert_eq!(output.stderr, "", "a progress bar where there is no terminal");
    // Unoptimised, on a busy machine: a guard against one statement a row over a network, not a benchmark.
    assert!(took < Duration::from_secs(120), "{took:?}");
    eprintln!("{:?}: {KEYS} keys in {took:?}", app.site.backend);
    for n in [0, 4_999, 9_999] {
        let id = format!("client-{n}");
        eventually(HONOURED_WITHIN, "the key is known", || ask(app, &id, SECRET).works().then_some(()));
    }
    let again = Instant::now();
    let report = app.json(&args);
    assert_eq!(report["existing"], json!(KEYS));
    assert!(again.elapsed() < Duration::from_secs(60), "{:?}", again.elapsed());
});

on_both!(an_id_that_was_unknown_a_moment_ago_works_once_it_is_imported, |app| {
    import_one(app, "first", SHA_256, &json!({}));
    eventually(HONOURED_WITHIN, "the key is known", || ask(app, "first", SECRET).works().then_some(()));
    for _ in 0..3 {
        ask(app, "later", SECRET).unauthorized();
    }
    import_one(app, "later", SHA_256, &json!({}));
    eventually(HONOURED_WITHIN, "the key is known", || ask(app, "later", SECRET).works().then_some(()));
});
