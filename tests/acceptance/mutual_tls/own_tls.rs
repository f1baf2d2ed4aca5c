//! MT1, MT2: certificates in our own TLS, shown by clients that others wrote: curl, and Authlib in Python.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::{create_with, issued_to, registered};
use crate::support::certificates::{Ca, ClientCertificate, Wanted};
use crate::support::site::{Backend, Output};
use crate::support::tools::{output_of, program};
use crate::support::workspace::TempDir;
use crate::support::{App, Options, PAYMENTS, jwt, on_both};

/// A server that speaks TLS by itself.
struct Site {
    app: App,
    ca: Ca,
    /// Of the server, for clients.
    trust: PathBuf,
    folder: TempDir,
}

impl Site {
    fn start(backend: Backend, more: &[&str]) -> Self {
        let (folder, ca) = (TempDir::new("mutual-tls"), Ca::new("Clients"));
        let server = ClientCertificate::self_signed(&Wanted {
            alternative: vec![rcgen::SanType::IpAddress("127.0.0.1".parse().unwrap())],
            ..Wanted::named("server")
        });
        let (trust, key) = server.files(folder.path(), "");
        let ca_file = ca.file(folder.path());
        let mut flags = vec!["--tls-cert", trust.to_str().unwrap(), "--tls-key", key.to_str().unwrap(), "--client-ca", &ca_file];
        flags.extend(more);
        let mut options = Options::flags(&flags);
        options.speaks_tls = true;
        options.issuer = Some("https://auth.example.com".into());
        Self { app: App::start_with(backend, options), ca, trust, folder }
    }

