//! F14: the clock is set forward and back while the server runs. Nobody is locked out for longer than a window.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::support::rate_limit::room_in_this_minute;
use crate::support::tools::{eventually, output_of, program};
use crate::support::{App, Backend, Key, Options};

/// The library that shifts the clock of a process.
fn library() -> PathBuf {
    let faketime = program("faketime", "faketime");
    let preloaded = output_of(std::process::Command::new(faketime).args(["-f", "+0s", "printenv", "LD_PRELOAD"]));
    PathBuf::from(preloaded.trim().rsplit(':').next().unwrap_or_default())
}

const HOURS: i64 = 3_600;
const YEARS: i64 = 365 * 24 * HOURS;

#[test]
fn f14_a_jump_of_the_clock_locks_no_key_for_longer_than_a_window() {
    let folder = crate::support::workspace::TempDir::new("clock");
    let shift_file = folder.join("shift");
    let shift = |seconds: i64| fs::write(&shift_file, format!("{seconds:+}s\n")).unwrap();
    shift(0);
    let environment = [
        ("LD_PRELOAD", library().display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", shift_file.display().to_string()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        // A computer's clock is set; the time since its start goes on.
        ("DONT_FAKE_MONOTONIC", "1".to_owned()),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let flags = Options::flags(&["--signing-key-rotation-days", "0"]).flags;
    let app = App::start_with(Backend::Sqlite, Options { flags, environment, ..Options::default() });
    app.plan("pair", &["--requests-per-minute", "2"]);
    for jump in [2 * HOURS, 10 * YEARS] {
        let key: Key = app.key_on("pair");
        let status = || app.token(&key).send().status;
        let works = |what: &str| eventually(Duration::from_secs(10), what, || (status() == 200).then_some(()));
        let use_up = || while status() == 200 {};
        let noticed = app.log().matches("set back").count();
        room_in_this_minute(25);
        works("at the right time");
        use_up();
        // Forward: another window.
        shift(jump);
        works("after a jump forward");
        use_up();
        // Back: the window that was used up, and for no longer than that.
        shift(0);
        eventually(Duration::from_secs(3), "the old window", || (status() == 429).then_some(()));
        let wait: i64 = app.token(&key).send().header("retry-after").unwrap().parse().unwrap();
        assert!(wait <= 65, "{wait}");
        eventually(Duration::from_secs(5), "the server notices", || {
            (app.log().matches("set back").count() > noticed).then_some(())
        });
        shift(wait);
        works("when the window is over");
        // What was used up while the clock was ahead does not count when that time comes.
        shift(jump);
        works("when the time comes again");
        assert!(!app.log().contains("panicked"), "{}", app.log());
        shift(0);
    }
}
