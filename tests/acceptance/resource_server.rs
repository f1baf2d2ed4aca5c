//! An API that takes our tokens by the crate for resource servers: the crate's own example, started here, and real tokens.
//! What the crate does on its own is tested beside it.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use claviger_resource_server::verifier::{Clock, SystemClock};
use claviger_resource_server::{StatusCheck, Verifier};
use serde_json::json;

use crate::support::http::{self, Request, Response};
use crate::support::jwt::published_kids;
use crate::support::proof::{ProofKey, api_claims, with};
use crate::support::tools::{HONOURED_WITHIN, eventually};
use crate::support::{App, Backend, Options, PAYMENTS, on_both};

#[allow(dead_code, reason = "its main is for people")]
#[path = "../../crates/claviger-resource-server/examples/payments.rs"]
mod payments;

/// The example's API.
struct Payments {
    address: SocketAddr,
}

impl Payments {
    /// Starts it for the tokens of `app`.
    fn start(app: &App) -> Self {
        Self::with(payments::settings(&app.issuer, PAYMENTS).build().unwrap())
    }

    fn with(verifier: Verifier) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async { payments::serve(listener, verifier).unwrap().await }).unwrap();
        });
        Self { address }
    }

    #[track_caller]
    fn get(&self, path: &str, token: &str) -> Response {
        let request = Request::new("GET", path).header("Authorization", format!("Bearer {token}"));
        http::exchange(self.address, &request).unwrap()
    }

    #[track_caller]
    fn refuses(&self, path: &str, token: &str, status: u16, code: &str) {
        let response = self.get(path, token);
        assert_eq!((response.status, &response.json()["code"]), (status, &json!(code)), "{response:?}");
    }
}

/// The system's time, and ages that a test moves ahead: what is kept grows old without waiting.
#[derive(Clone, Debug, Default)]
struct Ahead {
    system: SystemClock,
    seconds: Arc<AtomicU64>,
}

impl Clock for Ahead {
    fn unix_seconds(&self) -> i64 {
        self.system.unix_seconds()
    }

    fn uptime(&self) -> Duration {
        self.system.uptime() + Duration::from_secs(self.seconds.load(Ordering::SeqCst))
    }
}

on_both!(sl3_revoked_tokens_are_dead_at_an_api_when_its_list_is_a_minute_old, |app| {
    let ahead = Ahead::default();
    let check = StatusCheck::Required { stale_for: Duration::ZERO };
    let verifier = payments::settings(&app.issuer, PAYMENTS).status(check).clock(ahead.clone()).build().unwrap();
    let api = Payments::with(verifier);
    let other = app.token(&app.key_with_grants(&["payments:read"])).accepted().token;
    for action in ["revoke-tokens", "disable", "delete"] {
        let key = app.key_with_grants(&["payments:read"]);
        let token = app.token(&key).accepted().token;
        assert_eq!(api.get("/payments", &token).status, 200, "{action}");
        app.key_action(action, &key, &[]);
        eventually(HONOURED_WITHIN, action, || {
            ahead.seconds.fetch_add(60, Ordering::SeqCst);
            (api.get("/payments", &token).status != 200).then_some(())
        });
        api.refuses("/payments", &token, 401, "invalid_token");
        assert_eq!(api.get("/payments", &other).status, 200, "{action}");
    }
});

on_both!(sl3_what_was_revoked_is_dead_at_the_next_reading_of_the_list, |app| {
    let ahead = Ahead::default();
    let check = StatusCheck::Required { stale_for: Duration::ZERO };
    let verifier = payments::settings(&app.issuer, PAYMENTS).status(check).clock(ahead.clone()).build().unwrap();
    let api = Payments::with(verifier);
    let manager = app.token_of(&app.key_with_grants(&["api-keys:write payments:read"]));
    for round in 0..20 {
        let key = app.key_with_grants(&["payments:read"]);
        let token = app.token(&key).accepted().token;
        assert_eq!(api.get("/payments", &token).status, 200, "{round}");
        app.api("POST", &format!("/api-keys/{}/revoke-tokens", key.client_id)).bearer(&manager).succeeds(200);
        ahead.seconds.fetch_add(60, Ordering::SeqCst);
        api.refuses("/payments", &token, 401, "invalid_token");
    }
});

on_both!(the_examples_api_takes_our_tokens, |app| {
    let api = Payments::start(app);
    let key = app.key_with_grants(&["payments:write"]);
    let response = api.get("/payments", &app.token(&key).accepted().token);
    assert_eq!((response.status, response.json()), (200, json!({"organization": app.fixture.organization, "payments": []})));
    // Without the scope, and for another API.
    let other = app.key_with_grants(&["fx reports:read"]);
    api.refuses("/payments", &app.token(&other).scope("fx").accepted().token, 403, "insufficient_scope");
    api.refuses("/payments", &app.token(&other).scope("reports:read").accepted().token, 401, "invalid_token");
    api.refuses("/payments", "x", 401, "invalid_token");
});

