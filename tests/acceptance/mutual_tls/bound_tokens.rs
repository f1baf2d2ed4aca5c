//! MT2: tokens that are bound to a certificate (RFC 8705 section 3), where they are told of, and at our own API.

use serde_json::{Value, json};

use super::{Behind, by, create_with, issued_to, registered};
use crate::support::api::problem;
use crate::support::certificates::{Ca, ClientCertificate, Wanted};
use crate::support::proof::ProofKey;
use crate::support::token::TokenRequest;
use crate::support::workspace::TempDir;
use crate::support::{App, Site, jwt, on_both};

on_both!(mt2_the_metadata_says_what_there_is, backend, {
    let Behind { app, .. } = Behind::start(backend);
    let metadata = app.get("/.well-known/oauth-authorization-server").json();
    assert_eq!(metadata["tls_client_certificate_bound_access_tokens"], true);
    let aliases = json!({
        "token_endpoint": "https://mtls.example.com/connect/token",
        "introspection_endpoint": "https://mtls.example.com/connect/introspect",
        "revocation_endpoint": "https://mtls.example.com/connect/revocation",
    });
    assert_eq!(metadata["mtls_endpoint_aliases"], aliases);
    for endpoint in ["token", "introspection", "revocation"] {
        let methods = metadata[format!("{endpoint}_endpoint_auth_methods_supported")].as_array().unwrap();
        for method in ["tls_client_auth", "self_signed_tls_client_auth"] {
            assert!(methods.contains(&json!(method)), "{endpoint}: {methods:?}");
        }
    }
    let Behind { app, .. } = Behind::start_with(backend, &[]);
    let metadata = app.get("/.well-known/openid-configuration").json();
    let methods = metadata["token_endpoint_auth_methods_supported"].as_array().unwrap();
    assert!(methods.contains(&json!("tls_client_auth")) && !methods.contains(&json!("self_signed_tls_client_auth")));
    assert_eq!(metadata["mtls_endpoint_aliases"], Value::Null);
    // What is not there does not work either.
    let certificate = ClientCertificate::self_signed(&Wanted::named("export"));
    by(&app, &registered(&app, &certificate), &certificate).unauthorized();
});

on_both!(md2_without_certificates_the_metadata_names_none, backend, {
    let app = crate::support::App::start(backend, &[]);
    let metadata = app.get("/.well-known/oauth-authorization-server").json();
    for absent in ["tls_client_certificate_bound_access_tokens", "mtls_endpoint_aliases"] {
        assert_eq!(metadata[absent], Value::Null);
    }
    assert!(!metadata.to_string().contains("tls_client_auth"), "{metadata}");
});

on_both!(mt2_a_key_whose_tokens_must_be_bound_needs_a_certificate_or_a_proof, backend, {
    let Behind { app, .. } = Behind::start(backend);
    let bound = app.create_key(&["--grant", "a", "--require-bound-tokens"]);
    let certificate = ClientCertificate::self_signed(&Wanted::named("anybody"));
    let refused = app.token(&bound).refused(400, "invalid_dpop_proof").json();
    let text = "tokens must be bound here: send a DPoP proof or come with a certificate";
    assert_eq!(refused["error_description"], text);
    let accepted = app.token(&bound).header("Client-Cert", certificate.header()).accepted();
    assert_eq!(accepted.claims["cnf"], json!({"x5t#S256": certificate.thumbprint()}));
    // A proof, sent for this alone, comes before a certificate.
    let key = ProofKey::new("ES256");
    app.token(&bound).header("Client-Cert", certificate.header()).proof(key.for_token(&app)).bound_to(&key.jkt());
});

on_both!(jk4_fapi2_takes_certificates, backend, {
    let (folder, ca) = (TempDir::new("client-ca"), Ca::new("Clients"));
    let file = ca.file(folder.path());
    let flags = ["--profile", "fapi2", "--trusted-proxies", "127.0.0.0/8", "--client-cert-header", "Client-Cert", "--client-ca"];
    let app = App::start_in(Site::empty(backend), &[&flags[..], &[&file]].concat());
    let certificate = ca.issue(&Wanted::named("export"));
    let token = by(&app, &issued_to(&app, "export"), &certificate).accepted();
    assert_eq!(token.claims["cnf"], json!({"x5t#S256": certificate.thumbprint()}));
    let metadata = app.get("/.well-known/oauth-authorization-server").json();
    assert_eq!(metadata["token_endpoint_auth_methods_supported"], json!(["private_key_jwt", "tls_client_auth"]));
});

