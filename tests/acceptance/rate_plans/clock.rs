//! F14: the clock is set forward and back while the server runs. Nobody is locked out for longer than a window.

use std::time::Duration;

use crate::support::clock::Clock;
use crate::support::rate_limit::room_in_this_minute;
use crate::support::tools::eventually;
use crate::support::{App, Backend, Key, Options};

const HOURS: i64 = 3_600;
const YEARS: i64 = 365 * 24 * HOURS;

#[test]
fn f14_a_jump_of_the_clock_locks_no_key_for_longer_than_a_window() {
    let clock = Clock::new();
    let shift = |seconds: i64| clock.shift(seconds);
    let flags = Options::flags(&["--signing-key-rotation-days", "0"]).flags;
    let app = App::start_with(Backend::Sqlite, Options { flags, ..clock.options() });
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
