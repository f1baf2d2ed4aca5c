//! Refused requests, as the audit log tells of them. Input that breaks rules is no refusal: nobody was kept from what they
//! may do.

use std::net::IpAddr;

use actix_web::http::StatusCode;
use actix_web::{HttpMessage, HttpRequest};

use super::problem::{ApiError, WRONG_PASSWORD};
use super::route::Method;
use super::unproved::Unproved;
use crate::app::caller::Caller;
use crate::app::refusals::RefusalKind;
use crate::domain::actor::Principal;
use crate::domain::id::OrganizationId;

/// The action of a refused request.
const API_REFUSED: &str = "api.refused";

#[derive(Clone, Copy)]
struct Who(Principal, OrganizationId);

/// Notes who calls, for when the request is refused later on.
pub(super) fn remember(request: &HttpRequest, caller: &Caller) {
    request.extensions_mut().insert(Who(caller.principal, caller.organization_id));
}

/// What the log tells of an error; `None` when nobody was refused.
pub(super) fn kind(request: &HttpRequest, path: &'static str, address: Option<IpAddr>, error: &ApiError) -> Option<RefusalKind> {
    let who = request.extensions().get::<Who>().copied();
    Refused {
        who: who.map(|Who(principal, organization_id)| (principal, organization_id)),
        client_id: request.match_info().get("client_id"),
        route: Method::of(request.method().as_str()).map(|method| (method.as_str(), path)),
        address,
    }
    .kind(error)
}

/// An operation that was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refused<'a> {
    /// Who asked, when that is known.
    pub(super) who: Option<(Principal, OrganizationId)>,
    /// The key that it was about.
    pub(super) client_id: Option<&'a str>,
    /// Method and path.
    pub(super) route: Option<(&'static str, &'static str)>,
    /// From where.
    pub(super) address: Option<IpAddr>,
}

impl Refused<'_> {
    /// What the log tells of an error; `None` when nobody was refused.
    pub(super) fn kind(self, error: &ApiError) -> Option<RefusalKind> {
        let is_refusal = match error {
            ApiError::Unauthenticated
            | ApiError::InvalidToken { .. }
            | ApiError::Unproved(Unproved::Token { .. } | Unproved::Proof(_), _)
            | ApiError::InvalidSession
            | ApiError::Denied(_)
            | ApiError::TooManyTries { .. }
            | ApiError::RateLimited { .. } => true,
            // A wrong password has a row of its own already, with its true reason; so has a wrong login.
            ApiError::Refused { status, code, .. } => *status == StatusCode::FORBIDDEN && *code != WRONG_PASSWORD,
            ApiError::WrongLogin
            | ApiError::Unproved(Unproved::Nonce(_), _)
            | ApiError::Busy
            | ApiError::MethodNotAllowed { .. }
            | ApiError::Invalid(_)
            | ApiError::Unavailable { .. }
            | ApiError::Internal { .. } => false,
        };
        is_refusal.then(|| RefusalKind {
            action: API_REFUSED,
            actor: self.who.map_or(Principal::Anonymous, |(principal, _)| principal),
            organization_id: self.who.map(|(_, organization_id)| organization_id),
            // A stranger's word for it is not enough to write into somebody's log.
            target: self.who.and_then(|_| self.client_id?.parse().ok()),
            is_target_known: false,
            route: self.route,
            address: self.address,
            reason: error.code(),
        })
    }
}
