//! CA4: an unknown id and a wrong secret take the same time.

use std::time::{Duration, Instant};

use crate::support::on_both;
use crate::support::token::{TokenRequest, refused};
use crate::support::tools::{fresh_address, random_below};

const PAIRS: usize = 100;
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

/// What the database is asked about again: memory is believed for less than this.
const FORGOTTEN: Duration = Duration::from_millis(25);

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
    // Other tests share the machine: what is compared are medians of interleaved tries, and the best of five runs. The
    // first try of each is answered by the database, the second, at once after it, from memory.
    let mut seen = Vec::new();
    let same = (0..5).any(|_| {
        let (mut wrong, mut unknown) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
        for _ in 0..PAIRS {
            let id = unknown_id();
            std::thread::sleep(FORGOTTEN);
            wrong.iter_mut().for_each(|times| times.push(time(app.token(&k1.with_wrong_secret()))));
            std::thread::sleep(FORGOTTEN);
            unknown.iter_mut().for_each(|times| times.push(time(app.anonymous().basic(&id, &k1.client_secret))));
        }
        let medians: Vec<_> = wrong.into_iter().map(median).zip(unknown.into_iter().map(median)).collect();
        let same = medians.iter().all(|(wrong, unknown)| wrong.abs_diff(*unknown) <= Duration::from_micros(150).max(*wrong / 8));
        seen.push(medians);
        same
    });
    assert!(same, "medians of (wrong secret, unknown id), first and second tries, by run: {seen:?}");
});
