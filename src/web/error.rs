//! The only place that knows which error has which status.

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::Serialize;

use super::body::BodyError;
use crate::oauth::error::OAuthError;

/// The challenge of every 401 (RFC 9110 section 11.6.1).
const CHALLENGE: &str = "Basic realm=\"claviger\", charset=\"UTF-8\"";

/// How long a client waits before it asks a server in trouble again, in seconds.
const RETRY_AFTER_TROUBLE: &str = "1";

/// RFC 6749 section 5.2.
#[derive(Serialize)]
struct ErrorBody {
    error: &'static str,
    error_description: &'static str,
}

/// The status of an OAuth error.
const fn status(error: OAuthError) -> StatusCode {
    match error {
        OAuthError::InvalidClient(_) => StatusCode::UNAUTHORIZED,
        OAuthError::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        OAuthError::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        OAuthError::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
        OAuthError::TooManyFailures { .. } => StatusCode::TOO_MANY_REQUESTS,
        OAuthError::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        OAuthError::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
        OAuthError::InvalidRequest(_)
        | OAuthError::UnauthorizedClient
        | OAuthError::UnsupportedGrantType
        | OAuthError::InvalidTarget(_)
        | OAuthError::InvalidAuthorizationDetails
        | OAuthError::InvalidScope(_) => StatusCode::BAD_REQUEST,
    }
}

/// The answer to a refused request of an OAuth endpoint.
pub(super) fn oauth_error(error: OAuthError) -> HttpResponse {
    let mut response = HttpResponse::build(status(error));
    match error {
        OAuthError::InvalidClient(_) => drop(response.insert_header((WWW_AUTHENTICATE, CHALLENGE))),
        OAuthError::MethodNotAllowed => drop(response.insert_header((ALLOW, "POST"))),
        OAuthError::TooManyFailures { retry_after_seconds } => drop(response.insert_header((RETRY_AFTER, retry_after_seconds))),
        OAuthError::TemporarilyUnavailable => drop(response.insert_header((RETRY_AFTER, RETRY_AFTER_TROUBLE))),
        // What is left of the body is not read.
        OAuthError::PayloadTooLarge | OAuthError::RequestTimeout => drop(response.force_close()),
        _ => {}
    }
    oauth_json(&mut response, &ErrorBody { error: error.code(), error_description: error.description() })
}

/// An answer of an OAuth endpoint: never cached, never guessed at (RFC 6749 section 5.1).
pub(super) fn oauth_json(response: &mut HttpResponseBuilder, body: &impl Serialize) -> HttpResponse {
    response
        .insert_header(("content-type", "application/json;charset=utf-8"))
        .insert_header(("cache-control", "no-store"))
        .insert_header(("pragma", "no-cache"))
        .insert_header(("x-content-type-options", "nosniff"));
    match serde_json::to_vec(body) {
        Ok(json) => response.body(json),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
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
