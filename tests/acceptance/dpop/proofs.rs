//! DP2, PK6 to PK8 and RS6: proofs that are refused, and some that are not although they look odd.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::proof::{ProofKey, token_claims, unix_now, with};
use crate::support::{App, on_both};

/// Refused, without a nonce, and with a word about why.
#[track_caller]
fn refused(app: &App, proof: impl AsRef<[u8]>) {
    let response = app.token(&app.fixture.k1).proof(proof).refused(400, "invalid_dpop_proof");
    assert!(response.all("dpop-nonce").is_empty(), "{response:?}");
    let description = response.json()["error_description"].as_str().unwrap().to_owned();
    assert!(!description.is_empty() && description.len() < 120, "{description}");
}

on_both!(dp2_claims_that_do_not_fit_are_refused, |app| {
    let (key, now) = (ProofKey::new("ES256"), unix_now());
    let url = |path: &str| format!("{}{path}", app.issuer);
    for changes in [
        json!({"jti": null}),
        json!({"jti": ""}),
        json!({"jti": 7}),
        json!({"jti": "x".repeat(257)}),
        json!({"htm": null}),
        json!({"htm": "PUT"}),
        json!({"htm": "post"}),
        json!({"htu": null}),
        json!({"htu": url("/connect/introspect")}),
        json!({"htu": url("/connect/token/")}),
        json!({"htu": "https://auth.example.com/connect/token"}),
        json!({"htu": "/connect/token"}),
        json!({"iat": null}),
        json!({"iat": now.to_string()}),
        json!({"iat": now - 3_600}),
        json!({"iat": now + 3_600}),
        json!({"iat": now - 120}),
        json!({"iat": now + 120}),
        json!({"exp": now - 60}),
        json!({"nbf": now + 60}),
        json!({"exp": "soon"}),
    ] {
        refused(app, key.proof(&with(token_claims(app), &changes)));
    }
    // 8 KiB of a name.
    refused(app, key.proof(&with(token_claims(app), &json!({"jti": "x".repeat(8_192)}))));
});

on_both!(dp2_equivalent_spellings_and_clocks_a_little_off_are_taken, |app| {
    let (key, now) = (ProofKey::new("ES256"), unix_now());
    let url = format!("{}/connect/token", app.issuer);
    for changes in [
        json!({"iat": now - 10}),
        json!({"iat": now + 10}),
        json!({"iat": now as f64 + 0.25}),
        json!({"htu": format!("{url}?x=1")}),
        json!({"htu": format!("{url}#x")}),
        json!({"htu": url.replace("http://", "HTTP://")}),
        json!({"htu": url.replace("token", "%74oken")}),
        json!({"nbf": now, "exp": now + 60}),
        json!({"ath": "nothing to do with it", "nonce": "not asked for", "future": {"a": [1]}}),
    ] {
        app.token(&app.fixture.k1).proof(key.proof(&with(token_claims(app), &changes))).bound_to(&key.jkt());
    }
});

on_both!(dp2_there_is_one_header_with_one_proof, |app| {
    let key = ProofKey::new("ES256");
    let (one, two) = (key.for_token(app), key.for_token(app));
    for name in ["DPoP", "dpop"] {
        app.token(&app.fixture.k1).proof(&one).header(name, &two).refused(400, "invalid_dpop_proof");
    }
    for text in
        ["", " ", "x", "a.b", "a.b.c", "a.b.c.d", &format!("{one}, {two}"), &format!("{one} {two}"), &one[..one.len() - 2]]
    {
        refused(app, text);
    }
    refused(app, b"\xff\xfe");
    refused(app, key.signed(&key.header().to_string(), "[]"));
});

