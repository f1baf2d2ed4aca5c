//! Who calls: a bearer token (RFC 6750 section 2.1, the header alone) or a session's cookie.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;

use super::problem::ApiError;
use crate::app::bearer::BearerError;
use crate::app::caller::Caller;
use crate::directory::LookupError;
use crate::domain::time::Timestamp;
use crate::web::state::State;

/// The caller of a request.
pub(super) async fn caller(request: &HttpRequest, state: &State, address: IpAddr, now: Timestamp) -> Result<Caller, ApiError> {
    let mut values = request.headers().get_all(AUTHORIZATION);
    let Some(value) = values.next() else { return Err(ApiError::Unauthenticated) };
    if values.next().is_some() {
        return Err(ApiError::bad_request("invalid_request", "there is more than one Authorization header"));
    }
    let Some(token) = value.to_str().ok().and_then(bearer_token) else { return Err(ApiError::Unauthenticated) };
    state.issuer.caller_of(token, address, now).await.map_err(|error| match error {
        BearerError::InvalidToken(cause) => ApiError::InvalidToken { cause },
        BearerError::AddressNotAllowed => ApiError::refused(
            StatusCode::FORBIDDEN,
            "address_not_allowed",
            "the API key's ip_allowlist does not have your address",
        ),
        BearerError::Unavailable(LookupError::Unavailable(cause)) => ApiError::Unavailable { cause },
        BearerError::Unavailable(LookupError::Corrupt(cause)) => ApiError::Internal { cause },
    })
}

/// The token of `Bearer TOKEN`; `None` for another scheme.
fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_matches(' '))
}
