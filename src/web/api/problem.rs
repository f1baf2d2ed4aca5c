//! Errors of the management API as problem documents (RFC 9457) with stable codes, and the challenges of RFC 6750.

use std::fmt;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS};
use claviger_resource_server::challenge::Challenge;
use serde::Serialize;
use utoipa::ToSchema;

use super::unproved::Unproved;
use crate::app::AppError;
use crate::app::caller::Denied;
use crate::app::people::LoginError;
use crate::domain::Invalid;
use crate::domain::profile::Profile;
use crate::store::StoreError;
use crate::web::body::BodyError;
use crate::web::oauth::NONCE;

/// A problem document (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemDocument<'a> {
    /// `about:blank`: `code` says more than an address could.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'a str,
    /// The HTTP status.
    status: u16,
    /// A stable word for programs.
    code: &'static str,
    /// A sentence for people.
    detail: String,
    /// The request's name in the server's log.
    request_id: &'a str,
    /// What is wrong with the body, member by member.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    errors: Option<&'a [FieldError]>,
}

/// What is wrong with one member of a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(in crate::web) struct FieldError {
    /// Its path, e.g. `grants[0].scopes`.
    pub(in crate::web) field: String,
    /// A stable word.
    pub(in crate::web) code: &'static str,
    /// A sentence for people.
    pub(in crate::web) detail: String,
}

impl From<Invalid> for FieldError {
    fn from(invalid: Invalid) -> Self {
        Self { field: invalid.field.to_owned(), code: invalid.code, detail: invalid.detail.into_owned() }
    }
}

/// The code of a password that is not the right one.
pub(in crate::web) const WRONG_PASSWORD: &str = "invalid_credentials";

/// Why an operation did not happen. The cause is for the log alone and never answered.
#[derive(Debug)]
pub(in crate::web) enum ApiError {
    /// No credentials (RFC 6750 section 3: a challenge without an error).
    Unauthenticated,
    /// The token is not accepted.
    InvalidToken { cause: String },
    /// The token is bound to a key, or said to be, and that was not proved (RFC 9449 section 7.1); with what proofs are held to.
    Unproved(Unproved, Profile),
    /// The session is over.
    InvalidSession,
    /// The login was not proved.
    WrongLogin,
    /// Too many wrong tries.
    TooManyTries { retry_after_seconds: u32 },
    /// Too many people sign in at once.
    Busy,
    /// The caller may not.
    Denied(Denied),
    /// The method is not one of the route's.
    MethodNotAllowed { allow: String },
    /// Members that break rules.
    Invalid(Vec<FieldError>),
    /// Anything else that has a code of its own.
    Refused { status: StatusCode, code: &'static str, detail: String },
    /// Too much was asked.
    RateLimited { retry_after_seconds: u32 },
    /// Trying again later may help.
    Unavailable { cause: String },
    /// A fault of this program or its data.
    Internal { cause: String },
}

impl ApiError {
    pub(in crate::web) fn internal(cause: impl fmt::Display) -> Self {
        Self::Internal { cause: cause.to_string() }
    }

    pub(in crate::web) fn refused(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self::Refused { status, code, detail: detail.into() }
    }

    /// `400`: what was sent cannot be read.
    pub(in crate::web) fn bad_request(code: &'static str, detail: impl Into<String>) -> Self {
        Self::refused(StatusCode::BAD_REQUEST, code, detail)
    }

    /// `404`: there is none, or it is another organization's.
    pub(in crate::web) fn not_found() -> Self {
        Self::refused(StatusCode::NOT_FOUND, "not_found", "there is nothing of this id here")
    }

    /// The cause, for the log.
    pub(in crate::web) fn cause(&self) -> Option<&str> {
        match self {
            Self::Unproved(Unproved::Token { cause }, _)
            | Self::InvalidToken { cause }
            | Self::Unavailable { cause }
            | Self::Internal { cause } => Some(cause),
            _ => None,
        }
    }

    /// Whether the fault is on this side.
    pub(in crate::web) const fn is_fault(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Internal { .. })
    }

