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

    /// Expects a `422` that names one broken rule.
    #[track_caller]
    pub(crate) fn breaks(&self, field: &str, code: &str) {
        let told = self.refused(422, "validation_failed");
        let errors = told["errors"].as_array().unwrap_or_else(|| panic!("no errors: {told}"));
        assert_eq!((errors.len(), &errors[0]["field"], &errors[0]["code"]), (1, &field.into(), &code.into()), "{told}");
        assert!(errors[0]["detail"].is_string(), "{told}");
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

/// The platform's own organization.
pub(crate) const PLATFORM: &str = "org_00000000000000000000000000";

impl App {
    /// A key of the platform's organization with every scope of the management API.
    #[track_caller]
    pub(crate) fn operator(&self) -> Key {
        let scopes = "api-keys:write accounts:write users:write audit:read webhooks:write organizations:write plans:write \
                      signing-keys:write catalogue:write server:read";
        Key::from_json(self.json(&["keys", "create", "--organization", PLATFORM, "--name", "Operator", "--grant", scopes]))
    }

    /// A token of a key of the other organization with these scopes.
    #[track_caller]
    pub(crate) fn stranger(&self, scopes: &str) -> String {
        let organization = &self.fixture.other_organization;
        let key = self.json(&["keys", "create", "--organization", organization, "--name", "Stranger", "--grant", scopes]);
        self.token_of(&Key::from_json(key))
    }

    /// The rows of the audit log with this action: actor, target, before, after.
    pub(crate) fn audit_rows(&self, action: &str) -> Vec<(String, String, Value, Value)> {
        let columns = "actor || '|' || coalesce(target, '') || '|' || coalesce(before, 'null') || '|' || coalesce(after, 'null')";
        let rows = self.site.sql(&format!("SELECT {columns} FROM audit_events WHERE action = '{action}' ORDER BY seq"));
        let json = |text: &str| serde_json::from_str(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        rows.lines()
            .filter(|line| !line.is_empty())
            .map(|line| {
                let parts: Vec<&str> = line.splitn(4, '|').collect();
                (parts[0].to_owned(), parts[1].to_owned(), json(parts[2]), json(parts[3]))
            })
            .collect()
    }
}

/// Every entry of a list, page by page; each page has at most `limit`.
#[track_caller]
pub(crate) fn all_pages(server: &Server, token: &str, path: &str, limit: usize) -> Vec<Value> {
    let mut seen = Vec::new();
    let mut cursor = String::new();
    let separator = if path.contains('?') { '&' } else { '?' };
    loop {
        let page = server.api("GET", &format!("{path}{separator}limit={limit}{cursor}")).bearer(token).succeeds(200);
        let data = page["data"].as_array().unwrap();
        assert!(data.len() <= limit);
        seen.extend(data.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return seen,
        }
        assert_eq!(data.len(), limit, "a page that is not full is the last");
    }
}
