//! Keys without a shared secret, on the pages: made, shown, edited, and how their programs take a token.

use serde_json::{Value, json};

use super::pages::{Visitor, hidden};
use crate::assertions::asserting;
use crate::mutual_tls::{Behind, by};
use crate::support::browser::flows;
use crate::support::certificates::{ClientCertificate, Wanted};
use crate::support::proof::{ProofKey, unix_now};
use crate::support::tools::{HONOURED_WITHIN, eventually, random_hex};
use crate::support::{App, Backend, Site, on_both};

/// The least that makes a key with that method.
fn form<'a>(method: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let least =
        [("name", "Client"), ("kind", "scoped"), ("organization", "a"), ("token_lifetime", "3600"), ("auth_method", method)];
    least.into_iter().chain(more.iter().copied()).collect()
}

/// Makes a key without a secret; its id.
#[track_caller]
fn create(visitor: &Visitor<'_>, fields: &[(&str, &str)]) -> String {
    let response = visitor.post("/api-keys/new", fields);
    assert_eq!(response.status, 303, "{response:?}");
    assert!(response.all("set-cookie").iter().all(|line| !line.contains("claviger_shown")), "{response:?}");
    let location = response.header("location").unwrap();
    location.strip_prefix("/api-keys/").unwrap().strip_suffix("?notice=key-made").unwrap().to_owned()
}

fn shown(app: &App, id: &str) -> Value {
    app.signed_in("owner").bare("GET", &format!("/api-keys/{id}")).succeeds(200)
}

fn assertion(app: &App, id: &str, key: &ProofKey) -> String {
    let now = unix_now();
    let claims = json!({"iss": id, "sub": id, "aud": app.issuer, "iat": now, "exp": now + 60, "jti": random_hex()});
    key.signed(&json!({"alg": key.algorithm}).to_string(), &claims.to_string())
}

