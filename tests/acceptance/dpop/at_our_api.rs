//! Bound tokens at our own management API (RFC 9449 section 7): never without a proof, and only with the right one.

use serde_json::{Value, json};

use crate::support::api::problem;
use crate::support::http::Response;
use crate::support::proof::{ProofKey, api_claims, with};
use crate::support::{App, Key, on_both};

const PATH: &str = "/api-keys";

/// A token of that key, bound.
#[track_caller]
fn bound(app: &App, key: &Key, proof_key: &ProofKey) -> String {
    app.token(key).proof(proof_key.for_token(app)).bound_to(&proof_key.jkt()).token
}

/// A request with these credentials and proofs.
fn send(app: &App, authorization: &str, proofs: &[&str]) -> Response {
    let request = app.api("GET", PATH).header("Authorization", authorization);
    proofs.iter().fold(request, |request, proof| request.header("DPoP", proof)).send()
}

/// `401` with a challenge of RFC 9449 section 7.1.
#[track_caller]
fn challenged(response: &Response, code: &str) {
    problem(response, 401, code);
    let challenge = response.header("www-authenticate").unwrap();
    assert!(challenge.starts_with("DPoP "), "{challenge}");
    assert!(challenge.contains("algs=\"ES256 EdDSA Ed25519 PS256 RS256\""), "{challenge}");
    assert!(challenge.contains(&format!("error=\"{code}\"")), "{challenge}");
}

on_both!(dp1_a_bound_token_with_its_proof_is_taken, |app| {
    let (integrator, key) = (app.integrator(), ProofKey::new("ES256"));
    let token = bound(app, &integrator, &key);
    for scheme in ["DPoP", "dpop", "DPOP"] {
        let response = send(app, &format!("{scheme} {token}"), &[&key.for_api(app, "GET", PATH, &token)]);
        assert_eq!(response.status, 200, "{} {response:?}", response.text());
    }
    // With a query, and a change with a body.
    let list = app.api("GET", "/api-keys?limit=1").header("Authorization", format!("DPoP {token}"));
    list.header("DPoP", key.for_api(app, "GET", "/api-keys?limit=1", &token)).succeeds(200);
    let create = app.api("POST", PATH).header("Authorization", format!("DPoP {token}"));
    let body = json!({"name": "Made with a proof", "grants": [{"account_id": null, "scopes": ["a"]}]});
    let made = create.header("DPoP", key.for_api(app, "POST", PATH, &token)).json(&body).succeeds(201);
    let one = format!("{PATH}/{}", made["client_id"].as_str().unwrap());
    let get = app.api("GET", &one).header("Authorization", format!("DPoP {token}"));
    get.header("DPoP", key.for_api(app, "GET", &one, &token)).succeeds(200);
});

on_both!(dp1_a_bound_token_is_no_bearer_token, |app| {
    // CVE-2024-49755: a check that looks at the scheme alone lets a stolen token pass.
    let (integrator, key) = (app.integrator(), ProofKey::new("ES256"));
    let token = bound(app, &integrator, &key);
    let proof = key.for_api(app, "GET", PATH, &token);
    challenged(&send(app, &format!("Bearer {token}"), &[]), "invalid_token");
    challenged(&send(app, &format!("Bearer {token}"), &[&proof]), "invalid_token");
    assert_eq!(send(app, &format!("DPoP {token}"), &[&proof]).status, 200, "what was refused has not used it up");
});

on_both!(dp1_a_bearer_token_is_not_taken_with_a_proof, |app| {
    let token = app.token_of(&app.integrator());
    let key = ProofKey::new("ES256");
    challenged(&send(app, &format!("DPoP {token}"), &[&key.for_api(app, "GET", PATH, &token)]), "invalid_token");
    challenged(&send(app, &format!("DPoP {token}"), &[]), "invalid_token");
    // As a bearer token it is what it was, whatever else comes along.
    assert_eq!(send(app, &format!("Bearer {token}"), &["nonsense"]).status, 200);
});

