//! Clients that prove who they are by a certificate (RFC 8705), and tokens that are bound to one.

use crate::support::certificates::{Ca, ClientCertificate};
use crate::support::site::Backend;
use crate::support::token::TokenRequest;
use crate::support::workspace::TempDir;
use crate::support::{App, Server};

mod bound_tokens;
mod issued;
mod own_tls;
mod proxies;
mod registered;
mod settings;

/// A server behind a proxy on 127.0.0.1 that passes certificates on, with a CA.
pub(super) struct Behind {
    pub(super) app: App,
    pub(super) ca: Ca,
}

impl Behind {
    pub(super) fn start(backend: Backend) -> Self {
        Self::start_with(backend, &["--self-signed-client-certs", "--mtls-base-url", "https://mtls.example.com/"])
    }

    pub(super) fn start_with(backend: Backend, more: &[&str]) -> Self {
        let (folder, ca) = (TempDir::new("client-ca"), Ca::new("Clients"));
        let file = ca.file(folder.path());
        let mut flags = vec!["--trusted-proxies", "127.0.0.0/8", "--client-cert-header", "Client-Cert", "--client-ca", &file];
        flags.extend(more);
        Self { app: App::start(backend, &flags), ca }
    }
}

/// Makes a key with these arguments, and returns its id.
pub(super) fn create(app: &App, method: &str, credential: &[&str]) -> String {
    create_with(app, method, credential, &["--grant", "a b"])
}

pub(super) fn create_with(app: &App, method: &str, credential: &[&str], more: &[&str]) -> String {
    let organization = app.fixture.organization.as_str();
    let mut arguments = vec!["--json", "keys", "create", "--organization", organization, "--name", "Client"];
    arguments.extend(["--token-endpoint-auth-method", method]);
    arguments.extend(credential);
    arguments.extend(more);
    let json = app.cli(&arguments).succeeded().json();
    assert!(json.get("client_secret").is_none() && json["secrets"] == serde_json::json!([]), "{json}");
    json["client_id"].as_str().unwrap().to_owned()
}

/// A key for whom the CA names `name`.
pub(super) fn issued_to(app: &App, name: &str) -> String {
    create(app, "tls_client_auth", &["--tls-client-auth-subject-dn", &format!("CN={name},O=Acme,C=NL")])
}

/// A key that has registered the certificate.
pub(super) fn registered(app: &App, certificate: &ClientCertificate) -> String {
    let file = ClientCertificate::jwks_file(app, &[certificate.jwk_with_certificate()]);
    create(app, "self_signed_tls_client_auth", &["--jwks", &file])
}

/// A request of that client by that certificate, as the proxy passes it on.
pub(super) fn by<'s>(server: &'s Server, client_id: &str, certificate: &ClientCertificate) -> TokenRequest<'s> {
    TokenRequest::new(server).param("client_id", client_id).header("Client-Cert", certificate.header())
}
