//! Workload identity: the platform's own token takes the place of a secret.

use serde_json::{Value, json};

use super::{JWT_BEARER, asserting};
use crate::support::proof::{ProofKey, unix_now};
use crate::support::receiver::{Receiver, Reply};
use crate::support::token::TokenRequest;
use crate::support::tools::random_hex;
use crate::support::{App, on_both};

const SUBJECT: &str = "system:serviceaccount:shop:export";
const AUDIENCE: &str = "https://keys.example.com";

/// A platform that signs for its workloads, and a key that trusts it.
struct Platform {
    key: ProofKey,
    published: Receiver,
    client_id: String,
}

impl Platform {
    fn new(app: &App) -> Self {
        let key = ProofKey::new("RS256");
        let published = Receiver::start(Reply::Document(json!({"keys": [key.jwk]}).to_string()));
        let issuer = published.url();
        let organization = app.fixture.organization.as_str();
        let made = app.json(&[
            "--json",
            "keys",
            "create",
            "--organization",
            organization,
            "--name",
            "Export",
            "--grant",
            "a",
            "--token-endpoint-auth-method",
            "workload_jwt",
            "--trusted-issuer",
            &issuer,
            "--trusted-subject",
            SUBJECT,
            "--trusted-audience",
            AUDIENCE,
            "--trusted-jwks-uri",
            &issuer,
        ]);
        assert_eq!(made["trusted_issuer"]["subject"], json!(SUBJECT), "{made}");
        assert!(made.get("client_secret").is_none(), "{made}");
        Self { key, published, client_id: made["client_id"].as_str().unwrap().to_owned() }
    }

    fn claims(&self) -> Value {
        let now = unix_now();
        json!({"iss": self.published.url(), "sub": SUBJECT, "aud": [AUDIENCE], "iat": now, "exp": now + 600, "jti": random_hex(),
            "kubernetes.io": {"namespace": "shop"}})
    }

    fn sign(&self, claims: &Value) -> String {
        self.key.signed(r#"{"alg":"RS256"}"#, &claims.to_string())
    }

    fn request<'a>(&self, app: &'a App, token: &str) -> TokenRequest<'a> {
        asserting(app, token).param("client_id", &self.client_id)
    }
}

on_both!(a_workloads_token_is_exchanged_once, ["--webhook-allow-private", "127.0.0.0/8"], |app| {
    let platform = Platform::new(app);
    let token = platform.sign(&platform.claims());
    assert_eq!(platform.request(app, &token).accepted().claims["sub"], json!(platform.client_id));
    platform.request(app, &token).unauthorized();
    // Without a jti the token itself is remembered.
    let mut claims = platform.claims();
    claims.as_object_mut().unwrap().remove("jti");
    let token = platform.sign(&claims);
    platform.request(app, &token).accepted();
    platform.request(app, &token).unauthorized();
    assert_eq!(platform.published.received().len(), 1);
});

on_both!(a_workloads_token_is_of_one_issuer_subject_and_audience, ["--webhook-allow-private", "127.0.0.0/8"], |app| {
    let platform = Platform::new(app);
    let now = unix_now();
    for (name, value) in [
        ("iss", json!("https://other.example.com")),
        ("sub", json!("system:serviceaccount:shop:other")),
        ("sub", json!(platform.client_id)),
        ("aud", json!(app.issuer)),
        ("aud", json!([AUDIENCE, "https://other.example.com"])),
        ("exp", json!(now - 1)),
        ("exp", json!(now + 7_200)),
        ("iat", Value::Null),
        ("nbf", json!(now + 600)),
    ] {
        let mut claims = platform.claims();
        claims[name] = value;
        platform.request(app, &platform.sign(&claims)).unauthorized();
    }
    let stranger = ProofKey::new("RS256");
    platform.request(app, &stranger.signed(r#"{"alg":"RS256"}"#, &platform.claims().to_string())).unauthorized();
    // Its subject is no client id: whose token it is has to be said.
    let token = platform.sign(&platform.claims());
    TokenRequest::new(app).param("client_assertion_type", JWT_BEARER).param("client_assertion", &token).unauthorized();
    platform.request(app, &token).accepted();
});
