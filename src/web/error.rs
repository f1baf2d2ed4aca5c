//! The only place that knows which error has which status.

use actix_web::http::StatusCode;
use actix_web::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};

use super::body::BodyError;
use crate::oauth::error::OAuthError;

/// The challenge of every 401 (RFC 9110 section 11.6.1).
const CHALLENGE: &str = "Basic realm=\"claviger\", charset=\"UTF-8\"";

/// How long a client waits before it asks a server in trouble again, in seconds.
const RETRY_AFTER_TROUBLE: &str = "1";

/// The status of an OAuth error.
const fn status(error: OAuthError) -> StatusCode {
    match error {
        OAuthError::InvalidClient(_) => StatusCode::UNAUTHORIZED,
        OAuthError::MissingScope => StatusCode::FORBIDDEN,
        OAuthError::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        OAuthError::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        OAuthError::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
        OAuthError::TooManyFailures { .. } | OAuthError::OverPlan { .. } => StatusCode::TOO_MANY_REQUESTS,
        OAuthError::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        OAuthError::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
        OAuthError::InvalidRequest(_)
        | OAuthError::UnauthorizedClient
        | OAuthError::OtherClientsToken
        | OAuthError::UnsupportedGrantType
        | OAuthError::InvalidTarget(_)
        | OAuthError::InvalidAuthorizationDetails
        | OAuthError::InvalidScope(_)
        | OAuthError::InvalidDpopProof(_)
        | OAuthError::UseDpopNonce => StatusCode::BAD_REQUEST,
    }
}

/// The answer to a refused request of an OAuth endpoint.
pub(super) fn oauth_error(error: OAuthError) -> HttpResponse {
    let mut response = HttpResponse::build(status(error));
    match error {
        OAuthError::InvalidClient(_) => drop(response.insert_header((WWW_AUTHENTICATE, CHALLENGE))),
        OAuthError::MethodNotAllowed => drop(response.insert_header((ALLOW, "POST"))),
        OAuthError::TooManyFailures { retry_after_seconds } | OAuthError::OverPlan { retry_after_seconds } => {
            response.insert_header((RETRY_AFTER, retry_after_seconds));
        }
        OAuthError::TemporarilyUnavailable => drop(response.insert_header((RETRY_AFTER, RETRY_AFTER_TROUBLE))),
        // What is left of the body is not read.
        OAuthError::PayloadTooLarge | OAuthError::RequestTimeout => drop(response.force_close()),
        _ => {}
    }
    oauth_json(&mut response, error_json(error.code(), error.description()))
}

/// Why one of the documents (keys, metadata, status lists) is not there for a request. RFC 6749 has no word for it, but
/// the form of its errors is that of all OAuth endpoints.
pub(super) fn document_error(status: StatusCode, description: &'static str) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.insert_header((ALLOW, "GET, HEAD"));
    }
    oauth_json(&mut response, error_json("invalid_request", description))
}

/// Both are constants without a character that JSON would escape.
fn error_json(code: &str, description: &str) -> String {
    format!("{{\"error\":\"{code}\",\"error_description\":\"{description}\"}}")
}

/// An answer of an OAuth endpoint: never cached, never guessed at (RFC 6749 section 5.1).
pub(super) fn oauth_json(response: &mut HttpResponseBuilder, json: impl Into<Bytes>) -> HttpResponse {
    oauth_answer(response)
        .insert_header((CONTENT_TYPE, HeaderValue::from_static("application/json;charset=utf-8")))
        .body(json.into())
}

/// The same without a body.
pub(super) fn oauth_answer(response: &mut HttpResponseBuilder) -> &mut HttpResponseBuilder {
    response
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .insert_header((PRAGMA, HeaderValue::from_static("no-cache")))
        .insert_header((X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")))
}

impl From<BodyError> for OAuthError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::PayloadTooLarge,
            BodyError::TooSlow => Self::RequestTimeout,
            BodyError::Broken => Self::InvalidRequest("the body could not be read"),
        }
    }
}