on_both!(rs7_a_token_bound_to_a_certificate_has_one_claim_more, backend, {
    let Behind { app, ca } = Behind::start(backend);
    let certificate = ca.issue(&Wanted::named("export"));
    let bound = by(&app, &issued_to(&app, "export"), &certificate).accepted();
    let mut names: Vec<String> = bound.claims.keys().cloned().collect();
    names.retain(|name| name != "cnf");
    let plain: Vec<String> = app.token(&app.fixture.k1).accepted().claims.keys().cloned().collect();
    assert_eq!(names, plain);
});

on_both!(in2_mt2_introspection_tells_of_the_certificate, backend, {
    let Behind { app, ca } = Behind::start(backend);
    let certificate = ca.issue(&Wanted::named("export"));
    let id = issued_to(&app, "export");
    let token = by(&app, &id, &certificate).accepted().token;
    // Who asks may come by a certificate too.
    let subject = ["--tls-client-auth-subject-dn", "CN=asker,O=Acme,C=NL"];
    let asker = create_with(&app, "tls_client_auth", &subject, &["--grant", "tokens:introspect"]);
    let of_asker = ca.issue(&Wanted::named("asker"));
    let ask = || {
        let request = TokenRequest::at(&app, "/connect/introspect").param("client_id", &asker).param("token", &token);
        request.header("Client-Cert", of_asker.header())
    };
    let plain = ask().send();
    assert_eq!(plain.status, 200, "{}", plain.text());
    let signed = ask().header("Accept", "application/token-introspection+jwt").send();
    let (_, signed) = jwt::decode(&signed.text());
    for told in [&plain.json(), &signed["token_introspection"]] {
        assert_eq!((&told["active"], &told["token_type"]), (&json!(true), &json!("Bearer")));
        assert_eq!(told["cnf"], json!({"x5t#S256": certificate.thumbprint()}));
    }
    // And the token is revoked by its owner's.
    let revoke = TokenRequest::at(&app, "/connect/revocation").param("client_id", &id).param("token", &token);
    assert_eq!(revoke.clone().header("Client-Cert", of_asker.header()).send().status, 401);
    assert_eq!(revoke.header("Client-Cert", certificate.header()).send().status, 200);
    assert_eq!(ask().send().json(), json!({"active": false}));
});

on_both!(mt2_at_our_own_api_the_token_needs_its_certificate, backend, {
    let Behind { app, ca } = Behind::start(backend);
    let certificate = ca.issue(&Wanted::named("integrator"));
    let subject = ["--tls-client-auth-subject-dn", "CN=integrator,O=Acme,C=NL"];
    let id = create_with(&app, "tls_client_auth", &subject, &["--grant", "api-keys:read"]);
    let token = by(&app, &id, &certificate).accepted().token;
    let ask = || app.api("GET", "/api-keys").bearer(&token);
    ask().header("Client-Cert", certificate.header()).succeeds(200);
    let other = ca.issue(&Wanted::named("integrator"));
    for refused in [ask(), ask().header("Client-Cert", other.header())] {
        let response = refused.send();
        problem(&response, 401, "invalid_token");
        let challenge = response.header("www-authenticate").unwrap();
        assert!(challenge.starts_with("Bearer ") && challenge.contains("error=\"invalid_token\""), "{challenge}");
    }
    ask().header("Client-Cert", "nonsense").refused(400, "invalid_request");
    // It is no token of the other kind, and a token that is not bound is taken with or without a certificate.
    let request = app.api("GET", "/api-keys").header("Authorization", format!("DPoP {token}"));
    let proof = ProofKey::new("ES256").for_api(&app, "GET", "/api-keys", &token);
    problem(&request.header("DPoP", proof).header("Client-Cert", certificate.header()).send(), 401, "invalid_token");
    let plain = app.token_of(&app.integrator());
    app.api("GET", "/api-keys").bearer(&plain).header("Client-Cert", certificate.header()).succeeds(200);
});
