//! Requests to the token endpoint, and what every one of its answers must look like.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::http::{Request, Response};
use super::jwt;
use super::server::Server;
use super::tools::form_encode;

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// `T` of trust.md, to be bent by each test.
#[derive(Clone)]
pub(crate) struct TokenRequest<'a> {
    server: &'a Server,
    path: &'static str,
    method: String,
    query: String,
    content_type: Option<String>,
    headers: Vec<(String, Vec<u8>)>,
    body: String,
}

impl<'a> TokenRequest<'a> {
    pub(crate) fn new(server: &'a Server) -> Self {
        Self {
            server,
            path: "/connect/token",
            method: "POST".into(),
            query: String::new(),
            content_type: Some(FORM.into()),
            headers: Vec::new(),
            body: "grant_type=client_credentials".into(),
        }
    }

    /// A request to another endpoint where clients present themselves, without any parameter yet.
    pub(crate) fn at(server: &'a Server, path: &'static str) -> Self {
        Self { path, body: String::new(), ..Self::new(server) }
    }

    pub(crate) fn method(mut self, method: &str) -> Self {
        self.method = method.into();
        self
    }

    /// What follows the path: `?x=1`.
    pub(crate) fn query(mut self, query: &str) -> Self {
        self.query = query.into();
        self
    }

    pub(crate) fn content_type(mut self, content_type: Option<&str>) -> Self {
        self.content_type = content_type.map(Into::into);
        self
    }

    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.into(), value.as_ref().into()));
        self
    }

    pub(crate) fn basic(self, id: &str, secret: &str) -> Self {
        self.header("Authorization", basic(id, secret))
    }

    /// Claims to come from there; believed when the server trusts proxies on 127.0.0.0/8.
    pub(crate) fn from(self, address: &str) -> Self {
        self.header("X-Forwarded-For", address)
    }

    /// One more parameter.
    pub(crate) fn param(self, name: &str, value: &str) -> Self {
        let pair = format!("{}={}", form_encode(name), form_encode(value));
        self.raw(&pair)
    }

    /// More of the body, encoded already.
    pub(crate) fn raw(mut self, more: &str) -> Self {
        if !self.body.is_empty() {
            self.body.push('&');
        }
        self.body.push_str(more);
        self
    }

    /// Another body altogether.
    pub(crate) fn body(mut self, body: &str) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn scope(self, scope: &str) -> Self {
        self.param("scope", scope)
    }

    pub(crate) fn account(self, account: &str) -> Self {
        self.param("account", account)
    }

    pub(crate) fn resource(self, resource: &str) -> Self {
        self.param("resource", resource)
    }

    pub(crate) fn request(&self) -> Request {
        let mut request = Request::new(&self.method, &format!("{}{}", self.path, self.query)).body(self.body.as_bytes());
        if let Some(content_type) = &self.content_type {
            request = request.header("Content-Type", content_type);
        }
        self.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }

    #[track_caller]
    pub(crate) fn send(&self) -> Response {
        self.server.send(&self.request())
    }

    /// Sends it, expects a token, and verifies that with the published keys.
    #[track_caller]
    pub(crate) fn accepted(&self) -> Accepted {
        let accepted = accepted(&self.send());
        jwt::verify(self.server, &accepted.token);
        accepted
    }

    /// The same, and the token is bound to that key of proofs.
    #[track_caller]
    pub(crate) fn bound_to(&self, jkt: &str) -> Accepted {
        let accepted = accepted_as(&self.send(), "DPoP");
        jwt::verify(self.server, &accepted.token);
        assert_eq!(accepted.claims["cnf"], serde_json::json!({"jkt": jkt}));
        accepted
    }

    #[track_caller]
    pub(crate) fn refused(&self, status: u16, error: &str) -> Response {
        let response = self.send();
        refused(&response, status, error);
        response
    }

    /// 401 `invalid_client`.
    #[track_caller]
    pub(crate) fn unauthorized(&self) -> Response {
        self.refused(401, "invalid_client")
    }

    /// Whether a token comes back.
    #[track_caller]
    pub(crate) fn works(&self) -> bool {
        let response = self.send();
        assert!(matches!(response.status, 200 | 400 | 401), "{response:?}");
        response.status == 200
    }
}

/// `Basic …`, both halves as they are.
pub(crate) fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// A token answer, taken apart.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) token: String,
    pub(crate) scope: String,
    pub(crate) expires_in: u64,
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
}

impl Accepted {
    pub(crate) fn kid(&self) -> &str {
        self.header["kid"].as_str().expect("kid is text")
    }

    /// The token's audience as a sorted list; one alone must be a plain string.
    #[track_caller]
    pub(crate) fn audience(&self) -> Vec<String> {
        match &self.claims["aud"] {
            Value::String(one) => vec![one.clone()],
            Value::Array(several) => {
                assert!(several.len() > 1, "one audience alone is a string: {several:?}");
                let mut list: Vec<String> = several.iter().map(|v| v.as_str().expect("aud is text").to_owned()).collect();
                list.sort();
                list
            }
            other => panic!("aud is neither a string nor a list: {other}"),
        }
    }

