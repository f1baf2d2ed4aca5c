//! DP1: what a good proof brings, and where its check stands among the other decisions.

use serde_json::{Value, json};

use crate::support::proof::{ProofKey, token_claims, unix_now, with};
use crate::support::token::TokenRequest;
use crate::support::tools::{HONOURED_WITHIN, eventually};
use crate::support::{jwt, on_both};

on_both!(dp1_a_token_is_bound_to_the_key_of_the_proof, |app| {
    let k1 = &app.fixture.k1;
    for algorithm in ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"] {
        let key = ProofKey::new(algorithm);
        let accepted = app.token(k1).proof(key.for_token(app)).bound_to(&key.jkt());
        assert_eq!(accepted.scope, "a b");
        // By the form too.
        let post = app.create_key(&["--grant", "a", "--token-endpoint-auth-method", "client_secret_post"]);
        let request = app.anonymous().param("client_id", &post.client_id).param("client_secret", &post.client_secret);
        request.proof(key.for_token(app)).bound_to(&key.jkt());
    }
    let bearer = app.token(k1).accepted();
    assert!(!bearer.claims.contains_key("cnf"), "{:?}", bearer.claims);
});

on_both!(dp1_a_key_whose_tokens_must_be_bound_gets_no_other, |app| {
    let bound = app.create_key(&["--grant", "a", "--require-bound-tokens"]);
    let key = ProofKey::new("ES256");
    let refused = app.token(&bound).refused(400, "invalid_dpop_proof");
    assert_eq!(refused.json()["error_description"], "tokens must be bound here: send a DPoP proof");
    app.token(&bound).proof("nonsense").refused(400, "invalid_dpop_proof");
    app.token(&bound.with_wrong_secret()).unauthorized();
    app.token(&bound).proof(key.for_token(app)).bound_to(&key.jkt());
    let asker = app.token_of(&app.integrator());
    let explain = app.api("POST", &format!("/api-keys/{}/explain", bound.client_id)).bearer(&asker).json(&json!({}));
    let explained = explain.succeeds(200);
    assert_eq!(explained["allowed"], true);
    assert!(explained["detail"].as_str().unwrap().contains("DPoP proof"), "{explained}");
    // It is a setting like others.
    app.key_action("edit", &bound, &["--require-bound-tokens", "false"]);
    eventually(HONOURED_WITHIN, "plain tokens are allowed", || (app.token(&bound).send().status == 200).then_some(()));
    app.key_action("edit", &bound, &["--require-bound-tokens", "true"]);
    eventually(HONOURED_WITHIN, "plain tokens are refused", || (app.token(&bound).send().status == 400).then_some(()));
});

on_both!(rs6_an_assertion_and_a_proof_by_the_same_key_are_two_things, |app| {
    let key = ProofKey::new("ES256");
    let file = app.site.dir.join("jwks.json");
    std::fs::write(&file, json!({"keys": [key.jwk]}).to_string()).unwrap();
    let made = app.json(&[
        "keys",
        "create",
        "--organization",
        &app.fixture.organization,
        "--name",
        "Asserted",
        "--grant",
        "a",
        "--token-endpoint-auth-method",
        "private_key_jwt",
        "--jwks",
        file.to_str().unwrap(),
        "--require-bound-tokens",
    ]);
    let id = made["client_id"].as_str().unwrap();
    let statement = |changes: &Value| {
        let claims = json!({"iss": id, "sub": id, "aud": app.issuer, "exp": unix_now() + 60});
        with(with(token_claims(app), &claims), changes).to_string()
    };
    let assertion = || key.signed(&json!({"alg": "ES256", "typ": "JWT"}).to_string(), &statement(&json!({})));
    let ask = |assertion: &str| {
        let request = app.anonymous().param("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        request.param("client_assertion", assertion)
    };
    ask(&assertion()).proof(key.for_token(app)).bound_to(&key.jkt());
    ask(&assertion()).refused(400, "invalid_dpop_proof");
    // Each with the claims of both, and still only what its type says.
    let proof = || key.signed(&key.header().to_string(), &statement(&json!({})));
    ask(&proof()).proof(proof()).unauthorized();
    ask(&assertion()).proof(assertion()).refused(400, "invalid_dpop_proof");
    ask(&assertion()).proof(proof()).bound_to(&key.jkt());
});

on_both!(rs7_a_bound_token_has_one_claim_more, |app| {
    let k1 = &app.fixture.k1;
    let key = ProofKey::new("ES256");
    let mut bound: Vec<String> = app.token(k1).proof(key.for_token(app)).bound_to(&key.jkt()).claims.keys().cloned().collect();
    bound.retain(|name| name != "cnf");
    let plain: Vec<String> = app.token(k1).accepted().claims.keys().cloned().collect();
    assert_eq!(bound, plain);
});

on_both!(md2_the_metadata_names_the_algorithms_of_proofs, |app| {
    for path in ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"] {
        let metadata = app.get(path).json();
        assert_eq!(metadata["dpop_signing_alg_values_supported"], json!(["ES256", "EdDSA", "Ed25519", "PS256", "RS256"]));
    }
});

