//! Uses of more keys than are written as soon as they were used.

use std::time::Duration;

use serde_json::{Value, json};

use super::{SECRET, SHA_256, ask, import, line};
use crate::support::clock::Clock;
use crate::support::tools::{HONOURED_WITHIN, eventually};
use crate::support::{App, Backend, Server, on_both};

const MANY: usize = 1_200;
/// Uses are written every few seconds; other tests want the cores too.
const WRITTEN_WITHIN: Duration = Duration::from_secs(30);

fn import_many(app: &App) -> Vec<String> {
    let lines: String = (0..MANY).map(|number| line(&format!("many {number}"), SHA_256, &json!({}))).collect();
    let report = import(app, &lines, &[]).succeeded().json();
    let id = |key: &Value| key["client_id"].as_str().unwrap().to_owned();
    let ids: Vec<String> = report["keys"].as_array().unwrap().iter().map(id).collect();
    eventually(HONOURED_WITHIN, "the server knows the keys", || ask(app, &ids[MANY - 1], SECRET).works().then_some(()));
    ids
}

fn use_all(server: &Server, ids: &[String]) {
    std::thread::scope(|scope| {
        for some in ids.chunks(MANY / 8) {
            scope.spawn(move || some.iter().for_each(|id| assert!(ask(server, id, SECRET).works())));
        }
    });
}

fn count(app: &App, sql: &str) -> usize {
    app.site.sql(sql).trim().parse().unwrap()
}

on_both!(what_very_many_keys_were_used_for_is_written_when_the_server_stops, |app| {
    use_all(app, &import_many(app));
    app.terminate();
    assert_eq!(count(app, "select count(*) from api_keys where last_used_at > 0 and last_used_ip = '127.0.0.1'"), MANY);
    assert_eq!(count(app, "select count(distinct client_id) from token_usage"), MANY);
    // And one to see that the keys were known.
    assert_eq!(count(app, "select cast(sum(tokens) as bigint) from token_usage"), MANY + 1);
});

/// The uses that wait in a table of their own.
fn waiting(app: &App) -> usize {
    count(app, "select coalesce(sum(length(uses)), 0) / 40 from recent_secret_uses")
}

/// The secrets whose own rows know of a use since then.
fn rows_since(app: &App, since: i64) -> usize {
    count(app, &format!("select count(*) from api_secret_uses where last_used_at >= {since}"))
}

/// When the key and its secrets were last used, by the command line, which has the database alone to ask.
fn last_uses(app: &App, id: &str) -> Value {
    let key = app.json(&["keys", "show", id]);
    let secrets: Vec<Value> = key["secrets"].as_array().unwrap().iter().map(|secret| secret["last_used_at"].clone()).collect();
    assert_eq!(key["last_used_ip"], "127.0.0.1", "{key}");
    json!({"key": key["last_used_at"], "secrets": secrets})
}

/// Uses more keys at once than are written one by one, and waits until that is written down, if not for the last of them together
/// with the others. No row is younger than `since` before.
fn use_all_at_once(app: &App, ids: &[String], since: i64) {
    std::thread::scope(|scope| {
        // What is used meanwhile can be written only afterwards, all at once.
        scope.spawn(|| app.site.hold(Duration::from_secs(25)));
        app.site.wait_until_held();
        use_all(app, ids);
    });
    let is_written = || waiting(app) > 0 && waiting(app) + rows_since(app, since) >= ids.len();
    eventually(WRITTEN_WITHIN, "they are written together", || is_written().then_some(()));
}

fn detour(backend: Backend) {
    let clock = Clock::new();
    let app = App::start_with(backend, clock.options());
    let mut ids = import_many(&app);
    let moved = || eventually(WRITTEN_WITHIN, "they get to their own rows", || (waiting(&app) == 0).then_some(()));

    use_all_at_once(&app, &ids, 0);
    assert!(rows_since(&app, 0) < MANY, "each was written to its own row at once");
    let known = last_uses(&app, &ids[7]);
    assert!(known["secrets"][0].is_string(), "{known}");
    // A secret goes before its use gets to its row; that of the key stays known.
    let regenerated = ids.remove(8);
    app.json(&["keys", "regenerate", &regenerated]);
    assert_eq!(last_uses(&app, &regenerated)["secrets"], json!([null]));
    clock.shift(301);
    moved();
    assert_eq!(last_uses(&app, &ids[7]), known);
    assert_eq!(rows_since(&app, 0), ids.len());

    // The node ends before they get there: another takes them, when they have waited for long.
    // Not by the shifted clock: libfaketime gives a thread the true time now and then.
    let since = 1 + i64::try_from(count(&app, "select max(last_used_at) from api_secret_uses")).unwrap();
    use_all_at_once(&app, &ids, since);
    app.kill();
    app.restart();
    assert!(waiting(&app) > 0 && rows_since(&app, since) < ids.len());
    assert_ne!(last_uses(&app, &ids[7]), known);
    clock.shift(1_300);
    moved();
    assert_eq!(rows_since(&app, since), ids.len());
}

#[test]
fn uses_of_very_many_secrets_are_in_the_database_at_once_on_sqlite() {
    detour(Backend::Sqlite);
}

#[test]
fn uses_of_very_many_secrets_are_in_the_database_at_once_on_postgres() {
    detour(Backend::Postgres);
}