    /// The stable code.
    pub(in crate::web) fn code(&self) -> &'static str {
        self.parts().1
    }

    /// Status, code and sentence.
    pub(in crate::web) fn parts(&self) -> (StatusCode, &'static str, String) {
        let of = |status, code, detail: &str| (status, code, detail.to_owned());
        match self {
            Self::Unauthenticated => of(StatusCode::UNAUTHORIZED, "unauthenticated", "an access token or a session is needed"),
            Self::InvalidToken { .. } => of(
                StatusCode::UNAUTHORIZED,
                "invalid_token",
                "the access token is expired, revoked, malformed or not for this API",
            ),
            Self::Unproved(why, _) => of(StatusCode::UNAUTHORIZED, why.code(), why.description()),
            Self::InvalidSession => of(StatusCode::UNAUTHORIZED, "invalid_session", "the session is over; sign in again"),
            Self::WrongLogin => of(StatusCode::UNAUTHORIZED, WRONG_PASSWORD, "the e-mail address or the password is wrong"),
            Self::TooManyTries { .. } => of(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_attempts",
                "there were too many wrong tries; wait as Retry-After says",
            ),
            Self::Busy => of(
                StatusCode::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                "too many people sign in at this moment; try again",
            ),
            Self::Denied(Denied::InsufficientScope(scope)) => {
                (StatusCode::FORBIDDEN, "insufficient_scope", format!("the access token needs the scope {scope}"))
            }
            Self::Denied(Denied::Role) => of(StatusCode::FORBIDDEN, "forbidden", "your role does not include this"),
            Self::Denied(Denied::OperatorsOnly) => of(StatusCode::FORBIDDEN, "forbidden", "this is for the platform's operators"),
            Self::Denied(Denied::ReauthenticationRequired) => {
                of(StatusCode::FORBIDDEN, "reauth_required", "give your password again: POST /api/v1/session/reauthenticate")
            }
            Self::MethodNotAllowed { .. } => {
                of(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path does not take this method")
            }
            Self::Invalid(_) => of(StatusCode::UNPROCESSABLE_ENTITY, "validation_failed", "the body breaks rules; see errors"),
            Self::Refused { status, code, detail } => (*status, code, detail.clone()),
            Self::RateLimited { .. } => {
                of(StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded", "too many requests; wait as Retry-After says")
            }
            Self::Unavailable { .. } => {
                of(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", "the server can't answer now; try again")
            }
            Self::Internal { .. } => {
                of(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "the server failed; it has been logged")
            }
        }
    }

    /// The answer.
    pub(in crate::web) fn render(&self, request_id: &str) -> HttpResponse {
        let (status, code, detail) = self.parts();
        let mut response = HttpResponse::build(status);
        response
            .insert_header((CONTENT_TYPE, "application/problem+json"))
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"));
        if let Some(challenge) = self.challenge() {
            response.insert_header((WWW_AUTHENTICATE, challenge));
        }
        match self {
            Self::MethodNotAllowed { allow } => drop(response.insert_header((ALLOW, allow.as_str()))),
            Self::RateLimited { retry_after_seconds } | Self::TooManyTries { retry_after_seconds } => {
                response.insert_header((RETRY_AFTER, *retry_after_seconds));
            }
            Self::Unavailable { .. } => drop(response.insert_header((RETRY_AFTER, "1"))),
            Self::Busy => drop(response.insert_header((RETRY_AFTER, "5"))),
            Self::Unproved(Unproved::Nonce(nonce), _) => drop(response.insert_header((NONCE, nonce.as_str()))),
            // What is left of the body is not read.
            Self::Refused { status, .. }
                if *status == StatusCode::PAYLOAD_TOO_LARGE || *status == StatusCode::REQUEST_TIMEOUT =>
            {
                response.force_close();
            }
            _ => {}
        }
        let document = ProblemDocument {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            code,
            detail,
            request_id,
            errors: if let Self::Invalid(errors) = self { Some(errors) } else { None },
        };
        response.body(serde_json::to_string(&document).unwrap_or_default())
    }

    /// RFC 6750 section 3, RFC 9449 section 7.1.
    fn challenge(&self) -> Option<String> {
        let challenge = Challenge::bearer("claviger");
        let challenge = match self {
            Self::Unauthenticated | Self::InvalidSession | Self::WrongLogin => challenge,
            Self::InvalidToken { .. } => {
                challenge.with("error", self.code()).with("error_description", "the access token is not valid here")
            }
            Self::Denied(Denied::InsufficientScope(scope)) => challenge.with("error", self.code()).with("scope", scope),
            Self::Unproved(why, profile) => why.challenge(*profile),
            _ => return None,
        };
        Some(challenge.to_string())
    }
}

impl From<Denied> for ApiError {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

impl From<Invalid> for ApiError {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(vec![invalid.into()])
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let cause = error.to_string();
        match error {
            StoreError::Unavailable(_) | StoreError::Disconnected(_) => Self::Unavailable { cause },
            StoreError::UniqueViolation(_) => Self::refused(StatusCode::CONFLICT, "conflict", "there is one like this already"),
            StoreError::ForeignKeyViolation => Self::refused(
                StatusCode::CONFLICT,
                "conflict",
                "something that this refers to, or that refers to it, is in the way",
            ),
            StoreError::Corrupt { .. } | StoreError::Refused(_) => Self::Internal { cause },
        }
    }
}

impl From<AppError> for ApiError {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Invalid(invalid) => invalid.into(),
            AppError::NotFound { .. } => Self::not_found(),
            AppError::Conflict(detail) => Self::refused(StatusCode::CONFLICT, "conflict", detail),
            AppError::Refused { code, detail } => Self::refused(StatusCode::CONFLICT, code, detail),
            AppError::Forbidden { code, detail } => Self::refused(StatusCode::FORBIDDEN, code, detail),
            AppError::Store(error) => error.into(),
            AppError::Crypto(error) => Self::internal(error),
        }
    }
}

impl From<LoginError> for ApiError {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Refused => Self::WrongLogin,
            LoginError::TooManyTries { retry_after_seconds } => Self::TooManyTries { retry_after_seconds },
            LoginError::Busy => Self::Busy,
            LoginError::SessionOver => Self::InvalidSession,
            LoginError::DeadLink => Invalid::new("token", "invalid_link", error.to_string()).into(),
            LoginError::App(error) => error.into(),
        }
    }
}

impl From<BodyError> for ApiError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => {
                Self::refused(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", "a body may have at most 65536 bytes")
            }
            BodyError::TooSlow => {
                Self::refused(StatusCode::REQUEST_TIMEOUT, "request_timeout", "the body did not arrive in time")
            }
            BodyError::Broken => Self::bad_request("invalid_request", "the body could not be read"),
        }
    }
}
