//! Where keys come from, how long they are kept, and what an issuer may suffer and cause.

use std::time::{Duration, Instant};

use claviger_resource_server::{Reason, Verifier};
use serde_json::json;

use crate::support::issuer::{JWKS, METADATA};
use crate::support::{Issuer, ManualClock, Mode, RESOURCE, Signer, World};

#[tokio::test]
async fn keys_are_fetched_once_and_kept_as_long_as_the_issuer_says() {
    let world = World::new();
    for _ in 0..5 {
        world.accepts(&world.token(json!({}))).await;
    }
    assert_eq!((world.issuer.requests(METADATA), world.issuer.requests(JWKS)), (1, 1));
    world.clock.advance(299);
    world.accepts(&world.token(json!({}))).await;
    assert_eq!(world.issuer.requests(JWKS), 1);
    world.clock.advance(1);
    world.accepts(&world.token(json!({}))).await;
    assert_eq!(world.issuer.requests(JWKS), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_requests_at_once_cause_one_fetch() {
    let world = World::new();
    let token = world.token(json!({}));
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let (verifier, token) = (world.verifier.clone(), token.clone());
            tokio::spawn(async move { verifier.verify(&token).await.is_ok() })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap());
    }
    assert_eq!((world.issuer.requests(METADATA), world.issuer.requests(JWKS)), (1, 1));
}

#[tokio::test]
async fn a_fetch_outlives_the_request_that_began_it() {
    let world = World::new();
    let token = world.token(json!({}));
    // The client goes away while the keys are on their way.
    assert!(tokio::time::timeout(Duration::from_millis(5), world.verifier.verify(&token)).await.is_err());
    world.accepts(&token).await;
    assert_eq!(world.issuer.requests(JWKS), 1);
}

#[tokio::test]
async fn f11_a_key_that_is_new_is_found_and_one_that_left_is_forgotten() {
    let world = World::new();
    world.accepts(&world.token(json!({}))).await;
    let new = Signer::ed25519("two");
    // Published beside the old one, as a rotation does: nothing is refused at any moment.
    world.issuer.publish(&[&world.signer, &new]);
    world.clock.advance(10);
    world.accepts(&new.sign(&new.header("at+jwt"), &world.claims(json!({})))).await;
    world.accepts(&world.token(json!({}))).await;
    assert_eq!(world.issuer.requests(JWKS), 2);
    // Taken away, as a compromise does: dead when the copy is old.
    world.issuer.publish(&[&new]);
    world.accepts(&world.token(json!({}))).await;
    world.clock.advance(300);
    let cause = world.refuses(&world.token(json!({}))).await;
    assert!(cause.contains("kid"), "{cause}");
}

#[tokio::test]
async fn a_flood_of_unknown_keys_does_not_reach_the_issuer() {
    let world = World::with(|builder| builder.key_interval(Duration::from_secs(10)));
    world.accepts(&world.token(json!({}))).await;
    let stranger = Signer::ed25519("x");
    for second in 0..30 {
        for n in 0..20 {
            let mut header = stranger.header("at+jwt");
            header["kid"] = json!(format!("unknown-{second}-{n}"));
            world.refuses(&stranger.sign(&header, &world.claims(json!({})))).await;
        }
        world.accepts(&world.token(json!({}))).await;
        world.clock.advance(1);
    }
    // At second 0 for the first token, then at 10 and 20.
    assert_eq!((world.issuer.requests(JWKS), world.issuer.requests(METADATA)), (3, 1));
}

#[tokio::test]
async fn f6_known_keys_are_used_for_a_bounded_time_while_the_issuer_is_down() {
    let world = World::with(|builder| builder.keys_stale_for(Duration::from_secs(900)));
    world.accepts(&world.token(json!({}))).await;
    world.issuer.mode(Mode::Down);
    for _ in 0..20 {
        world.clock.advance(59);
        world.accepts(&world.token(json!({}))).await;
    }
    // 300 s of the issuer's own, 900 s more; 1180 s have gone.
    world.clock.advance(20);
    let refusal = world.refusal(&world.token(json!({}))).await;
    assert_eq!((refusal.status(), refusal.retry_after_seconds()), (503, Some(5)));
    assert!(matches!(refusal.reason(), Reason::Unavailable(cause) if cause.contains("503")), "{:?}", refusal.reason());
    // A token that no key of ours could have signed is junk all the same.
    assert_eq!(world.refusal("junk").await.status(), 401);
    world.issuer.mode(Mode::Up);
    world.clock.advance(10);
    world.accepts(&world.token(json!({}))).await;
}

