//! What counts and what does not: everything that the right credentials from an allowed address ask for.

use crate::support::on_both;
use crate::support::rate_limit::{assert_unlimited, left, room_in_this_minute};

const TRUST: [&str; 2] = ["--trusted-proxies", "127.0.0.0/8"];
const INSIDE: &str = "203.0.113.7";
const OUTSIDE: &str = "198.51.100.1";

on_both!(only_what_comes_past_credentials_and_allowlist_counts, [TRUST[0], TRUST[1]], |app| {
    app.plan("five", &["--requests-per-minute", "5"]);
    let key = app.create_key(&["--grant", "a b", "--ip-allow", INSIDE, "--plan", "five"]);
    let good = || app.token(&key).from(INSIDE);
    room_in_this_minute(15);
    for _ in 0..3 {
        assert_unlimited(&app.token(&key.with_wrong_secret()).from(INSIDE).unauthorized());
        assert_unlimited(&app.token(&key).from(OUTSIDE).refused(400, "unauthorized_client"));
        assert_unlimited(&good().raw("scope=a&scope=b").refused(400, "invalid_request"));
        assert_unlimited(&good().method("GET").refused(405, "invalid_request"));
    }
    // Whatever becomes of it later, it counts, and says so.
    assert_eq!(left(&good().body("").refused(400, "invalid_request"), "minute").0, 4);
    assert_eq!(left(&good().body("grant_type=password").refused(400, "unsupported_grant_type"), "minute").0, 3);
    assert_eq!(left(&good().account("nonsense").refused(400, "invalid_target"), "minute").0, 2);
    assert_eq!(left(&good().scope("zzz").refused(400, "invalid_scope"), "minute").0, 1);
    assert_eq!(left(&good().send(), "minute").0, 0);

    // 4 limit, before 5 grant type, 6 target, 7 scope
    good().refused(429, "temporarily_unavailable");
    good().body("").refused(429, "temporarily_unavailable");
    good().body("grant_type=password").refused(429, "temporarily_unavailable");
    good().account("nonsense").refused(429, "temporarily_unavailable");
    good().scope("zzz").refused(429, "temporarily_unavailable");
    // 1 shape, 2 client, 3 address, before 4 limit
    good().raw("scope=a&scope=b").refused(400, "invalid_request");
    app.token(&key.with_wrong_secret()).from(INSIDE).unauthorized();
    app.token(&key).from(OUTSIDE).refused(400, "unauthorized_client");
});

on_both!(ca13_a_guesser_uses_nothing_of_the_owners_plan_up, [TRUST[0], TRUST[1]], |app| {
    app.plan("five", &["--requests-per-minute", "5"]);
    let key = app.key_on("five");
    room_in_this_minute(20);
    let guess = || app.token(&key.with_wrong_secret()).from(OUTSIDE).send();
    let stopped = (0..200).map(|_| guess()).find(|answer| answer.status == 429).expect("the guesser is stopped");
    assert_unlimited(&stopped);
    for remaining in (0..5).rev() {
        assert_eq!(left(&app.token(&key).from(INSIDE).send(), "minute").0, remaining);
    }
    app.token(&key).from(INSIDE).refused(429, "temporarily_unavailable");
});
