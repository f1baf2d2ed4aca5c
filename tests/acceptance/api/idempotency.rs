//! `Idempotency-Key`.

use serde_json::Value;

use crate::support::api::small_key;
use crate::support::on_both;

on_both!(the_same_request_happens_once, |app| {
    let token = app.token_of(&app.integrator());
    let request = app.api("POST", "/api-keys").bearer(&token).header("Idempotency-Key", "k-1").json(&small_key("Once"));
    let first = request.send();
    assert_eq!(first.status, 201, "{first:?}");
    assert!(first.json()["client_secret"].is_string());
    let again = request.send();
    assert_eq!(again.status, 201, "{again:?}");
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(again.json()["client_secret"], Value::Null, "a secret is never shown twice");
    let mut expected = first.json();
    expected["client_secret"] = Value::Null;
    assert_eq!(again.json(), expected);
    let listed = app.api("GET", "/api-keys").bearer(&token).succeeds(200);
    assert_eq!(listed["data"].as_array().unwrap().iter().filter(|key| key["name"] == "Once").count(), 1);
    // The secret is in no table.
    let secret = first.json()["client_secret"].as_str().unwrap().to_owned();
    let needle = &secret.as_bytes()[4..40];
    assert!(!app.site.database_bytes().windows(needle.len()).any(|window| window == needle));
});

on_both!(another_body_under_the_same_key_is_refused, |app| {
    let token = app.token_of(&app.integrator());
    let with = |name: &str| app.api("POST", "/api-keys").bearer(&token).header("Idempotency-Key", "k-2").json(&small_key(name));
    with("A").succeeds(201);
    with("B").refused(422, "idempotency_key_reused");
    // Keys are the caller's own.
    let other = app.token_of(&app.integrator());
    app.api("POST", "/api-keys").bearer(&other).header("Idempotency-Key", "k-2").json(&small_key("B")).succeeds(201);
});

on_both!(what_was_refused_is_not_remembered, |app| {
    let token = app.token_of(&app.integrator());
    let with = |name: &str| app.api("POST", "/api-keys").bearer(&token).header("Idempotency-Key", "k-3").json(&small_key(name));
    with("").refused(422, "validation_failed");
    with("Good").succeeds(201);
    for bad in ["", "a b", "é", &"x".repeat(256)] {
        app.api("POST", "/api-keys")
            .bearer(&token)
            .header("Idempotency-Key", bad)
            .json(&small_key("x"))
            .refused(400, "invalid_request");
    }
});

on_both!(the_same_request_twenty_times_at_once_happens_once, |app| {
    let token = app.token_of(&app.integrator());
    let request = app.api("POST", "/api-keys").bearer(&token).header("Idempotency-Key", "k-4").json(&small_key("Race"));
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..20).map(|_| scope.spawn(|| request.send().status)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(statuses.iter().all(|status| [201, 409].contains(status)), "{statuses:?}");
    assert!(statuses.contains(&201));
    let listed = app.api("GET", "/api-keys").bearer(&token).succeeds(200);
    assert_eq!(listed["data"].as_array().unwrap().iter().filter(|key| key["name"] == "Race").count(), 1);
});
