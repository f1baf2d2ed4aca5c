//! CA4: an unknown id and a wrong secret take the same time.

use std::time::{Duration, Instant};

use crate::support::on_both;
use crate::support::token::{TokenRequest, refused};
use crate::support::tools::{fresh_address, random_below};

const PAIRS: usize = 300;
const TRUST: &str = "127.0.0.0/8";

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// An id of the right form that no request named before.
fn unknown_id() -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let random: String = (0..24).map(|_| char::from(ALPHABET[usize::try_from(random_below(32)).unwrap()])).collect();
    format!("key_01{random}")
}

on_both!(ca4_an_unknown_id_and_a_wrong_secret_take_the_same_time, ["--trusted-proxies", TRUST], |app| {
    let k1 = &app.fixture.k1;
    app.token(k1).accepted();
    let mut connection = app.connect();
    let mut time = |request: TokenRequest| {
        let request = request.from(&fresh_address()).request();
        let start = Instant::now();
        let answer = connection.exchange(&request).unwrap();
        let elapsed = start.elapsed();
        refused(&answer, 401, "invalid_client");
        elapsed
    };
    // Other tests share the machine: what is compared are medians of interleaved pairs, and the best of three runs.
    let mut seen = Vec::new();
    let same = (0..3).any(|_| {
        let (mut wrong, mut unknown) = (Vec::new(), Vec::new());
        for _ in 0..PAIRS {
            wrong.push(time(app.token(&k1.with_wrong_secret())));
            unknown.push(time(app.anonymous().basic(&unknown_id(), &k1.client_secret)));
        }
        let (wrong, unknown) = (median(wrong), median(unknown));
        seen.push((wrong, unknown));
        wrong.abs_diff(unknown) <= Duration::from_micros(150).max(wrong / 20)
    });
    assert!(same, "medians of (wrong secret, unknown id): {seen:?}");
});
