//! Token status lists: what is believed of them, how long they are kept, and what happens without them.

use std::io::Write;
use std::time::Duration;

use claviger_resource_server::StatusCheck;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::{Value, json};

use crate::support::issuer::JWKS;
use crate::support::signer::base64url;
use crate::support::{Mode, NOW, Signer, World, change};

const LIST: &str = "/lists/1";

fn lst(bytes: &[u8]) -> String {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    base64url(encoder.finish().unwrap())
}

impl World {
    fn uri(&self) -> String {
        format!("{}{LIST}", self.issuer.name)
    }

    fn list_claims(&self, bytes: &[u8], changes: Value) -> Value {
        let mut claims = json!({
            "sub": self.uri(), "iat": NOW, "exp": NOW + 86_400, "ttl": 60, "status_list": {"bits": 1, "lst": lst(bytes)},
        });
        change(&mut claims, changes);
        claims
    }

    /// Publishes a list of one bit for each token.
    fn publish_list(&self, bytes: &[u8], changes: Value) {
        let claims = self.list_claims(bytes, changes);
        self.issuer.set(LIST, &self.signer.sign(&self.signer.header("statuslist+jwt"), &claims), None);
    }

    /// The list is not believed, and the log says why.
    async fn cannot_judge(&self, word: &str) {
        let refusal = self.refusal(&self.token_at(0)).await;
        assert_eq!((refusal.status(), refusal.code()), (503, "temporarily_unavailable"), "{word}");
        let cause = refusal.cause().unwrap();
        assert!(cause.contains(word), "{word}: {cause}");
    }

    fn token_at(&self, index: u64) -> String {
        self.token(json!({"status": {"status_list": {"idx": index, "uri": self.uri()}}}))
    }
}

#[tokio::test]
async fn sl3_a_token_whose_bit_is_set_is_refused() {
    let world = World::new();
    world.publish_list(&[0b0000_0100, 0b1000_0000], json!({}));
    for index in 0..16 {
        let token = world.token_at(index);
        if matches!(index, 2 | 15) {
            let cause = world.refuses(&token).await;
            assert!(cause.contains("revoked"), "{cause}");
            assert_eq!(world.refusal(&token).await.code(), "invalid_token");
        } else {
            world.accepts(&token).await;
        }
    }
    assert_eq!(world.issuer.requests(LIST), 1);
    // Without a status there is nothing to ask.
    world.accepts(&world.token(json!({}))).await;
}

#[tokio::test]
async fn sl3_a_revocation_is_seen_when_the_ttl_is_over() {
    let world = World::new();
    world.publish_list(&[0], json!({}));
    let token = world.token_at(3);
    world.accepts(&token).await;
    world.publish_list(&[0b1000], json!({}));
    world.clock.advance(59);
    world.accepts(&token).await;
    world.clock.advance(1);
    world.refuses(&token).await;
    assert_eq!(world.issuer.requests(LIST), 2);
}

#[tokio::test]
async fn sl3_the_time_in_caches_counts() {
    let world = World::new();
    world.publish_list(&[0], json!({}));
    world.issuer.age(LIST, 40);
    let token = world.token_at(3);
    world.accepts(&token).await;
    world.publish_list(&[0b1000], json!({}));
    world.clock.advance(19);
    world.accepts(&token).await;
    world.clock.advance(1);
    world.refuses(&token).await;
}

#[tokio::test]
async fn sl1_every_status_but_valid_is_refused() {
    let world = World::new();
    // Two bits each: valid, invalid, suspended, of an application.
    world.publish_list(&[0b1110_0100], json!({"status_list": {"bits": 2, "lst": lst(&[0b1110_0100])}}));
    world.accepts(&world.token_at(0)).await;
    for index in 1..4 {
        world.refuses(&world.token_at(index)).await;
    }
}

#[tokio::test]
async fn sl1_a_place_behind_the_end_is_asked_for_once_more() {
    let world = World::new();
    world.publish_list(&[0], json!({}));
    world.accepts(&world.token_at(0)).await;
    world.clock.advance(5);
    let cause = world.refuses(&world.token_at(8)).await;
    assert!(cause.contains("place"), "{cause}");
    assert_eq!(world.issuer.requests(LIST), 2);
    // The list has grown; a token of the new part need not wait for the ttl.
    world.publish_list(&[0, 0b10], json!({}));
    world.clock.advance(5);
    world.accepts(&world.token_at(8)).await;
    world.refuses(&world.token_at(9)).await;
    world.refuses(&world.token_at(u64::MAX)).await;
    assert_eq!(world.issuer.requests(LIST), 3);
}

