//! Guessing is stopped where it comes from; whose password it is, is not.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::api::problem;
use crate::support::http::Response;
use crate::support::people::an_email;
use crate::support::tools::fresh_address;
use crate::support::{App, Backend, on_both};

const TRUST: [&str; 2] = ["--trusted-proxies", "127.0.0.0/8"];
const GUESSER: &str = "203.0.113.7";
const OWNER: &str = "203.0.113.8";

#[track_caller]
fn stopped(response: &Response) -> u64 {
    problem(response, 429, "too_many_attempts");
    let seconds = response.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=600).contains(&seconds), "{seconds}");
    seconds
}

on_both!(ten_wrong_tries_stop_one_place_and_no_other, [TRUST[0], TRUST[1]], |app| {
    let owner = app.user("owner");
    let from = |address: &str, password: &str| app.login(&owner.email, password).header("X-Forwarded-For", address);
    for _ in 0..10 {
        from(GUESSER, "wrong").refused(401, "invalid_credentials");
    }
    stopped(&from(GUESSER, "wrong").send());
    stopped(&from(GUESSER, &owner.password).send());
    let other_spelling = app.login(&owner.email.to_uppercase(), "wrong").header("X-Forwarded-For", GUESSER);
    stopped(&other_spelling.send());
    from(OWNER, &owner.password).succeeds(200);
    let another = app.user("owner");
    app.sign_in_from(&another, Some(GUESSER));
    // Another login from there is counted by itself, known or not.
    app.login(&an_email(), "wrong").header("X-Forwarded-For", GUESSER).refused(401, "invalid_credentials");
});

on_both!(unknown_logins_are_stopped_in_the_same_way, [TRUST[0], TRUST[1]], |app| {
    for email in [an_email().as_str(), "not an address"] {
        let request = || app.login(email, "wrong").header("X-Forwarded-For", GUESSER);
        for _ in 0..10 {
            request().refused(401, "invalid_credentials");
        }
        stopped(&request().send());
    }
});

on_both!(successes_and_the_rightful_owner_cost_nothing, [TRUST[0], TRUST[1]], |app| {
    let owner = app.user("owner");
    for _ in 0..15 {
        app.sign_in_from(&owner, Some(OWNER));
    }
    assert_eq!(app.audited("action = 'session.created' AND outcome = 'done'").len(), 15);
});

on_both!(mg6_wrong_tries_at_the_prompt_count_too, [TRUST[0], TRUST[1]], |app| {
    let owner = app.user("owner");
    let browser = app.sign_in_from(&owner, Some(GUESSER));
    let wrong =
        |path: &str, body: serde_json::Value| browser.api("POST", path).header("X-Forwarded-For", GUESSER).json(&body).send();
    for n in 0..10 {
        let response = match n % 3 {
            0 => wrong("/session/reauthenticate", json!({"password": "wrong"})),
            1 => wrong("/session/password", json!({"current_password": "wrong", "new_password": "zq vk wj 1234 xp"})),
            _ => app.login(&owner.email, "wrong").header("X-Forwarded-For", GUESSER).send(),
        };
        let status = if n % 3 == 2 { 401 } else { 403 };
        problem(&response, status, "invalid_credentials");
    }
    stopped(&wrong("/session/reauthenticate", json!({"password": owner.password})));
    stopped(&wrong("/session/password", json!({"current_password": owner.password, "new_password": "zq vk wj 1234 xp"})));
    stopped(&app.login(&owner.email, &owner.password).header("X-Forwarded-For", GUESSER).send());
    // The session itself goes on: a stranger who knows the address can't throw anybody out.
    browser.bare("GET", "/session").header("X-Forwarded-For", GUESSER).succeeds(200);
    let reasons = app.audited("outcome = 'refused' AND action <> 'api.refused'");
    assert_eq!(reasons.len(), 10, "{reasons:?}");
    assert!(reasons.contains(&"session.reauthenticated refused wrong_password".to_owned()), "{reasons:?}");
    assert!(reasons.contains(&"user.password_changed refused wrong_password".to_owned()), "{reasons:?}");
});

on_both!(many_tries_at_once_are_not_more_than_the_limit, [TRUST[0], TRUST[1]], |app| {
    let owner = app.user("owner");
    let (checked, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| {
                let status = app.login(&owner.email, "wrong").header("X-Forwarded-For", GUESSER).send().status;
                match status {
                    401 => checked.fetch_add(1, Ordering::Relaxed),
                    429 => refused.fetch_add(1, Ordering::Relaxed),
                    other => panic!("{other}"),
                };
            });
        }
    });
    assert_eq!((checked.into_inner(), refused.into_inner()), (10, 40));
});

on_both!(guessing_from_everywhere_is_slowed_and_a_known_place_is_not, [TRUST[0], TRUST[1]], |app| {
    let owner = app.user("owner");
    app.sign_in_from(&owner, Some(OWNER));
    let mut answered = 0;
    let wait = loop {
        let response = app.login(&owner.email, "wrong").header("X-Forwarded-For", fresh_address()).send();
        if response.status == 429 {
            break stopped(&response);
        }
        answered += 1;
        assert!(answered < 140, "never slowed");
    };
    assert!(answered >= 100 && wait <= 36, "{answered} {wait}");
    app.sign_in_from(&owner, Some(OWNER));
    // A login that there is not is slowed after as many.
    app.login(&an_email(), "wrong").header("X-Forwarded-For", fresh_address()).refused(401, "invalid_credentials");
});

/// It runs by the clock and not by the database, so once is enough.
#[test]
fn a_flood_of_logins_takes_neither_the_memory_nor_the_token_endpoint() {
    let app = App::start(Backend::Sqlite, &TRUST);
    let k1 = &app.fixture.k1;
    app.token(k1).accepted();
    let resident = || -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", app.server.pid())).unwrap();
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap().trim().trim_end_matches(" kB").parse().unwrap()
    };
    let (before, busy, answered) = (resident(), AtomicUsize::new(0), AtomicUsize::new(0));
    let usual = std::thread::scope(|scope| {
        for _ in 0..500 {
            scope.spawn(|| {
                let response = app.login(&an_email(), "wrong").header("X-Forwarded-For", fresh_address()).send();
                if response.status == 503 {
                    problem(&response, 503, "temporarily_unavailable");
                    assert_eq!(response.header("retry-after"), Some("5"));
                    busy.fetch_add(1, Ordering::Relaxed);
                } else {
                    problem(&response, 401, "invalid_credentials");
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let time = |_| {
            let start = Instant::now();
            app.token(k1).accepted();
            start.elapsed()
        };
        let mut times: Vec<Duration> = (0..15).map(time).collect();
        times.sort();
        times[7]
    });
    let (busy, answered) = (busy.into_inner(), answered.into_inner());
    assert!(busy > 100 && answered > 0, "{busy} refused, {answered} answered");
    // Other tests, and the 500 threads of this one, want the processors too.
    assert!(usual < Duration::from_secs(2), "half of the tokens took more than {usual:?}");
    let grown = resident().saturating_sub(before) / 1024;
    assert!(grown < 250, "{grown} MB more");
    let user = app.user("owner");
    app.sign_in(&user);
}
