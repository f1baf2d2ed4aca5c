//! DP3: with `--dpop-nonces required` every proof holds a nonce that this server gave.

use serde_json::json;

use crate::support::clock::Clock;
use crate::support::http::Response;
use crate::support::proof::{ProofKey, api_claims, token_claims, with};
use crate::support::rate_limit::room_in_this_minute;
use crate::support::token::accepted_as;
use crate::support::{App, Backend, Options, Output, on_both};

/// The nonce that an answer hands out.
#[track_caller]
fn nonce_of(response: &Response) -> String {
    let nonce = response.header("dpop-nonce").unwrap_or_else(|| panic!("no nonce: {response:?}")).to_owned();
    // RFC 9449 section 8.1: NQCHAR.
    assert!(nonce.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)), "{nonce}");
    assert!(nonce.len() >= 22, "{nonce}");
    nonce
}

on_both!(dp3_a_proof_without_a_nonce_is_handed_one, ["--dpop-nonces", "required"], |app| {
    let (k1, key) = (&app.fixture.k1, ProofKey::new("ES256"));
    let proof = |nonce: &str| key.proof(&with(token_claims(app), &json!({"nonce": nonce})));
    let nonce = nonce_of(&app.token(k1).proof(key.for_token(app)).refused(400, "use_dpop_nonce"));
    app.token(k1).proof(proof(&nonce)).bound_to(&key.jkt());
    // It is not used up by one proof.
    app.token(k1).proof(proof(&nonce)).bound_to(&key.jkt());
    // Without one again, although one was given: section 11.3.
    app.token(k1).proof(key.for_token(app)).refused(400, "use_dpop_nonce");
    for foreign in ["", "x", &nonce[1..], &format!("{nonce}A"), &nonce.to_lowercase()] {
        nonce_of(&app.token(k1).proof(proof(foreign)).refused(400, "use_dpop_nonce"));
    }
    // A proof that is wrong in itself gets no nonce, and neither does a stranger.
    let wrong =
        app.token(k1).proof(key.proof(&with(token_claims(app), &json!({"htm": "PUT"})))).refused(400, "invalid_dpop_proof");
    assert!(wrong.all("dpop-nonce").is_empty(), "{wrong:?}");
    let stranger = app.token(&k1.with_wrong_secret()).proof(key.for_token(app)).unauthorized();
    assert!(stranger.all("dpop-nonce").is_empty(), "{stranger:?}");
    // RS6: a nonce is nothing else.
    app.api("GET", "/api-keys").bearer(&nonce).refused(401, "invalid_token");
    app.anonymous().param("client_id", &k1.client_id).param("client_secret", &nonce).unauthorized();
    // Who sends no proof is not bothered.
    app.token(k1).accepted();
});

on_both!(dp3_nodes_take_each_others_nonces, ["--dpop-nonces", "required"], |app| {
    let other = app.another_node(&["--dpop-nonces", "required"]);
    let (k1, key) = (&app.fixture.k1, ProofKey::new("EdDSA"));
    let nonce = nonce_of(&app.token(k1).proof(key.for_token(app)).refused(400, "use_dpop_nonce"));
    let proof = key.proof(&with(token_claims(&other), &json!({"nonce": nonce})));
    other.token(k1).proof(proof).bound_to(&key.jkt());
});

on_both!(dp3_our_own_api_hands_nonces_out_too, ["--dpop-nonces", "required"], |app| {
    let (integrator, key) = (app.integrator(), ProofKey::new("ES256"));
    let nonce = nonce_of(&app.token(&integrator).proof(key.for_token(app)).refused(400, "use_dpop_nonce"));
    let proof = key.proof(&with(token_claims(app), &json!({"nonce": nonce})));
    let token = app.token(&integrator).proof(proof).bound_to(&key.jkt()).token;
    let send = |nonce: Option<&str>| {
        let claims = with(api_claims(app, "GET", "/api-keys", &token), &json!({"nonce": nonce}));
        app.api("GET", "/api-keys").header("Authorization", format!("DPoP {token}")).header("DPoP", key.proof(&claims)).send()
    };
    let refused = send(None);
    crate::support::api::problem(&refused, 401, "use_dpop_nonce");
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(challenge.starts_with("DPoP ") && challenge.contains("error=\"use_dpop_nonce\""), "{challenge}");
    assert_eq!(send(Some(&nonce_of(&refused))).status, 200);
});

/// The clock goes on by more than a window of nonces.
#[test]
fn dp3_an_old_nonce_is_refused_and_the_next_comes_along_in_time() {
    // Windows are minutes.
    room_in_this_minute(20);
    let clock = Clock::new();
    let options = Options { flags: Options::flags(&["--dpop-nonces", "required"]).flags, ..clock.options() };
    let app = App::start_with(Backend::Sqlite, options);
    let (k1, key) = (&app.fixture.k1, ProofKey::new("ES256"));
    let nonce = nonce_of(&app.token(k1).proof(key.for_token(&app)).refused(400, "use_dpop_nonce"));
    let send = |nonce: &str, later: u64| {
        let claims = token_claims(&app);
        let iat = claims["iat"].as_u64().unwrap() + later;
        app.token(k1).proof(key.proof(&with(claims, &json!({"nonce": nonce, "iat": iat})))).send()
    };
    clock.shift(60);
    let answer = send(&nonce, 60);
    accepted_as(&answer, "DPoP");
    let next = nonce_of(&answer);
    assert_ne!(next, nonce);
    assert!(send(&next, 60).all("dpop-nonce").is_empty());
    clock.shift(180);
    let answer = send(&nonce, 180);
    crate::support::token::refused(&answer, 400, "use_dpop_nonce");
    assert_ne!(nonce_of(&answer), nonce);
}

#[test]
fn the_setting_is_off_or_required() {
    let (site, _) = App::site_only(Backend::Sqlite);
    let output = Output::of(site.command().args(["serve", "--dpop-nonces", "sometimes"]), "").failed_with(2);
    assert!(output.stderr.contains("dpop_nonces must be off or required"), "{output:?}");
}
