//! Somebody else writes to the database for long: a request is told to come again, a command waits.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::api::small_key;
use crate::support::tools::{eventually, output_of, program};
use crate::support::{App, Backend, on_both};

/// Longer than a statement of the server may take.
const HELD: Duration = Duration::from_secs(8);

/// Holds the lock that writers take for [`HELD`].
fn hold(app: &App) {
    let seconds = HELD.as_secs();
    match app.site.backend {
        Backend::Postgres => {
            app.site.sql(&format!("BEGIN; UPDATE feed_head SET seq = seq; SELECT pg_sleep({seconds}); COMMIT"));
        }
        Backend::Sqlite => {
            let held = format!(".shell touch {} && sleep {seconds}", app.site.dir.join("held").display());
            let mut sqlite = Command::new(program("sqlite3", "sqlite3"));
            output_of(sqlite.args(["-cmd", ".timeout 10000"]).arg(app.site.sqlite_file()).args([
                "BEGIN IMMEDIATE",
                &held,
                "COMMIT",
            ]));
        }
    }
}

fn is_held(app: &App) -> bool {
    match app.site.backend {
        Backend::Postgres => {
            let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()";
            app.site.sql(sleeping).trim() == "1"
        }
        Backend::Sqlite => app.site.dir.join("held").exists(),
    }
}

on_both!(a_request_is_told_to_come_again_and_a_command_waits, |app| {
    let caller = app.token_of(&app.integrator());
    std::thread::scope(|scope| {
        scope.spawn(|| hold(app));
        eventually(Duration::from_secs(5), "somebody holds the lock", || is_held(app).then_some(()));
        let started = Instant::now();
        let command = scope.spawn(|| app.key_with_grants(&["a"]));
        let create = app.api("POST", "/api-keys").bearer(&caller).json(&small_key("Waits"));
        create.refused(503, "temporarily_unavailable");
        assert!(started.elapsed() < HELD, "{:?}", started.elapsed());
        let key = command.join().unwrap();
        assert!(started.elapsed() > Duration::from_secs(5), "{:?}", started.elapsed());
        eventually(Duration::from_secs(5), "the key works", || app.token(&key).works().then_some(()));
    });
});