    /// The account that the token is aimed at.
    pub(crate) fn account(&self) -> Option<&str> {
        self.claims.get("account").map(|account| account.as_str().expect("account is text"))
    }
}

/// What every answer of the token endpoint has, whatever its status (product.md section 3, TL7).
#[track_caller]
pub(crate) fn assert_envelope(response: &Response) {
    let content_type = response.header("content-type").unwrap_or_else(|| panic!("no content type: {response:?}"));
    let normal: String = content_type.to_ascii_lowercase().split_whitespace().collect();
    assert!(matches!(normal.as_str(), "application/json" | "application/json;charset=utf-8"), "{response:?}");
    assert_eq!(response.header("cache-control"), Some("no-store"), "{response:?}");
    assert_eq!(response.header("pragma"), Some("no-cache"), "{response:?}");
    assert_eq!(response.header("x-content-type-options"), Some("nosniff"), "{response:?}");
    assert!(response.all("server").is_empty(), "{response:?}");
    assert!(response.all("x-request-id").len() == 1, "{response:?}");
    let cross_origin: Vec<_> =
        response.headers.iter().filter(|(name, _)| name.to_ascii_lowercase().starts_with("access-control-")).collect();
    assert!(cross_origin.is_empty(), "{response:?}");
}

/// A token answer in every detail (RFC 6749 section 5.1).
#[track_caller]
pub(crate) fn accepted(response: &Response) -> Accepted {
    accepted_as(response, "Bearer")
}

/// The same for a token of that type.
#[track_caller]
pub(crate) fn accepted_as(response: &Response, token_type: &str) -> Accepted {
    assert_eq!(response.status, 200, "{} {response:?}", response.text());
    assert_envelope(response);
    assert!(response.all("www-authenticate").is_empty(), "{response:?}");
    let Value::Object(mut body) = response.json() else { panic!("not an object: {response:?}") };
    let Some(Value::String(token)) = body.remove("access_token") else { panic!("no access_token: {response:?}") };
    let Some(Value::String(scope)) = body.remove("scope") else { panic!("no scope: {response:?}") };
    let expires_in = body.remove("expires_in").and_then(|v| v.as_u64()).unwrap_or_else(|| panic!("no expires_in: {response:?}"));
    assert_eq!(body.remove("token_type"), Some(token_type.into()), "{response:?}");
    assert!(body.is_empty(), "members that do not belong there: {body:?}");
    assert!(token.bytes().all(|b| (0x20..=0x7e).contains(&b)), "RFC 6749 appendix A.12: {token:?}");
    let names: Vec<&str> = scope.split(' ').collect();
    assert!(names.is_sorted() && names.iter().all(|name| !name.is_empty()), "not in order of name: {scope:?}");
    let (header, claims) = jwt::decode(&token);
    assert_eq!(claims["scope"], Value::String(scope.clone()));
    Accepted { token, scope, expires_in, header, claims }
}

/// A refusal in every detail (RFC 6749 section 5.2).
#[track_caller]
pub(crate) fn refused(response: &Response, status: u16, error: &str) {
    assert_eq!(response.status, status, "{} {response:?}", response.text());
    assert_envelope(response);
    assert_error_body(response, error);
    match status {
        401 => {
            let challenge = response.header("www-authenticate").unwrap_or_else(|| panic!("CA6: no challenge: {response:?}"));
            let realm = challenge.strip_prefix("Basic realm=\"").and_then(|rest| rest.split_once('"')).map(|(realm, _)| realm);
            assert!(realm.is_some_and(|realm| !realm.is_empty()), "{challenge:?}");
        }
        _ => assert!(response.all("www-authenticate").is_empty(), "{response:?}"),
    }
    if status == 405 {
        assert_eq!(response.header("allow"), Some("POST"), "{response:?}");
    }
    if matches!(status, 429 | 503) {
        let retry_after: u64 = response
            .header("retry-after")
            .and_then(|v| v.parse().ok())
            .unwrap_or_else(|| panic!("no whole number of seconds in Retry-After: {response:?}"));
        // The longest that anything refuses: a day of a rate plan, a minute of all else.
        let longest = if response.all("ratelimit").is_empty() { 60 } else { 86_400 };
        assert!((1..=longest).contains(&retry_after), "{response:?}");
    } else {
        assert!(response.all("retry-after").is_empty(), "{response:?}");
    }
}

/// `{"error", "error_description"?}` with nothing besides, in the characters that the RFC allows.
#[track_caller]
pub(crate) fn assert_error_body(response: &Response, error: &str) {
    let Value::Object(mut body) = response.json() else { panic!("not an object: {response:?}") };
    assert_eq!(body.remove("error"), Some(error.into()), "{}", response.text());
    if let Some(description) = body.remove("error_description") {
        let description = description.as_str().unwrap_or_else(|| panic!("not text: {description}"));
        assert!(!description.is_empty() && description.len() <= 300, "{description:?}");
        let allowed = |b: u8| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(description.bytes().all(allowed), "GT7: {description:?}");
    }
    assert!(body.is_empty(), "members that do not belong there: {body:?}");
}