on_both!(pk6_the_header_of_a_proof_says_nothing_that_its_key_is_not, |app| {
    let (key, rsa) = (ProofKey::new("ES256"), ProofKey::new("RS256"));
    let claims = || token_claims(app).to_string();
    for changes in [
        json!({"typ": null}),
        json!({"typ": "JWT"}),
        json!({"typ": "at+jwt"}),
        json!({"alg": null}),
        json!({"alg": "none"}),
        json!({"alg": "nOnE"}),
        json!({"alg": "HS256"}),
        json!({"alg": "ES384"}),
        json!({"alg": "RS256"}),
        json!({"jwk": null}),
        json!({"jwk": rsa.jwk}),
        json!({"jwk": ProofKey::new("ES256").jwk}),
        json!({"jwk": with(key.jwk.clone(), &json!({"d": "AAAA"}))}),
        json!({"jwk": with(key.jwk.clone(), &json!({"use": "enc"}))}),
        json!({"jwk": {"kty": "oct", "k": "c2VjcmV0"}}),
        json!({"crit": ["exp"], "exp": 1}),
        json!({"b64": false, "crit": ["b64"]}),
    ] {
        refused(app, key.signed(&with(key.header(), &changes).to_string(), &claims()));
    }
    // An RSA key under the other padding, and an unsigned proof.
    refused(app, rsa.signed(&with(rsa.header(), &json!({"alg": "PS256"})).to_string(), &claims()));
    let unsigned = key.signed(&with(key.header(), &json!({"alg": "none"})).to_string(), &claims());
    refused(app, format!("{}.", unsigned.rsplit_once('.').unwrap().0));
});

on_both!(pk7_what_a_header_points_at_is_never_fetched, |app| {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let key = ProofKey::new("ES256");
    let header = with(key.header(), &json!({"jku": url, "x5u": url, "x5c": ["AAAA"], "kid": "../../etc/passwd"}));
    let proof = key.signed(&header.to_string(), &token_claims(app).to_string());
    app.token(&app.fixture.k1).proof(proof).bound_to(&key.jkt());
    let elsewhere = with(header, &json!({"jwk": null}));
    refused(app, key.signed(&elsewhere.to_string(), &token_claims(app).to_string()));
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
});

on_both!(pk8_odd_and_huge_proofs_are_refused_quickly, |app| {
    let key = ProofKey::new("ES256");
    let (header, claims) = (key.header().to_string(), token_claims(app).to_string());
    let deep = format!("{}1{}", r#"{"a":"#.repeat(1_000), "}".repeat(1_000));
    let odd = [
        key.signed(&header.replacen('{', r#"{"alg":"none","#, 1), &claims),
        key.signed(&header, &claims.replacen('{', r#"{"htm":"PUT","#, 1)),
        key.signed(&format!("\u{feff}{header}"), &claims),
        key.signed(&header, &deep),
        ".".repeat(8_000),
        "x".repeat(20_000),
    ];
    for proof in odd {
        let started = Instant::now();
        refused(app, &proof);
        assert!(started.elapsed() < Duration::from_secs(1), "{:.60}", proof);
    }
});

on_both!(rs6_no_token_of_another_kind_is_a_proof_and_a_proof_is_no_token, |app| {
    let k1 = &app.fixture.k1;
    let key = ProofKey::new("ES256");
    let bearer = app.token_of(k1);
    let bound = app.token(k1).proof(key.for_token(app)).bound_to(&key.jkt()).token;
    refused(app, &bearer);
    refused(app, &bound);
    let asker = app.key_with_grants(&["tokens:introspect"]);
    let introspection = crate::support::token::TokenRequest::at(app, "/connect/introspect")
        .basic(&asker.client_id, &asker.client_secret)
        .param("token", &bearer)
        .header("Accept", "application/token-introspection+jwt")
        .send();
    assert_eq!(introspection.status, 200);
    refused(app, introspection.text());

    // A proof, even one dressed up with an access token's claims, is none.
    let now = unix_now();
    let dressed = json!({"iss": app.issuer, "sub": k1.client_id, "client_id": k1.client_id, "org": app.fixture.organization,
        "aud": format!("{}/api", app.issuer), "exp": now + 60, "nbf": now, "scope": "api-keys:write"});
    let proof = key.proof(&with(token_claims(app), &dressed));
    app.api("GET", "/api-keys").bearer(&proof).refused(401, "invalid_token");
    let as_token =
        key.signed(&with(key.header(), &json!({"typ": "at+jwt"})).to_string(), &with(token_claims(app), &dressed).to_string());
    app.api("GET", "/api-keys").bearer(&as_token).refused(401, "invalid_token");
    let told = crate::support::token::TokenRequest::at(app, "/connect/introspect")
        .basic(&asker.client_id, &asker.client_secret)
        .param("token", &proof)
        .send();
    assert_eq!(told.json(), json!({"active": false}));
    // Nor is it a client's secret.
    let body = app.anonymous().param("client_id", &k1.client_id).param("client_secret", &proof);
    body.unauthorized();
    assert_ne!(told.json(), Value::Null);
});
