//! What a key with a certificate is made of, at the command line and at the API; settings that cannot be.

use serde_json::{Value, json};

use super::{Behind, create};
use crate::support::certificates::{ClientCertificate, Wanted};
use crate::support::{App, on_both};

on_both!(mt1_exactly_one_name_is_registered, |app| {
    let owner = app.token_of(&app.key_with_grants(&["api-keys:write api-keys:read a"]));
    let create = |more: Value| {
        let mut body = json!({"name": "Client", "grants": [{"account_id": null, "scopes": ["a"]}],
            "token_endpoint_auth_method": "tls_client_auth"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        app.api("POST", "/api-keys").bearer(&owner).json(&body)
    };
    let fields = |more: Value| -> Vec<(String, String)> {
        let problem = create(more).refused(422, "validation_failed");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        problem["errors"].as_array().unwrap().iter().map(|e| (text(&e["field"]), text(&e["code"]))).collect()
    };
    let told = |field: &str, code: &str| vec![(field.to_owned(), code.to_owned())];
    assert_eq!(fields(json!({})), told("tls_client_auth_subject_dn", "required"));
    let (dn, dns) = ("tls_client_auth_subject_dn", "tls_client_auth_san_dns");
    assert_eq!(fields(json!({dn: "CN=a", dns: "a.example"})), told(dns, "not_allowed"));
    assert_eq!(fields(json!({"jwks": {"keys": []}})), told("jwks", "not_allowed"));
    assert_eq!(fields(json!({dns: "a.example", "token_endpoint_auth_method": "client_secret_basic"})), told(dns, "not_allowed"));
    for bad in ["nonsense", "CN", "=a", "CN=a,", "NoSuchName=a", "CN=\\zz"] {
        assert_eq!(fields(json!({dn: bad})), told(dn, "invalid_dn"), "{bad}");
    }
    assert_eq!(fields(json!({dns: "*.example.com"})), told(dns, "invalid_dns"));
    assert_eq!(fields(json!({"tls_client_auth_san_ip": "10.0.0.0/8"})), told("tls_client_auth_san_ip", "invalid_ip"));
    assert_eq!(fields(json!({"tls_client_auth_san_uri": "x"})), told("tls_client_auth_san_uri", "invalid_uri"));
    assert_eq!(fields(json!({"tls_client_auth_san_email": "x"})), told("tls_client_auth_san_email", "invalid_email"));
    assert_eq!(fields(json!({dns: 1})), told(dns, "wrong_type"));
    assert_eq!(fields(json!({dns: ""})), told(dns, "invalid_length"));
    let method = "self_signed_tls_client_auth";
    assert_eq!(fields(json!({"token_endpoint_auth_method": method})), told("jwks", "required"));

    let made = create(json!({dn: "CN=export,O=Acme"})).succeeds(201);
    assert_eq!(made[dn], "CN=export,O=Acme");
    assert!(made.get(dns).is_none() && made.get("client_secret").is_none() && made["secrets"] == json!([]), "{made}");
    let path = format!("/api-keys/{}", made["client_id"].as_str().unwrap());
    let edited = app.api("PATCH", &path).bearer(&owner).json(&json!({dns: "a.example"})).succeeds(200);
    assert!(edited.get(dn).is_none() && edited[dns] == "a.example", "{edited}");
    assert_eq!(app.api("GET", &path).bearer(&owner).succeeds(200), edited);
    app.api("POST", &format!("{path}/regenerate")).bearer(&owner).json(&json!({})).send();
    let copy = app.api("POST", &format!("{path}/duplicate")).bearer(&owner).json(&json!({})).succeeds(201);
    assert_eq!(copy[dns], "a.example");
    // The audit log has both.
    let event = app.json(&["audit", "list", "--limit", "20"]).to_string();
    assert!(event.contains("CN=export,O=Acme") && event.contains("a.example"), "{event}");
});

on_both!(mt1_the_command_line_shows_what_it_was_given, backend, {
    let Behind { app, .. } = Behind::start(backend);
    for (option, member, value) in [
        ("--tls-client-auth-subject-dn", "tls_client_auth_subject_dn", "CN=export,O=Acme,C=NL"),
        ("--tls-client-auth-san-dns", "tls_client_auth_san_dns", "export.example.com"),
        ("--tls-client-auth-san-uri", "tls_client_auth_san_uri", "spiffe://acme/export"),
        ("--tls-client-auth-san-ip", "tls_client_auth_san_ip", "192.0.2.7"),
        ("--tls-client-auth-san-email", "tls_client_auth_san_email", "export@example.com"),
    ] {
        let id = create(&app, "tls_client_auth", &[option, value]);
        let shown = app.json(&["keys", "show", &id]);
        assert_eq!((&shown[member], &shown["token_endpoint_auth_method"]), (&json!(value), &json!("tls_client_auth")));
    }
    let create = |more: &[&str]| {
        let mut all = vec!["keys", "create", "--organization", &app.fixture.organization, "--name", "x", "--grant", "a"];
        all.extend(["--token-endpoint-auth-method", "tls_client_auth"]);
        all.extend(more);
        app.cli(&all)
    };
    let two = ["--tls-client-auth-san-dns", "a.example", "--tls-client-auth-san-ip", "192.0.2.7"];
    let certificate = ClientCertificate::self_signed(&Wanted::named("x"));
    let jwks = ClientCertificate::jwks_file(&app, &[certificate.jwk()]);
    let with_jwks = ["--jwks", jwks.as_str(), "--tls-client-auth-san-dns", "a.example"];
    for wrong in [&[][..], &two, &with_jwks, &["--tls-client-auth-subject-dn", "x"], &["--tls-client-auth-san-ip", "x"]] {
        create(wrong).failed();
    }
});

#[test]
fn mt3_settings_that_could_not_work_are_refused() {
    let (site, _) = App::site_only(crate::support::Backend::Sqlite);
    let refused = |flags: &[&str], told: &str| {
        let mut command = site.command();
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(flags);
        let output = crate::support::site::Output::of(&mut command, "");
        assert!(output.stderr.contains(told), "{flags:?}: {output:?}");
        output.failed_with(2);
    };
    refused(&["--self-signed-client-certs"], "need tls_cert, or client_cert_header");
    refused(&["--client-cert-header", "Client-Cert", "--self-signed-client-certs"], "client_cert_header needs trusted_proxies");
    refused(&["--client-cert-header", "Client-Cert", "--trusted-proxies", "127.0.0.1"], "client_cert_header needs client_ca");
    refused(&["--mtls-base-url", "https://mtls.example.com"], "mtls_base_url needs");
    let proxy = ["--trusted-proxies", "127.0.0.1", "--client-cert-header", "Client-Cert"];
    refused(&[&proxy[..], &["--client-ca", "/nowhere/ca.pem"]].concat(), "the client CAs /nowhere/ca.pem");
    let file = site.dir.join("empty.pem");
    std::fs::write(&file, "no certificate").unwrap();
    refused(&[&proxy[..], &["--client-ca", file.to_str().unwrap()]].concat(), "there is no certificate in it");
}
