//! Clients that prove who they are by a signed assertion (RFC 7521, RFC 7523): their own, or that of the platform on which
//! they run.

use serde_json::{Value, json};

use crate::support::proof::{ProofKey, unix_now};
use crate::support::site::Output;
use crate::support::token::TokenRequest;
use crate::support::tools::random_hex;
use crate::support::{App, Server};

mod fetches;
mod own_keys;
mod private_key_jwt;
mod replay;
mod workload;

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A key that has registered the public half of its client's key.
pub(crate) struct Client {
    pub(crate) client_id: String,
    pub(crate) key: ProofKey,
}

impl Client {
    pub(crate) fn new(app: &App, algorithm: &'static str) -> Self {
        Self::holding(app, algorithm, &["a b"])
    }

    /// One with these grants.
    pub(crate) fn holding(app: &App, algorithm: &'static str, grants: &[&str]) -> Self {
        let key = ProofKey::new(algorithm);
        let client_id = register(app, &key, grants, &[]);
        Self { client_id, key }
    }

    /// Good claims.
    pub(crate) fn claims(&self, server: &Server) -> Value {
        let now = unix_now();
        json!({"iss": self.client_id, "sub": self.client_id, "aud": server.issuer, "iat": now, "exp": now + 60, "jti": random_hex()})
    }

    pub(crate) fn header(&self) -> Value {
        json!({"alg": self.key.algorithm, "typ": "JWT"})
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.key.signed(&self.header().to_string(), &claims.to_string())
    }

    fn assertion(&self, server: &Server) -> String {
        self.sign(&self.claims(server))
    }

    /// A request with a good assertion.
    pub(crate) fn request<'s>(&self, server: &'s Server) -> TokenRequest<'s> {
        asserting(server, &self.assertion(server))
    }
}

/// A request by an assertion.
pub(crate) fn asserting<'s>(server: &'s Server, assertion: &str) -> TokenRequest<'s> {
    TokenRequest::new(server).param("client_assertion_type", JWT_BEARER).param("client_assertion", assertion)
}

fn jwks_file(app: &App, set: &Value) -> String {
    let file = app.site.dir.join(&format!("{}.json", random_hex()));
    std::fs::write(&file, set.to_string()).unwrap();
    file.to_str().unwrap().to_owned()
}

/// Makes an API key for the client that holds `key`, and returns its id.
fn register(app: &App, key: &ProofKey, grants: &[&str], more: &[&str]) -> String {
    let output = create(app, &json!({"keys": [key.jwk]}), grants, more).succeeded();
    output.json()["client_id"].as_str().unwrap().to_owned()
}

fn create(app: &App, set: &Value, grants: &[&str], more: &[&str]) -> Output {
    let file = jwks_file(app, set);
    let organization = app.fixture.organization.as_str();
    let mut arguments = vec!["--json", "keys", "create", "--organization", organization, "--name", "Client"];
    arguments.extend(grants.iter().flat_map(|grant| ["--grant", grant]));
    arguments.extend(["--token-endpoint-auth-method", "private_key_jwt", "--jwks", &file]);
    arguments.extend(more);
    app.cli(&arguments)
}