    /// Asks by curl: status and body.
    fn curl(&self, path: &str, certificate: Option<(&ClientCertificate, &str)>, more: &[&str]) -> Result<(u16, Value), String> {
        let mut curl = Command::new(program("curl", "curl"));
        curl.args(["--silent", "--show-error", "--max-time", "20", "--write-out", "\n%{http_code}", "--cacert"]).arg(&self.trust);
        if let Some((certificate, others)) = certificate {
            let (certificate, key) = certificate.files(self.folder.path(), others);
            curl.arg("--cert").arg(certificate).arg("--key").arg(key);
        }
        let output = curl.args(more).arg(format!("https://127.0.0.1:{}{path}", self.app.port)).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let (body, status) = text.rsplit_once('\n').unwrap();
        if status == "000" {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Ok((status.parse().unwrap(), serde_json::from_str(body).unwrap_or(Value::Null)))
    }

    fn token(&self, id: &str, certificate: Option<(&ClientCertificate, &str)>, more: &[&str]) -> (u16, Value) {
        let id = format!("client_id={id}");
        let form = ["--data-urlencode", id.as_str(), "--data", "grant_type=client_credentials"];
        self.curl("/connect/token", certificate, &[&form, more].concat()).unwrap()
    }
}

#[track_caller]
fn is_bound(answer: &(u16, Value), certificate: &ClientCertificate) -> String {
    assert_eq!(answer.0, 200, "{answer:?}");
    assert_eq!(answer.1["token_type"], "Bearer");
    let token = answer.1["access_token"].as_str().unwrap();
    assert_eq!(jwt::decode(token).1["cnf"], json!({"x5t#S256": certificate.thumbprint()}));
    token.to_owned()
}

#[track_caller]
fn is_refused(answer: &(u16, Value)) {
    assert_eq!((answer.0, &answer.1["error"]), (401, &json!("invalid_client")), "{answer:?}");
}

on_both!(mt1_curl_gets_tokens_by_its_certificate, backend, {
    let site = Site::start(backend, &["--self-signed-client-certs"]);
    let (issued, own) = (site.ca.issue(&Wanted::named("export")), ClientCertificate::self_signed(&Wanted::named("own")));
    let (of_issued, of_own) = (issued_to(&site.app, "export"), registered(&site.app, &own));
    for version in [&["--tlsv1.3"][..], &["--tls-max", "1.2"]] {
        is_bound(&site.token(&of_issued, Some((&issued, "")), version), &issued);
        is_bound(&site.token(&of_own, Some((&own, "")), version), &own);
        is_refused(&site.token(&of_own, Some((&issued, "")), version));
        is_refused(&site.token(&of_issued, Some((&own, "")), version));
        is_refused(&site.token(&of_issued, None, version));
    }
    // Other clients need none.
    let k1 = &site.app.fixture.k1;
    let basic = format!("{}:{}", k1.client_id, k1.client_secret);
    let form = ["--data", "grant_type=client_credentials", "--user", &basic];
    assert_eq!(site.curl("/connect/token", None, &form).unwrap().0, 200);
    let (status, metadata) = site.curl("/.well-known/oauth-authorization-server", None, &[]).unwrap();
    assert_eq!(status, 200);
    assert_eq!(metadata["mtls_endpoint_aliases"]["token_endpoint"], "https://auth.example.com/connect/token");
});

#[test]
fn mt1_python_gets_tokens_by_its_certificate() {
    let site = Site::start(Backend::Sqlite, &["--self-signed-client-certs"]);
    let (issued, own) = (site.ca.issue(&Wanted::named("export")), ClientCertificate::self_signed(&Wanted::named("own")));
    for (id, certificate) in [(issued_to(&site.app, "export"), issued), (registered(&site.app, &own), own)] {
        let (file, key) = certificate.files(site.folder.path(), "");
        let mut client = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign/run"));
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        client.arg("python-mtls").env("CARGO_TARGET_DIR", target);
        client.env("ISSUER", &site.app.issuer).env("BASE_URL", format!("https://127.0.0.1:{}", site.app.port));
        client.env("CLIENT_ID", &id).env("AUDIENCE", PAYMENTS);
        client.env("CERTIFICATE_FILE", file).env("PRIVATE_KEY_FILE", key).env("TRUST_FILE", &site.trust);
        let claims = Output::of(&mut client, "").succeeded().json();
        assert_eq!(claims["cnf"], json!({"x5t#S256": certificate.thumbprint()}));
        assert_eq!((&claims["sub"], &claims["scope"]), (&json!(id), &json!("a b")));
    }
}

on_both!(mt1_who_does_not_hold_the_private_key_makes_no_connection, backend, {
    let site = Site::start(backend, &["--self-signed-client-certs"]);
    let (issued, thief) = (site.ca.issue(&Wanted::named("export")), ClientCertificate::self_signed(&Wanted::named("thief")));
    issued_to(&site.app, "export");
    let (certificate, _) = issued.files(site.folder.path(), "");
    let (_, key) = thief.files(site.folder.path(), "");
    // curl looks whether the two belong together; openssl's client does so too, unless both are of one kind and it is told
    // not to by the handshake alone. What is left to see is that neither gets through.
    let mut openssl = Command::new(program("openssl", "openssl"));
    openssl
        .args(["s_client", "-connect", &format!("127.0.0.1:{}", site.app.port), "-cert"])
        .arg(certificate)
        .arg("-key")
        .arg(key);
    let output = openssl.stdin(std::process::Stdio::null()).output().unwrap();
    assert!(!output.status.success(), "{output:?}");
});

on_both!(mt3_only_the_leaf_names_the_client, backend, {
    let site = Site::start(backend, &[]);
    let (a, b) = (issued_to(&site.app, "a"), issued_to(&site.app, "b"));
    let (of_a, of_b) = (site.ca.issue(&Wanted::named("a")), site.ca.issue(&Wanted::named("b")));
    // CVE-2023-2422: the certificate of somebody else, later in the chain.
    let others = of_b.certificate.pem();
    is_refused(&site.token(&b, Some((&of_a, &others)), &[]));
    is_bound(&site.token(&a, Some((&of_a, &others)), &[]), &of_a);
    // What leads from the leaf to the CA is used for that.
    let below = site.ca.intermediate("Below");
    let of_below = below.issue(&Wanted::named("a"));
    is_refused(&site.token(&a, Some((&of_below, "")), &[]));
    is_bound(&site.token(&a, Some((&of_below, &below.pem)), &[]), &of_below);
});

on_both!(mt2_at_our_own_api_the_connection_must_be_made_with_the_certificate, backend, {
    let site = Site::start(backend, &[]);
    let subject = ["--tls-client-auth-san-uri", "spiffe://acme/integrator"];
    let id = create_with(&site.app, "tls_client_auth", &subject, &["--grant", "api-keys:read"]);
    let names = vec![rcgen::SanType::URI("spiffe://acme/integrator".try_into().unwrap())];
    let wanted = Wanted { alternative: names, ..Wanted::named("integrator") };
    let (certificate, renewed) = (site.ca.issue(&wanted), site.ca.issue(&wanted));
    // For this the issuer's API is the audience, whatever the port.
    let token = is_bound(&site.token(&id, Some((&certificate, "")), &[]), &certificate);
    let header = format!("Authorization: Bearer {token}");
    let ask = |certificate| site.curl("/api/v1/api-keys", certificate, &["--header", &header]).unwrap().0;
    assert_eq!(ask(Some((&certificate, ""))), 200);
    assert_eq!(ask(Some((&renewed, ""))), 401);
    assert_eq!(ask(None), 401);
    // The header of proxies is none here.
    let forged = format!("Client-Cert: {}", certificate.header());
    assert_eq!(site.curl("/api/v1/api-keys", None, &["--header", &header, "--header", &forged]).unwrap().0, 401);
});

#[test]
fn tl10_browsers_are_asked_only_for_certificates_of_the_ca() {
    let names = |site: &Site| {
        let mut openssl = Command::new(program("openssl", "openssl"));
        openssl.args(["s_client", "-connect", &format!("127.0.0.1:{}", site.app.port)]);
        output_of(openssl.stdin(std::process::Stdio::null()))
    };
    let site = Site::start(Backend::Sqlite, &[]);
    assert!(names(&site).contains("CN=Clients") || names(&site).contains("CN = Clients"), "{}", names(&site));
    let site = Site::start(Backend::Sqlite, &["--self-signed-client-certs"]);
    assert!(!names(&site).contains("Clients"), "{}", names(&site));
}