#[tokio::test]
async fn f6_an_issuer_that_was_never_there_is_asked_once_in_the_interval() {
    let world = World::new();
    world.issuer.mode(Mode::Down);
    let token = world.token(json!({}));
    for _ in 0..20 {
        assert_eq!(world.refusal(&token).await.status(), 503);
    }
    assert_eq!(world.issuer.requests(METADATA), 1);
    assert!(world.verifier.warm_up().await.is_err());
    world.issuer.mode(Mode::Up);
    world.clock.advance(10);
    world.accepts(&token).await;
    world.verifier.warm_up().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn f7_nobody_waits_for_an_issuer_that_is_known_to_hang() {
    let world = World::with(|builder| builder.http_timeout(Duration::from_millis(500)));
    let token = world.token(json!({}));
    world.accepts(&token).await;
    world.clock.advance(300);
    world.issuer.mode(Mode::Hanging);
    // The first one finds out; the others of that moment wait with it.
    world.accepts(&token).await;
    world.clock.advance(10);
    let first = {
        let (verifier, token) = (world.verifier.clone(), token.clone());
        tokio::spawn(async move { verifier.verify(&token).await.is_ok() })
    };
    tokio::time::sleep(Duration::from_millis(100)).await;
    let begun = Instant::now();
    for _ in 0..50 {
        world.accepts(&token).await;
    }
    assert!(begun.elapsed() < Duration::from_millis(300), "{:?}", begun.elapsed());
    assert!(first.await.unwrap());
}

#[tokio::test]
async fn documents_that_are_wrong_are_not_believed() {
    let other = Signer::ed25519("one");
    let metadata = |issuer: &str, jwks_uri: &str| json!({"issuer": issuer, "jwks_uri": jwks_uri}).to_string();
    let bodies = |name: &str| {
        [
            metadata("https://evil.example", &format!("{name}{JWKS}")),
            metadata(&format!("{name}/"), &format!("{name}{JWKS}")),
            metadata(name, "http://192.0.2.1/keys"),
            metadata(name, "file:///etc/passwd"),
            metadata(name, "keys"),
            json!({"issuer": name}).to_string(),
            "[]".to_owned(),
            String::new(),
            format!("{{\"issuer\":\"{name}\",\"issuer\":\"{name}\",\"jwks_uri\":\"{name}{JWKS}\"}}"),
            " ".repeat(300 * 1024),
        ]
    };
    for n in 0..bodies("").len() {
        let world = World::new();
        world.issuer.set(METADATA, &bodies(&world.issuer.name)[n], None);
        assert_eq!(world.refusal(&world.token(json!({}))).await.status(), 503, "{n}");
        assert_eq!(world.issuer.requests(JWKS), 0, "{n}");
    }
    // Keys that are no longer a set leave the known ones in place.
    let world = World::new();
    world.accepts(&world.token(json!({}))).await;
    let private = json!({"keys": [{"kty": "oct", "k": "AQAB", "kid": "one", "alg": "HS256"}]}).to_string();
    world.clock.advance(20);
    for bad in ["{}", "{\"keys\":[]}", "x", &private] {
        world.issuer.set(JWKS, bad, None);
        world.clock.advance(280);
        world.accepts(&world.token(json!({}))).await;
    }
    // A second key of the same id does not replace the first.
    world.issuer.publish(&[&world.signer, &other]);
    world.clock.advance(301);
    world.accepts(&world.token(json!({}))).await;
    world.refuses(&other.sign(&other.header("at+jwt"), &world.claims(json!({})))).await;
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let world = World::new();
    world.issuer.set("/elsewhere", &json!({"keys": [world.signer.jwk()]}).to_string(), None);
    world.issuer.mode(Mode::Redirecting);
    assert_eq!(world.refusal(&world.token(json!({}))).await.status(), 503);
    assert_eq!(world.issuer.requests("/elsewhere"), 0);
}

#[tokio::test]
async fn an_issuer_with_a_path_is_found_as_rfc_8414_says() {
    let (issuer, signer, clock) = (Issuer::start(), Signer::p256("k"), ManualClock::new());
    let name = format!("{}/t1", issuer.name);
    let metadata = json!({"issuer": name, "jwks_uri": format!("{name}/jwks")}).to_string();
    issuer.set(&format!("{METADATA}/t1"), &metadata, None);
    issuer.set("/t1/jwks", &json!({"keys": [signer.jwk()]}).to_string(), None);
    let verifier = Verifier::builder(&name, RESOURCE).clock(clock.clone()).build().unwrap();
    verifier.warm_up().await.unwrap();
    assert_eq!((issuer.requests(&format!("{METADATA}/t1")), issuer.requests("/t1/jwks")), (1, 1));
}

#[test]
fn settings_that_could_not_work_are_refused_at_once() {
    for issuer in
        ["", "x", "http://auth.example.com", "ftp://127.0.0.1", "https://auth.example.com/?x", "https://auth.example.com/#x"]
    {
        assert!(Verifier::builder(issuer, RESOURCE).build().is_err(), "{issuer}");
    }
    let builder = || Verifier::builder("https://auth.example.com", RESOURCE);
    assert!(builder().algorithms([]).build().is_err());
    assert!(builder().proof_origin("x").build().is_err());
    assert!(Verifier::builder("https://auth.example.com", "").build().is_err());
    assert!(Verifier::builder("http://auth.example.com", RESOURCE).insecure_http().build().is_ok());
}
