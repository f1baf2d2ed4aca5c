//! Somebody else writes to the database for long: a request is told to come again, a command waits.

use std::time::{Duration, Instant};

use crate::support::api::small_key;
use crate::support::on_both;
use crate::support::tools::eventually;

/// Longer than a statement of the server may take.
const HELD: Duration = Duration::from_secs(8);

on_both!(a_request_is_told_to_come_again_and_a_command_waits, |app| {
    let caller = app.token_of(&app.integrator());
    std::thread::scope(|scope| {
        scope.spawn(|| app.site.hold(HELD));
        app.site.wait_until_held();
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
