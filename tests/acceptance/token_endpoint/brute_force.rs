//! CA13: guessing is stopped where it comes from, and nobody else is locked out by it.

use std::time::{Duration, Instant};

use crate::support::token::{TokenRequest, refused};
use crate::support::{App, Backend, on_both};

const TRUST: [&str; 2] = ["--trusted-proxies", "127.0.0.0/8"];
const GUESSER: &str = "203.0.113.7";
const NEIGHBOUR: &str = "203.0.113.8";

/// Guesses until the answer is 429 instead of 401, and hands back how many guesses were answered before.
#[track_caller]
fn guesses_until_stopped<'a>(most: usize, guess: impl Fn(usize) -> TokenRequest<'a>) -> usize {
    for n in 0..=most {
        let answer = guess(n).send();
        if answer.status != 401 {
            refused(&answer, 429, "temporarily_unavailable");
            return n;
        }
        refused(&answer, 401, "invalid_client");
    }
    panic!("more than {most} guesses were answered");
}

on_both!(ca13_a_hundred_failures_for_one_id_stop_that_address, [TRUST[0], TRUST[1]], |app| {
    let k1 = &app.fixture.k1;
    let another = app.key_with_grants(&["a"]);
    // A minute that ends between the guesses starts the count anew, once.
    let answered = guesses_until_stopped(200, |_| app.token(&k1.with_wrong_secret()).from(GUESSER));
    assert!((100..200).contains(&answered), "{answered} guesses were answered");

    // The right secret is stopped there too, whatever else the request says.
    app.token(k1).from(GUESSER).refused(429, "temporarily_unavailable");
    app.token(k1).from(GUESSER).scope("zzz").refused(429, "temporarily_unavailable");
    // From elsewhere it works, and so does another key from there.
    app.token(k1).from(NEIGHBOUR).accepted();
    app.token(&k1.with_wrong_secret()).from(NEIGHBOUR).unauthorized();
    app.token(&another).from(GUESSER).accepted();
    app.token(&another.with_wrong_secret()).from(GUESSER).unauthorized();
    // What was never a guess is answered as before.
    app.token(k1).from(GUESSER).param("scope", "a").param("scope", "a").refused(400, "invalid_request");
});

on_both!(ca13_three_hundred_failures_stop_an_address_for_every_id, [TRUST[0], TRUST[1]], |app| {
    let k1 = &app.fixture.k1;
    let unknown = |n: usize| format!("key_01arz3ndektsv4rrffq6{:06}", n / 50);
    let answered = guesses_until_stopped(600, |n| app.anonymous().basic(&unknown(n), &k1.client_secret).from(GUESSER));
    assert!((300..600).contains(&answered), "{answered} guesses were answered");
    app.token(k1).from(GUESSER).refused(429, "temporarily_unavailable");
    app.token(k1).from(NEIGHBOUR).accepted();
});

on_both!(ca13_successes_are_no_failures, [TRUST[0], TRUST[1]], |app| {
    let k1 = &app.fixture.k1;
    for n in 0..320 {
        let status = app.token(k1).from(GUESSER).scope(if n % 2 == 0 { "a" } else { "zzz" }).send().status;
        assert_eq!(status, if n % 2 == 0 { 200 } else { 400 }, "request {n}");
    }
    app.token(k1).from(GUESSER).accepted();
});

/// It runs by the clock and not by the database, so once is enough.
#[test]
fn ca13_the_stop_ends_when_it_was_said_to_end() {
    let app = App::start(Backend::Sqlite, &TRUST);
    let k1 = &app.fixture.k1;
    guesses_until_stopped(200, |_| app.token(&k1.with_wrong_secret()).from(GUESSER));
    let answer = app.token(k1).from(GUESSER).refused(429, "temporarily_unavailable");
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    let stopped = Instant::now();
    while app.token(k1).from(GUESSER).send().status == 429 {
        assert!(stopped.elapsed() < Duration::from_secs(seconds + 3), "still stopped after {:?}", stopped.elapsed());
        std::thread::sleep(Duration::from_millis(200));
    }
    app.token(k1).from(GUESSER).accepted();
}