on_both!(a_key_that_signs_is_made_shown_and_given_other_keys, |app| {
    let (old, new) = (ProofKey::new("ES256"), ProofKey::new("EdDSA"));
    let mut named = old.jwk.clone();
    named["kid"] = json!("2026-a");
    let set = json!({"keys": [named]}).to_string();
    let developer = app.at_pages("developer");
    // Fields of other methods are nothing to it.
    let id = create(&developer, &form("private_key_jwt", &[("jwks", &set), ("issuer", "x"), ("certificate_subject", "y")]));
    asserting(app, &assertion(app, &id, &old)).accepted();
    let path = format!("/api-keys/{id}");
    let page = developer.page(&format!("{path}?notice=key-made"));
    for words in [
        "It has no secret; below is how its program gets a token",
        "assertions that it signs",
        "2026-a",
        &old.jkt(),
        "Signed assertion, no secret",
        "jwt.encode(",
        "algorithm=&#34;ES256&#34;",
        "importPKCS8",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("/regenerate") && !page.contains("CLIENT_SECRET") && !page.contains("/edit\""), "{page}");
    let list = developer.page("/api-keys?search=client");
    assert!(list.contains("Public keys") && list.contains("2026-a"), "{list}");

    let owner = app.at_pages("owner");
    let edit = owner.page(&format!("{path}/edit"));
    assert!(edit.contains("2026-a") && !edit.contains("name=\"auth_method\"") && !edit.contains("name=\"issuer\""), "{edit}");
    let seen = hidden(&edit, "seen").unwrap();
    let edited = |more: &[(&str, &str)]| -> Vec<(String, String)> {
        let least = [("name", "Client"), ("organization", "a"), ("token_lifetime", "3600"), ("seen", seen.as_str())];
        least.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let send = |fields: Vec<(String, String)>| {
        let pairs: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        owner.post(&format!("{path}/edit"), &pairs)
    };
    for (more, place) in [
        (vec![], "jwks-error"),
        (vec![("jwks", "no json")], "jwks-error"),
        (vec![("jwks", set.as_str()), ("jwks_uri", "https://keys.example.com/jwks")], "jwks_uri-error"),
        (vec![("jwks_uri", "nonsense")], "jwks_uri-error"),
    ] {
        let refused = send(edited(&more));
        assert_eq!(refused.status, 422, "{more:?}: {refused:?}");
        assert!(refused.text().contains(&format!("id=\"{place}\"")), "{more:?}: {}", refused.text());
    }
    assert_eq!(shown(app, &id)["jwks"]["keys"][0]["kid"], "2026-a");
    // As it is, and then both keys while the program changes.
    let same = send(edited(&[("jwks", &set)]));
    assert_eq!(same.header("location"), Some(format!("{path}?notice=key-unchanged").as_str()), "{same:?}");
    let both = json!({"keys": [named, new.jwk]}).to_string();
    let changed = send(edited(&[("jwks", &both)]));
    assert_eq!(changed.header("location"), Some(format!("{path}?notice=key-edited").as_str()), "{changed:?}");
    let with = |key: &ProofKey| asserting(app, &assertion(app, &id, key)).send().status == 200;
    eventually(HONOURED_WITHIN, "the new key signs", || with(&new).then_some(()));
    assert!(with(&old));
    assert!(owner.page(&path).contains(&new.jkt()));
});

on_both!(a_workload_is_told_by_issuer_subject_and_audience, |app| {
    let developer = app.at_pages("developer");
    let subject = "system:serviceaccount:shop:<export>";
    let fields = [
        ("issuer", "https://kubernetes.example.com"),
        ("workload", subject),
        ("audience", "https://keys.example.com"),
        ("issuer_jwks_uri", "https://kubernetes.example.com/openid/v1/jwks"),
    ];
    let id = create(&developer, &form("workload_jwt", &fields));
    let trusted = shown(app, &id)["trusted_issuer"].clone();
    let expected = json!({"issuer": fields[0].1, "subject": subject, "audience": fields[2].1, "jwks_uri": fields[3].1});
    assert_eq!(trusted, expected);
    let page = developer.page(&format!("/api-keys/{id}"));
    for words in [
        "this one workload",
        "https://kubernetes.example.com/openid/v1/jwks",
        "system:serviceaccount:shop:&#60;export&#62;",
        "client_assertion@/var/run/secrets",
        "serviceAccountToken",
        "audience: &#34;https://keys.example.com&#34;",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let list = developer.page("/api-keys?search=client");
    assert!(
        list.contains("Workload</span><br>") && list.contains("shop:&#60;export&#62;") && !list.contains("<export>"),
        "{list}"
    );
    for (without, word) in [(0, "needs issuer"), (1, "needs subject"), (2, "needs audience")] {
        let some: Vec<_> = fields.iter().enumerate().filter(|(index, _)| *index != without).map(|(_, field)| *field).collect();
        let page = developer.is_asked_to_mend("/api-keys/new", &form("workload_jwt", &some), "trusted_issuer-error");
        assert!(page.to_lowercase().contains(word), "{word}: {page}");
        assert!(page.contains("value=\"workload_jwt\" checked"), "{page}");
    }
});

on_both!(keys_with_certificates_are_made_where_the_server_takes_them, backend, {
    let Behind { app, ca } = Behind::start(backend);
    let app = &app;
    let owner = app.at_pages("owner");
    let page = owner.page("/api-keys/new");
    for part in ["value=\"tls_client_auth\"", "value=\"self_signed_tls_client_auth\"", "or its certificate (mutual TLS)"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let fields = |kind: &'static str, subject: &'static str| {
        form("tls_client_auth", &[("subject_kind", kind), ("certificate_subject", subject)])
    };
    let id = create(&owner, &fields("tls_client_auth_subject_dn", "CN=export,O=Acme,C=NL"));
    by(app, &id, &ca.issue(&Wanted::named("export"))).accepted();
    let page = owner.page(&format!("/api-keys/{id}"));
    for words in [
        "CN=export,O=Acme,C=NL",
        "Distinguished name",
        "curl --cert client.pem --key client-key.pem",
        "https://mtls.example.com/connect/token",
        "bound to the certificate",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(owner.page("/api-keys?search=client").contains("Certificate</span><br>"));
    let dns = create(&owner, &fields("tls_client_auth_san_dns", "export.example.com"));
    assert_eq!(shown(app, &dns)["tls_client_auth_san_dns"], "export.example.com");
    for (kind, subject) in [
        ("tls_client_auth_subject_dn", "nonsense"),
        ("tls_client_auth_subject_dn", ""),
        ("tls_client_auth_san_ip", "192.0.2.300"),
        ("tls_client_auth_san_dns", "*.example.com"),
    ] {
        let page = owner.is_asked_to_mend("/api-keys/new", &fields(kind, subject), &format!("id=\"{kind}-error\""));
        assert!(page.contains(&format!("href=\"#{kind}\"")) && page.contains(&format!("id=\"{kind}\"")), "{page}");
    }

    let own = ClientCertificate::self_signed(&Wanted::named("import"));
    let set = json!({"keys": [own.jwk_with_certificate()]}).to_string();
    let id = create(&owner, &form("self_signed_tls_client_auth", &[("jwks", &set)]));
    by(app, &id, &own).accepted();
    let page = owner.page(&format!("/api-keys/{id}"));
    assert!(page.contains("Certificate, SHA-256") && page.contains("a certificate that is registered"), "{page}");
    // Its subject may change later, as another of its names.
    let path = format!("/api-keys/{dns}/edit");
    let seen = hidden(&owner.page(&path), "seen").unwrap();
    let edit = [
        ("name", "Client"),
        ("organization", "a"),
        ("token_lifetime", "3600"),
        ("seen", seen.as_str()),
        ("subject_kind", "tls_client_auth_san_email"),
        ("certificate_subject", "export@example.com"),
    ];
    owner.does(&path, &edit);
    let now = shown(app, &dns);
    assert_eq!((&now["tls_client_auth_san_email"], now.get("tls_client_auth_san_dns")), (&json!("export@example.com"), None));
});

on_both!(only_what_the_server_takes_is_offered, backend, {
    let app = &App::start(backend, &[]);
    let page = app.at_pages("developer").page("/api-keys/new");
    for (method, is_offered) in [
        ("client_secret_basic", true),
        ("client_secret_post", true),
        ("private_key_jwt", true),
        ("workload_jwt", true),
        ("tls_client_auth", false),
        ("self_signed_tls_client_auth", false),
    ] {
        assert_eq!(page.contains(&format!("value=\"{method}\"")), is_offered, "{method}");
    }
    assert!(page.contains("value=\"client_secret_basic\" checked") && !page.contains("certificate_subject"), "{page}");

    let strict = &App::start_in(Site::empty(backend), &["--profile", "fapi2"]);
    let page = strict.at_pages("developer").page("/api-keys/new");
    for method in ["client_secret_basic", "client_secret_post", "workload_jwt", "tls_client_auth"] {
        assert!(!page.contains(&format!("value=\"{method}\"")), "{method}");
    }
    assert!(page.contains("value=\"private_key_jwt\" checked") && page.contains("Every token is bound here"), "{page}");

    // Or what the organization takes.
    app.cli(&["signing-keys", "rotate", "--now", "--alg", "ES256"]).succeeded();
    app.cli(&["organizations", "edit", &app.fixture.organization, "--profile", "fapi2"]).succeeded();
    eventually(HONOURED_WITHIN, "the page follows the organization's profile", || {
        let page = app.at_pages("developer").page("/api-keys/new");
        (!page.contains("client_secret_basic") && page.contains("Every token is bound here")).then_some(())
    });
});

on_both!(a_key_whose_tokens_must_be_bound_is_made_and_its_line_signs_a_proof, |app| {
    let owner = app.at_pages("owner");
    let response = owner.post("/api-keys/new", &form("client_secret_basic", &[("require_bound_tokens", "yes")]));
    let location = response.header("location").unwrap_or_else(|| panic!("{response:?}")).to_owned();
    let cookies = response.all("set-cookie");
    let pair = cookies.iter().find(|line| line.contains("claviger_shown")).unwrap().split("; ").next().unwrap();
    let page = owner.beside(pair).page(&location);
    assert!(page.contains("--dpop-key private-key.pem") && page.contains("CLAVIGER_CLIENT_SECRET=clv_"), "{page}");
    assert!(!page.contains("curl -u"), "{page}");
    let path = location.strip_suffix("/secret").unwrap();
    let id = path.strip_prefix("/api-keys/").unwrap();
    assert_eq!(shown(app, id)["require_bound_tokens"], true);
    assert!(owner.page(path).contains("Each token must be bound to a key of the program"));
    // Without the tick, it is taken back.
    let seen = hidden(&owner.page(&format!("{path}/edit")), "seen").unwrap();
    let edit = [("name", "Client"), ("organization", "a"), ("token_lifetime", "3600"), ("seen", seen.as_str())];
    owner.does(&format!("{path}/edit"), &edit);
    assert_eq!(shown(app, id)["require_bound_tokens"], false);
});

flows!("credentials.mjs":
    a_key_is_made_with_a_jwk_set,
    without_script_a_workload_is_given_a_key,
);

/// Certificates need a server that takes them.
#[test]
fn a_key_is_made_with_a_certificate() {
    let Behind { app, ca: _ca } = Behind::start(Backend::Sqlite);
    crate::support::browser::run_flow(&app, "credentials.mjs", "a_key_is_made_with_a_certificate");
}
