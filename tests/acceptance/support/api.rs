//! Requests to the management API, and what every one of its answers must look like.

use serde_json::{Value, json};

use super::app::{App, Key};
use super::http::{Request, Response};
use super::server::Server;

/// A request to `/api/v1`, to be bent by each test.
#[derive(Clone)]
pub(crate) struct ApiRequest<'a> {
    server: &'a Server,
    request: Request,
}

impl Server {
    /// A request without credentials; `path` below `/api/v1`.
    pub(crate) fn api(&self, method: &str, path: &str) -> ApiRequest<'_> {
        ApiRequest { server: self, request: Request::new(method, &format!("/api/v1{path}")) }
    }
}

impl ApiRequest<'_> {
    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("Authorization", format!("Bearer {token}"))
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.raw("application/json", body.to_string())
    }

    pub(crate) fn raw(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.request = self.request.header("Content-Type", content_type).body(body);
        self
    }

    #[track_caller]
    pub(crate) fn send(&self) -> Response {
        let response = self.server.send(&self.request);
        assert_eq!(response.header("cache-control"), Some("no-store"), "{response:?}");
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"), "{response:?}");
        assert_eq!(response.header("server"), None, "{response:?}");
        assert!(response.header("x-request-id").is_some(), "{response:?}");
        response
    }

    /// Expects a success of this status and hands back its body (`null` when there is none).
    #[track_caller]
    pub(crate) fn succeeds(&self, status: u16) -> Value {
        let response = self.send();
        assert_eq!(response.status, status, "{response:?}");
        if response.body.is_empty() {
            return Value::Null;
        }
        assert_eq!(response.header("content-type"), Some("application/json"), "{response:?}");
        response.json()
    }

    /// Expects a problem document of this status and code, and hands it back.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> Value {
        problem(&self.send(), status, code)
    }
}

/// Looks at a problem document (RFC 9457).
#[track_caller]
pub(crate) fn problem(response: &Response, status: u16, code: &str) -> Value {
    assert_eq!(response.status, status, "{response:?}");
    assert_eq!(response.header("content-type"), Some("application/problem+json"), "{response:?}");
    let document = response.json();
    assert_eq!(document["status"], status, "{document}");
    assert_eq!(document["code"], code, "{document}");
    for member in ["type", "title", "detail", "request_id"] {
        assert!(document[member].is_string(), "{member}: {document}");
    }
    assert_eq!(document["request_id"].as_str(), response.header("x-request-id"));
    document
}

/// The scopes of the management API that a customer's key can hold.
pub(crate) const API_SCOPES: &str =
    "api-keys:write accounts:write users:write audit:read webhooks:write a b c fx payments:admin reports:read";

impl App {
    /// An integrator key: it holds the API's scopes and some of its own at the organization, and what accounts offer.
    #[track_caller]
    pub(crate) fn integrator(&self) -> Key {
        self.key_with_grants(&[API_SCOPES, "*=disputes:write refunds:create"])
    }

    /// A token of that key with the organization's scopes.
    #[track_caller]
    pub(crate) fn token_of(&self, key: &Key) -> String {
        self.token(key).accepted().token
    }

    /// Makes a scoped key by the API.
    #[track_caller]
    pub(crate) fn api_create(&self, token: &str, body: &Value) -> Key {
        Key::from_json(self.api("POST", "/api-keys").bearer(token).json(body).succeeds(201))
    }
}

/// The body of a small scoped key.
pub(crate) fn small_key(name: &str) -> Value {
    json!({"name": name, "grants": [{"account_id": null, "scopes": ["a"]}]})
}
