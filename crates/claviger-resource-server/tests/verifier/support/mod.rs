//! An issuer that signs with real keys and answers over real HTTP, and a clock that a test moves.

pub(crate) mod issuer;
pub(crate) mod signer;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use claviger_resource_server::verifier::{Builder, Clock};
use claviger_resource_server::{AccessToken, Reason, Refusal, Verifier};
use serde_json::{Value, json};

pub(crate) use issuer::{Issuer, Mode};
pub(crate) use signer::Signer;

pub(crate) const RESOURCE: &str = "https://payments.example.com";
pub(crate) const NOW: i64 = 1_800_000_000;

/// A clock that stands still until it is moved.
#[derive(Clone, Debug)]
pub(crate) struct ManualClock(Arc<(AtomicI64, AtomicU64)>);

impl ManualClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new((AtomicI64::new(NOW), AtomicU64::new(1000))))
    }

    pub(crate) fn advance(&self, seconds: u32) {
        self.0.0.fetch_add(seconds.into(), Ordering::SeqCst);
        self.0.1.fetch_add(seconds.into(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn unix_seconds(&self) -> i64 {
        self.0.0.load(Ordering::SeqCst)
    }

    fn uptime(&self) -> Duration {
        Duration::from_secs(self.0.1.load(Ordering::SeqCst))
    }
}

/// An issuer with one key, a verifier of its tokens, and their clock.
pub(crate) struct World {
    pub(crate) issuer: Issuer,
    pub(crate) signer: Signer,
    pub(crate) clock: ManualClock,
    pub(crate) verifier: Verifier,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(change: impl FnOnce(Builder) -> Builder) -> Self {
        let (issuer, signer, clock) = (Issuer::start(), Signer::ed25519("one"), ManualClock::new());
        issuer.publish(&[&signer]);
        let builder = Verifier::builder(&issuer.name, RESOURCE).clock(clock.clone());
        let verifier = change(builder).build().unwrap();
        Self { issuer, signer, clock, verifier }
    }

    /// Claims that are good; `null` takes one away.
    pub(crate) fn claims(&self, changes: Value) -> Value {
        let now = self.clock.unix_seconds();
        let mut claims = json!({
            "iss": self.issuer.name, "sub": "key_1", "client_id": "key_1", "aud": RESOURCE, "iat": now, "nbf": now,
            "exp": now + 3600, "jti": "id", "scope": "payments:read payments:write", "org": "org_1",
        });
        change(&mut claims, changes);
        claims
    }

    pub(crate) fn token(&self, changes: Value) -> String {
        self.signer.sign(&self.signer.header("at+jwt"), &self.claims(changes))
    }

    pub(crate) async fn accepts(&self, token: &str) -> AccessToken {
        self.verifier.verify(token).await.unwrap_or_else(|why| panic!("{:?}", why.reason()))
    }

    /// The cause in the log.
    pub(crate) async fn refuses(&self, token: &str) -> String {
        match self.refusal(token).await.reason() {
            Reason::InvalidToken(cause) => cause.clone(),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn refusal(&self, token: &str) -> Refusal {
        self.verifier.verify(token).await.expect_err("the token was accepted")
    }
}

/// Sets members, and takes those away that are `null`.
pub(crate) fn change(object: &mut Value, changes: Value) {
    let members = object.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(members.remove(name)),
            value => drop(members.insert(name.clone(), value.clone())),
        }
    }
}
