//! JK4: the profile `fapi2`, of a whole server or of one organization, takes and signs nothing weaker than FAPI 2.0 allows; the
//! names in brackets are those of the OpenID Foundation's conformance modules.

use serde_json::{Value, json};

use crate::support::api::problem;
use crate::support::http::Response;
use crate::support::proof::ProofKey;
use crate::support::token::TokenRequest;
use crate::support::tools::{HONOURED_WITHIN, eventually};
use crate::support::{App, Server};

mod organization;
mod server;
mod signing_keys;

/// A request by an assertion, with a proof.
fn proven<'a>(request: TokenRequest<'a>, key: &ProofKey, server: &Server) -> TokenRequest<'a> {
    request.proof(key.for_token(server))
}

/// `401` with a challenge that names what proofs may be signed with, and no RS256.
#[track_caller]
fn challenged_without_rs256(response: &Response, code: &str) {
    problem(response, 401, code);
    let challenge = response.header("www-authenticate").unwrap();
    assert!(challenge.starts_with("DPoP ") && challenge.contains("algs=\"ES256 EdDSA Ed25519 PS256\""), "{challenge}");
}

/// What signs from now on, and nothing else is published.
fn sign_at_once_with(app: &App, algorithm: &str) {
    let made = app.json(&["signing-keys", "rotate", "--now", "--alg", algorithm]);
    eventually(HONOURED_WITHIN, "the server signs with the new key", || {
        let jwks = app.get("/.well-known/jwks.json").json();
        let kids: Vec<&Value> = jwks["keys"].as_array().unwrap().iter().map(|key| &key["kid"]).collect();
        (kids == [&made["kid"]]).then_some(())
    });
}

/// Gives an organization a profile, by the API.
#[track_caller]
fn set_profile(server: &Server, operator: &str, organization: &str, profile: &str) -> Value {
    let body = json!({"profile": profile});
    server.api("PATCH", &format!("/organizations/{organization}")).bearer(operator).json(&body).succeeds(200)
}