on_both!(in2_introspection_tells_what_a_token_is_bound_to, |app| {
    let key = ProofKey::new("ES256");
    let token = app.token(&app.fixture.k1).proof(key.for_token(app)).bound_to(&key.jkt()).token;
    let asker = app.key_with_grants(&["tokens:introspect"]);
    let ask =
        || TokenRequest::at(app, "/connect/introspect").basic(&asker.client_id, &asker.client_secret).param("token", &token);
    let plain = ask().send();
    assert_eq!(plain.status, 200, "{}", plain.text());
    let signed = ask().header("Accept", "application/token-introspection+jwt").send();
    let (_, signed) = jwt::decode(&signed.text());
    for told in [&plain.json(), &signed["token_introspection"]] {
        assert_eq!(told["active"], true);
        assert_eq!(told["token_type"], "DPoP");
        assert_eq!(told["cnf"], json!({"jkt": key.jkt()}));
    }
});

on_both!(dp1_a_bound_token_is_revoked_like_any_other, |app| {
    let key = ProofKey::new("ES256");
    let k1 = &app.fixture.k1;
    let token = app.token(k1).proof(key.for_token(app)).bound_to(&key.jkt()).token;
    let at = |path, client: &crate::support::Key| {
        TokenRequest::at(app, path).basic(&client.client_id, &client.client_secret).param("token", &token).send()
    };
    assert_eq!(at("/connect/revocation", k1).status, 200);
    let asker = app.key_with_grants(&["tokens:introspect"]);
    assert_eq!(at("/connect/introspect", &asker).json(), json!({"active": false}));
});

on_both!(gt6_strangers_are_told_nothing_about_their_proofs, ["--trusted-proxies", "127.0.0.0/8"], |app| {
    let key = app.create_key(&["--grant", "a", "--ip-allow", "203.0.113.7"]);
    let wrong = app.token(&key.with_wrong_secret()).from("203.0.113.7");
    let without = wrong.unauthorized();
    let with_a_bad_one = wrong.clone().proof("nonsense").unauthorized();
    let with_a_good_one = wrong.clone().proof(ProofKey::new("ES256").for_token(app)).unauthorized();
    assert_eq!(without.look(), with_a_bad_one.look());
    assert_eq!(without.look(), with_a_good_one.look());
    app.anonymous().proof("nonsense").unauthorized();
    // The address comes first too.
    app.token(&key).from("198.51.100.1").proof("nonsense").refused(400, "unauthorized_client");
});

on_both!(dp2_the_proof_is_looked_at_after_the_plan_and_before_what_is_asked_for, |app| {
    app.plan("single", &["--requests-per-day", "1"]);
    let limited = app.key_on("single");
    app.token(&limited).proof("nonsense").refused(400, "invalid_dpop_proof");
    app.token(&limited).proof("nonsense").refused(429, "temporarily_unavailable");
    let k1 = &app.fixture.k1;
    app.token(k1).content_type(Some("text/plain")).proof("nonsense").refused(400, "invalid_request");
    app.token(k1).body("grant_type=password").proof("nonsense").refused(400, "invalid_dpop_proof");
    app.token(k1).account("nonsense").proof("nonsense").refused(400, "invalid_dpop_proof");
    app.token(k1).scope("zzz").proof("nonsense").refused(400, "invalid_dpop_proof");
});

on_both!(dp2_an_endpoint_that_issues_nothing_takes_no_proof, |app| {
    let k1 = &app.fixture.k1;
    let token = app.token_of(k1);
    for path in ["/connect/introspect", "/connect/revocation"] {
        let asker = if path.ends_with("introspect") { &app.key_with_grants(&["tokens:introspect"]) } else { k1 };
        let request = TokenRequest::at(app, path).basic(&asker.client_id, &asker.client_secret).param("token", &token);
        assert_eq!(request.proof("nonsense").send().status, 200, "{path}");
    }
});

#[test]
fn dp2_below_an_issuer_with_a_path_both_urls_are_the_endpoints() {
    use crate::support::{App, Backend, Options};
    let options = Options { issuer: Some("/t1".to_owned()), ..Options::default() };
    let app = App::start_with(Backend::Sqlite, options);
    let key = ProofKey::new("ES256");
    let proof = |path: &str| key.proof(&with(token_claims(&app), &json!({"htu": format!("{}{path}", app.base_url)})));
    for path in ["/t1/connect/token", "/connect/token"] {
        app.token(&app.fixture.k1).proof(proof(path)).bound_to(&key.jkt());
    }
    let refused = app.token(&app.fixture.k1).proof(proof("/t2/connect/token")).refused(400, "invalid_dpop_proof");
    assert_eq!(refused.json()["error_description"], Value::from("htu is not the URL of the request at this issuer"));
}