#[tokio::test]
async fn sl1_lists_that_are_wrong_are_not_believed() {
    let wrong = [
        ("sub", "statuslist+jwt", json!({"sub": "https://x"})),
        ("sub", "statuslist+jwt", json!({"sub": null})),
        ("iss", "statuslist+jwt", json!({"iss": "https://x"})),
        ("iat", "statuslist+jwt", json!({"iat": null})),
        ("expired", "statuslist+jwt", json!({"exp": NOW})),
        ("exp", "statuslist+jwt", json!({"exp": "x"})),
        ("ttl", "statuslist+jwt", json!({"ttl": 0})),
        ("ttl", "statuslist+jwt", json!({"ttl": -1})),
        ("status_list", "statuslist+jwt", json!({"status_list": null})),
        ("bits", "statuslist+jwt", json!({"status_list": {"bits": 3, "lst": lst(&[0])}})),
        ("lst", "statuslist+jwt", json!({"status_list": {"bits": 1, "lst": "AAAA"}})),
        ("too long", "statuslist+jwt", json!({"status_list": {"bits": 1, "lst": lst(&vec![0; 5 << 20])}})),
        ("typ", "at+jwt", json!({})),
        ("typ", "JWT", json!({})),
    ];
    for (word, typ, changes) in wrong {
        let world = World::new();
        world.issuer.set(LIST, &world.signer.sign(&world.signer.header(typ), &world.list_claims(&[0], changes)), None);
        world.cannot_judge(word).await;
    }
    let world = World::new();
    let stranger = Signer::ed25519("one");
    world.issuer.set(LIST, &stranger.sign(&stranger.header("statuslist+jwt"), &world.list_claims(&[0], json!({}))), None);
    world.cannot_judge("signature").await;
    let world = World::new();
    world.issuer.set(LIST, "[]", None);
    world.cannot_judge("segments").await;
    let good = World::new();
    good.publish_list(&[0], json!({"iss": good.issuer.name, "exp": null, "ttl": null}));
    good.accepts(&good.token_at(0)).await;
}

#[tokio::test]
async fn sl1_only_the_issuer_is_asked() {
    let world = World::new();
    let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let other = format!("http://{}/lists/1", elsewhere.local_addr().unwrap());
    for uri in [other.as_str(), "https://evil.example/l", "file:///etc/passwd", "x", "", "http://169.254.169.254/"] {
        let token = world.token(json!({"status": {"status_list": {"idx": 0, "uri": uri}}}));
        world.refuses(&token).await;
    }
    assert_eq!(elsewhere.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    // Nor for a token that is junk: nobody makes this API fetch anything.
    let stranger = Signer::ed25519("one");
    let claims = world.claims(json!({"status": {"status_list": {"idx": 0, "uri": world.uri()}}}));
    world.refuses(&stranger.sign(&stranger.header("at+jwt"), &claims)).await;
    assert_eq!(world.issuer.requests(LIST), 0);
}

#[tokio::test]
async fn sl3_without_the_list_requests_fail_closed_after_a_bounded_time() {
    let world = World::with(|builder| builder.status(StatusCheck::On { stale_for: Duration::from_secs(300) }));
    world.publish_list(&[0b10], json!({}));
    world.accepts(&world.token_at(0)).await;
    world.issuer.mode(Mode::Down);
    for _ in 0..5 {
        world.clock.advance(70);
        world.accepts(&world.token_at(0)).await;
        // What is known to be dead stays dead.
        world.refuses(&world.token_at(1)).await;
    }
    world.clock.advance(10);
    assert_eq!(world.refusal(&world.token_at(0)).await.status(), 503);
    world.issuer.mode(Mode::Up);
    world.clock.advance(5);
    world.accepts(&world.token_at(0)).await;
    let strict = World::with(|builder| builder.status(StatusCheck::On { stale_for: Duration::ZERO }));
    strict.publish_list(&[0], json!({}));
    strict.accepts(&strict.token_at(0)).await;
    strict.issuer.mode(Mode::Down);
    strict.clock.advance(60);
    assert_eq!(strict.refusal(&strict.token_at(0)).await.status(), 503);
}

#[tokio::test]
async fn sl1_a_list_says_nothing_after_its_exp() {
    let world = World::with(|builder| builder.status(StatusCheck::On { stale_for: Duration::from_secs(3600) }));
    world.publish_list(&[0], json!({"exp": NOW + 180}));
    world.accepts(&world.token_at(0)).await;
    world.issuer.mode(Mode::Down);
    // With the leeway of 10 s.
    world.clock.advance(189);
    world.accepts(&world.token_at(0)).await;
    world.clock.advance(1);
    world.cannot_judge("expired").await;
}

#[tokio::test]
async fn the_check_is_a_setting() {
    let off = World::with(|builder| builder.status(StatusCheck::Off));
    off.publish_list(&[0xff], json!({}));
    off.accepts(&off.token_at(0)).await;
    assert_eq!(off.issuer.requests(LIST), 0);
    let required = World::with(|builder| builder.status(StatusCheck::Required { stale_for: Duration::from_secs(60) }));
    required.publish_list(&[0], json!({}));
    required.accepts(&required.token_at(0)).await;
    required.refuses(&required.token(json!({}))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_requests_at_once_cause_one_fetch_of_the_list() {
    let world = World::new();
    world.publish_list(&[0b10; 12_500], json!({}));
    let tokens: Vec<String> = (0..100).map(|n| world.token_at(n * 8)).collect();
    let tasks: Vec<_> = tokens
        .into_iter()
        .map(|token| {
            let verifier = world.verifier.clone();
            tokio::spawn(async move { verifier.verify(&token).await.is_ok() })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap());
    }
    assert_eq!((world.issuer.requests(LIST), world.issuer.requests(JWKS)), (1, 1));
}

#[tokio::test]
async fn a_list_may_be_signed_by_a_key_that_is_new() {
    let world = World::new();
    world.accepts(&world.token(json!({}))).await;
    let new = Signer::ed25519("two");
    world.issuer.publish(&[&world.signer, &new]);
    world.issuer.set(LIST, &new.sign(&new.header("statuslist+jwt"), &world.list_claims(&[0b10], json!({}))), None);
    world.clock.advance(10);
    world.accepts(&world.token_at(0)).await;
    world.refuses(&world.token_at(1)).await;
}
