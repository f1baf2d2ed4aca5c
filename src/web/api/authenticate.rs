//! Who calls: a token in the header, as a bearer token (RFC 6750 section 2.1) or with a proof (RFC 9449 section 7.1), or a
//! session's cookie, never both.

use std::net::IpAddr;

use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, HeaderValue};
use actix_web::{HttpRequest, web};
use claviger_resource_server::authorization::{Credentials, NoCredentials};

use super::cookie;
use super::problem::ApiError;
use super::unproved::Unproved;
use crate::app::bearer::{BearerError, PresentedToken};
use crate::app::caller::{Authority, Caller};
use crate::app::user_sessions::CurrentUser;
use crate::directory::LookupError;
use crate::domain::actor::Principal;
use crate::domain::session::SessionToken;
use crate::domain::time::Timestamp;
use crate::oauth::client_request::{RawCertificate, UNREADABLE_CERTIFICATE};
use crate::oauth::dpop::{ProofRefused, ProvenRequest};
use crate::web::client_certificate;
use crate::web::oauth::{PROOF, lines};
use crate::web::state::State;

/// The caller of a request, and the session that is the caller's.
pub(super) async fn caller(
    request: &HttpRequest,
    session: Option<SessionToken>,
    state: &web::Data<State>,
    address: IpAddr,
    now: Timestamp,
) -> Result<(Caller, Option<CurrentUser>), ApiError> {
    let values = request.headers().get_all(AUTHORIZATION).map(HeaderValue::as_bytes);
    match (Credentials::read(values), session) {
        // Another scheme than Bearer's is a header all the same.
        (_, Some(_)) if request.headers().contains_key(AUTHORIZATION) => {
            Err(ApiError::bad_request("invalid_request", "there are an Authorization header and a session's cookie; send one"))
        }
        (_, Some(session)) => {
            let (caller, current) = by_session(request, session, state, now).await?;
            Ok((caller, Some(current)))
        }
        (Ok(credentials), None) => Ok((by_token(credentials, request, state, (address, now)).await?, None)),
        (Err(NoCredentials::Missing), None) => Err(ApiError::Unauthenticated),
        (Err(NoCredentials::Repeated), None) => {
            Err(ApiError::bad_request("invalid_request", "there is more than one Authorization header"))
        }
        (Err(NoCredentials::Malformed), None) => {
            Err(ApiError::InvalidToken { cause: "the Authorization header does not hold a token".to_owned() })
        }
    }
}

async fn by_token(
    credentials: Credentials<'_>,
    request: &HttpRequest,
    state: &State,
    (address, now): (IpAddr, Timestamp),
) -> Result<Caller, ApiError> {
    let proofs = lines(request.headers(), PROOF);
    let (method, path) = (request.method().as_str(), request.path());
    let certificate = match client_certificate::of(request, state) {
        RawCertificate::Unreadable => {
            let detail = UNREADABLE_CERTIFICATE;
            return Err(ApiError::bad_request("invalid_request", detail));
        }
        certificate => certificate.presented().map(|certificate| certificate.thumbprint()),
    };
    let presented = match credentials {
        Credentials::Bearer(token) => PresentedToken::Bearer(token, certificate.as_deref()),
        Credentials::Dpop(token) => {
            PresentedToken::Dpop(token, ProvenRequest { proofs: &proofs, method, path, access_token: Some(token) })
        }
    };
    state.issuer.caller_of(&presented, address, now).await.map_err(|error| match error {
        BearerError::InvalidToken(cause) if matches!(credentials, Credentials::Bearer(_)) => ApiError::InvalidToken { cause },
        BearerError::InvalidToken(cause) => ApiError::Unproved(Unproved::Token { cause }),
        BearerError::WrongBinding(cause) => ApiError::Unproved(Unproved::Token { cause: cause.to_owned() }),
        BearerError::Proof(ProofRefused::Invalid(why)) => ApiError::Unproved(Unproved::Proof(why)),
        BearerError::Proof(ProofRefused::UseNonce(nonce)) => ApiError::Unproved(Unproved::Nonce(nonce)),
        BearerError::AddressNotAllowed => ApiError::refused(
            StatusCode::FORBIDDEN,
            "address_not_allowed",
            "the API key's ip_allowlist does not have your address",
        ),
        BearerError::Unavailable(LookupError::Unavailable(cause)) => ApiError::Unavailable { cause },
        BearerError::Unavailable(LookupError::Corrupt(cause)) => ApiError::Internal { cause },
    })
}

async fn by_session(
    request: &HttpRequest,
    token: SessionToken,
    state: &web::Data<State>,
    now: Timestamp,
) -> Result<(Caller, CurrentUser), ApiError> {
    cookie::check_own_page(request, &token, state)?;
    let people = std::sync::Arc::clone(&state.people);
    let found = web::block(move || people.find_session(&token, now)).await;
    let found = found.map_err(|error| ApiError::Unavailable { cause: error.to_string() })??;
    let current = found.ok_or(ApiError::InvalidSession)?;
    Ok((of_session(&current, now), current))
}

/// The caller that a person with a session is.
pub(super) fn of_session(current: &CurrentUser, now: Timestamp) -> Caller {
    Caller {
        principal: Principal::User(current.user.id),
        organization_id: current.organization.id,
        is_operator: current.organization.platform,
        authority: Authority::Session { role: current.user.role, has_fresh_proof: current.session.has_fresh_proof(now) },
    }
}