on_both!(dp2_a_wrong_proof_is_refused_at_the_api, |app| {
    let (integrator, key) = (app.integrator(), ProofKey::new("ES256"));
    let token = bound(app, &integrator, &key);
    let other_token = bound(app, &integrator, &key);
    let authorization = format!("DPoP {token}");
    challenged(&send(app, &authorization, &[]), "invalid_dpop_proof");
    challenged(&send(app, &authorization, &["nonsense"]), "invalid_dpop_proof");
    let good = || key.for_api(app, "GET", PATH, &token);
    challenged(&send(app, &authorization, &[&good(), &good()]), "invalid_dpop_proof");
    let ath_of_the_other = api_claims(app, "GET", PATH, &other_token)["ath"].clone();
    for changes in [
        json!({"ath": null}),
        json!({"ath": ath_of_the_other}),
        json!({"ath": 1}),
        json!({"htm": "POST"}),
        json!({"htu": format!("{}/api/v1/scopes", app.issuer)}),
        json!({"htu": format!("{}/connect/token", app.issuer)}),
        json!({"jti": null}),
        json!({"iat": 1}),
    ] {
        let proof = key.proof(&with(api_claims(app, "GET", PATH, &token), &changes));
        challenged(&send(app, &authorization, &[&proof]), "invalid_dpop_proof");
    }
    // By another key: the token is not that one's.
    let thief = ProofKey::new("ES256").for_api(app, "GET", PATH, &token);
    challenged(&send(app, &authorization, &[&thief]), "invalid_token");
    // The proof of the token endpoint does not open the API.
    challenged(&send(app, &authorization, &[&key.for_token(app)]), "invalid_dpop_proof");
    // A token that is none.
    challenged(&send(app, "DPoP a.b.c", &[&good()]), "invalid_token");
    assert_eq!(send(app, &authorization, &[&good()]).status, 200);
});

on_both!(dp2_two_schemes_at_once_are_refused, |app| {
    let (integrator, key) = (app.integrator(), ProofKey::new("ES256"));
    let (token, bearer) = (bound(app, &integrator, &key), app.token_of(&integrator));
    let request = app.api("GET", PATH).header("Authorization", format!("DPoP {token}"));
    let request = request.header("DPoP", key.for_api(app, "GET", PATH, &token));
    let response = request.clone().header("Authorization", format!("Bearer {bearer}")).send();
    problem(&response, 400, "invalid_request");
    request.succeeds(200);
});

on_both!(dp1_a_bound_token_of_a_key_that_is_gone_is_dead, |app| {
    let key = ProofKey::new("ES256");
    let reader = app.key_with_grants(&["api-keys:read"]);
    let token = bound(app, &reader, &key);
    app.key_action("disable", &reader, &[]);
    crate::support::tools::eventually(crate::support::tools::HONOURED_WITHIN, "the token is dead", || {
        let response = send(app, &format!("DPoP {token}"), &[&key.for_api(app, "GET", PATH, &token)]);
        (response.status == 401).then_some(response)
    });
    let response = send(app, &format!("DPoP {token}"), &[&key.for_api(app, "GET", PATH, &token)]);
    challenged(&response, "invalid_token");
    assert_ne!(response.json(), Value::Null);
});

on_both!(dp1_a_token_from_before_binding_was_asked_for_is_dead_here, |app| {
    let integrator = app.integrator();
    let token = app.token(&integrator).accepted().token;
    assert_eq!(send(app, &format!("Bearer {token}"), &[]).status, 200);
    app.key_command("edit", &integrator, &["--require-bound-tokens"]);
    crate::support::tools::eventually(std::time::Duration::from_secs(5), "the unbound token is refused", || {
        (send(app, &format!("Bearer {token}"), &[]).status == 401).then_some(())
    });
});
