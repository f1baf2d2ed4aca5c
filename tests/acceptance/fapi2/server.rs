//! A server with `--profile fapi2`.

use serde_json::{Value, json};

use super::{challenged_without_rs256, proven};
use crate::assertions::{Client, asserting};
use crate::support::proof::ProofKey;
use crate::support::token::TokenRequest;
use crate::support::{App, Backend, Site, on_both};

/// A server that never had another profile.
fn start(backend: Backend) -> App {
    App::start_in(Site::empty(backend), &["--profile", "fapi2"])
}

on_both!(jk4_fapi2_takes_asymmetric_clients_and_binds_their_tokens, backend, {
    let app = &start(backend);
    for algorithm in ["PS256", "ES256", "EdDSA"] {
        let (client, key) = (Client::new(app, algorithm), ProofKey::new(algorithm));
        let token = proven(client.request(app), &key, app).bound_to(&key.jkt());
        assert_eq!(token.header["alg"], json!("PS256"), "{algorithm}");
        // [EnsureHolderOfKeyRequired]
        client.request(app).refused(400, "invalid_dpop_proof");
    }
});

on_both!(jk4_fapi2_takes_no_secret, backend, {
    let app = &start(backend);
    let (k1, key) = (&app.fixture.k1, ProofKey::new("ES256"));
    proven(app.token(k1), &key, app).unauthorized();
    let posted = TokenRequest::new(app).param("client_id", &k1.client_id).param("client_secret", &k1.client_secret);
    proven(posted, &key, app).unauthorized();
    TokenRequest::at(app, "/connect/introspect").basic(&k1.client_id, &k1.client_secret).param("token", "x").unauthorized();
    TokenRequest::at(app, "/connect/revocation").basic(&k1.client_id, &k1.client_secret).param("token", "x").unauthorized();
});

on_both!(jk4_fapi2_takes_no_rs256, backend, {
    let app = &start(backend);
    // [EnsureSignedClientAssertionWithRS256Fails]
    let (rsa, key) = (Client::new(app, "RS256"), ProofKey::new("ES256"));
    proven(rsa.request(app), &key, app).unauthorized();
    // The same key may sign with PS256.
    let (client, weak) = (Client::new(app, "ES256"), ProofKey::new("RS256"));
    proven(client.request(app), &weak, app).refused(400, "invalid_dpop_proof");
    proven(client.request(app), &key, app).bound_to(&key.jkt());
    // [EnsureClientAssertionWithWrongAudFails, …WithExpIs5MinutesInPast, …WithNoSub, …InTokenEndpoint]
    let judge = |name: &str, value: Value| {
        let mut claims = client.claims(app);
        claims[name] = value;
        proven(asserting(app, &client.sign(&claims)), &key, app).unauthorized();
    };
    judge("aud", json!("https://other.example.com"));
    judge("aud", json!(format!("{}/connect/token", app.issuer)));
    judge("aud", json!([app.issuer]));
    judge("sub", Value::Null);
    judge("exp", json!(1));
});

on_both!(jk4_fapi2_is_announced, backend, {
    let app = &start(backend);
    let answer = app.get("/.well-known/oauth-authorization-server");
    let metadata = answer.json();
    for endpoint in ["token", "introspection", "revocation"] {
        let methods = &metadata[format!("{endpoint}_endpoint_auth_methods_supported")];
        assert_eq!(*methods, json!(["private_key_jwt"]), "{metadata}");
        let algorithms = &metadata[format!("{endpoint}_endpoint_auth_signing_alg_values_supported")];
        assert_eq!(*algorithms, json!(["PS256", "ES256", "EdDSA"]), "{metadata}");
    }
    assert!(!metadata["dpop_signing_alg_values_supported"].as_array().unwrap().contains(&json!("RS256")), "{metadata}");
    let keys = app.get("/.well-known/jwks.json").json();
    assert!(keys["keys"].as_array().unwrap().iter().all(|key| key["alg"] != json!("RS256")), "{keys}");
});

on_both!(jk4_fapi2_takes_no_rs256_at_its_own_api, backend, {
    let app = &start(backend);
    let (client, key) = (Client::holding(app, "ES256", &["api-keys:read"]), ProofKey::new("RS256"));
    // [EnsureDpopProofWithRS256Fails]
    let good = ProofKey::new("PS256");
    let token = proven(client.request(app), &good, app).bound_to(&good.jkt()).token;
    let ask =
        |proof: &str| app.api("GET", "/api-keys").header("Authorization", format!("DPoP {token}")).header("DPoP", proof).send();
    assert_eq!(ask(&good.for_api(app, "GET", "/api-keys", &token)).status, 200);
    challenged_without_rs256(&ask(&key.for_api(app, "GET", "/api-keys", &token)), "invalid_dpop_proof");
    challenged_without_rs256(&app.api("GET", "/api-keys").bearer(&token).send(), "invalid_token");
    challenged_without_rs256(&app.api("GET", "/api-keys").header("Authorization", "DPoP x").send(), "invalid_token");
});

#[test]
fn jk4_fapi2_does_not_start_with_what_it_would_not_take() {
    let app = App::start(Backend::Sqlite, &[]);
    app.kill();
    for (more, word) in [
        (vec![], "rotate --now --alg PS256"),
        (vec!["--signing-algorithm", "RS256"], "does not sign with RS256"),
        (vec!["--dev"], "--dev makes a key with a secret"),
    ] {
        let mut arguments = vec!["serve", "--listen", "127.0.0.1:0", "--profile", "fapi2"];
        arguments.extend(more);
        let output = app.cli(&arguments).failed();
        assert!(output.stderr.contains(word), "{output:?}");
    }
    assert!(app.cli(&["serve", "--profile", "fapi3"]).failed_with(2).stderr.contains("must be standard or fapi2"));
    app.cli(&["signing-keys", "rotate", "--now", "--alg", "PS256"]).succeeded();
    app.restart();
}