on_both!(the_examples_api_knows_the_account, |app| {
    let api = Payments::start(app);
    let (one, two) = (&app.fixture.account_1, &app.fixture.account_2);
    let key = app.key_with_grants(&["payments:read", &format!("{one}=refunds:create"), &format!("{two}=refunds:create")]);
    let token = app.token(&key).account(one).accepted().token;
    let path = |account: &str| format!("/accounts/{account}/payments");
    let response = api.get(&path(one), &token);
    assert_eq!((response.status, &response.json()["account"]), (200, &json!(one)), "{response:?}");
    api.refuses(&path(two), &token, 403, "account_not_allowed");
    api.refuses(&path(one), &app.token(&key).accepted().token, 403, "account_not_allowed");
});

on_both!(the_examples_api_keeps_the_payout_limit, |app| {
    let api = Payments::start(app);
    let key = app.create_key(&["--grant", "payments:write", "--max-payout", "55.00"]);
    let token = app.token(&key).accepted().token;
    let pay = |amount: &str| {
        let request = Request::new("POST", "/payouts")
            .header("Authorization", format!("Bearer {token}"))
            .header("Content-Type", "application/json")
            .body(json!({"amount": amount}).to_string());
        http::exchange(api.address, &request).unwrap()
    };
    assert_eq!(pay("55").status, 201);
    let refused = pay("55.01");
    assert_eq!((refused.status, &refused.json()["code"]), (403, &json!("payout_limit_exceeded")));
});

#[test]
fn rs2_the_examples_api_follows_the_signing_keys() {
    let app = App::start(Backend::Sqlite, &[]);
    let key = app.key_with_grants(&["payments:read"]);
    for algorithm in ["PS256", "ES256", "EdDSA"] {
        let rotated = app.json(&["signing-keys", "rotate", "--now", "--alg", algorithm]);
        eventually(HONOURED_WITHIN, "the new key is the only one", || {
            (published_kids(&app) == [rotated["kid"].as_str()?]).then_some(())
        });
        // A verifier that has not seen any key yet; how it finds a new one is tested beside the crate.
        let token = app.token(&key).accepted().token;
        assert_eq!(Payments::start(&app).get("/payments", &token).status, 200, "{algorithm}");
    }
}

on_both!(dp1_a_bound_token_opens_the_examples_api_with_its_proof_alone, |app| {
    let api = Payments::start(app);
    let (key, proof_key) = (app.key_with_grants(&["payments:read"]), ProofKey::new("Ed25519"));
    let token = app.token(&key).proof(proof_key.for_token(app)).bound_to(&proof_key.jkt()).token;
    let claims = || with(api_claims(app, "GET", "", &token), &json!({"htu": format!("{PAYMENTS}/payments")}));
    let send = |proof: &str| {
        let request = Request::new("GET", "/payments").header("Authorization", format!("DPoP {token}")).header("DPoP", proof);
        http::exchange(api.address, &request).unwrap()
    };
    let proof = proof_key.proof(&claims());
    assert_eq!(send(&proof).status, 200);
    // Used before; by another key; for another API; as a bearer token.
    let elsewhere = proof_key.for_api(app, "GET", "/payments", &token);
    for bad in [proof, ProofKey::new("Ed25519").proof(&claims()), elsewhere] {
        let response = send(&bad);
        assert_eq!((response.status, &response.json()["code"]), (401, &json!("invalid_dpop_proof")), "{response:?}");
        assert!(response.header("www-authenticate").unwrap().starts_with("DPoP realm=\"payments\""), "{response:?}");
    }
    api.refuses("/payments", &token, 401, "invalid_token");
});

on_both!(md1_the_management_api_has_a_document_of_its_own, |app| {
    let path = "/.well-known/oauth-protected-resource/api";
    let answer = app.get(path);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    let document = answer.json();
    assert_eq!(document["resource"], json!(format!("{}/api", app.issuer)));
    assert_eq!(document["authorization_servers"], json!([app.issuer]));
    assert_eq!(document["bearer_methods_supported"], json!(["header"]));
    let scopes = document["scopes_supported"].as_array().unwrap();
    assert!(scopes.contains(&json!("api-keys:write")) && scopes.contains(&json!("audit:read")), "{document}");
    // Neither those of operators nor those of other APIs.
    assert!(!scopes.contains(&json!("catalogue:write")) && !scopes.contains(&json!("payments:read")), "{document}");
    let tag = answer.header("etag").unwrap();
    assert_eq!(app.send(&Request::new("GET", path).header("If-None-Match", tag)).status, 304);
    assert_eq!(app.send(&Request::new("POST", path)).status, 405);
    let moved = app.send(&Request::new("GET", path).header("Host", "evil.example"));
    assert_eq!(moved.body, answer.body);
    // What it says is so: a token for this resource opens the API.
    let key = app.key_with_grants(&["api-keys:read a"]);
    let token = app.token(&key).resource(document["resource"].as_str().unwrap()).accepted();
    assert_eq!(token.audience(), [document["resource"].as_str().unwrap()]);
    app.api("GET", "/api-keys").bearer(&token.token).succeeds(200);
});

#[test]
fn md1_the_document_of_an_issuer_with_a_path() {
    let app = App::start_with(Backend::Sqlite, Options { issuer: Some("/t1".into()), ..Options::default() });
    let answer = app.get("/.well-known/oauth-protected-resource/t1/api");
    assert_eq!((answer.status, &answer.json()["resource"]), (200, &json!(format!("{}/api", app.issuer))));
}
