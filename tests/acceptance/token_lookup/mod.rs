//! Introspection (RFC 7662) and revocation (RFC 7009) of access tokens.

mod introspection;
mod levels;
mod nodes;
mod revocation;

use serde_json::{Value, json};

use crate::support::token::TokenRequest;
use crate::support::{App, Key, Server};

const INTROSPECT: &str = "/connect/introspect";
const REVOKE: &str = "/connect/revocation";

/// A request of that key about a token.
fn about<'a>(server: &'a Server, path: &'static str, key: &Key, token: &str) -> TokenRequest<'a> {
    TokenRequest::at(server, path).basic(&key.client_id, &key.client_secret).param("token", token)
}

/// What introspection says to that key.
#[track_caller]
fn introspected(server: &Server, key: &Key, token: &str) -> Value {
    let response = about(server, INTROSPECT, key, token).send();
    assert_eq!(response.status, 200, "{} {response:?}", response.text());
    crate::support::token::assert_envelope(&response);
    let body = response.json();
    // Of a token that is not live nothing is said, not even why.
    if body["active"] != true {
        assert_eq!(body, json!({"active": false}));
    }
    body
}

#[track_caller]
fn is_active(server: &Server, key: &Key, token: &str) -> bool {
    introspected(server, key, token)["active"] == true
}

/// `200` without a body.
#[track_caller]
fn revoke(server: &Server, key: &Key, token: &str) {
    let response = about(server, REVOKE, key, token).send();
    assert_eq!((response.status, response.body.len()), (200, 0), "{response:?}");
    assert_eq!(response.header("cache-control"), Some("no-store"), "{response:?}");
    assert!(response.all("x-request-id").len() == 1, "{response:?}");
}

impl App {
    /// A key of a resource server of the organization.
    fn introspector(&self) -> Key {
        self.key_with_grants(&["tokens:introspect"])
    }
}
