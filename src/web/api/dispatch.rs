//! From HTTP to an operation and back.

use std::net::IpAddr;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, FORWARDED, HeaderValue, USER_AGENT, X_FORWARDED_FOR};
use actix_web::web::{BytesMut, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, web};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use tokio::sync::SemaphorePermit;
use zeroize::Zeroize;

use super::answer::Answer;
use super::authenticate;
use super::call::Call;
use super::cookie;
use super::idempotency::IdempotencyKey;
use super::problem::ApiError;
use super::query::Query;
use super::refusal;
use super::route::{Access, Method, Route};
use super::routes::ROUTES;
use crate::app::caller::{Authority, Caller, Denied};
use crate::app::limits::{Admission, OverLimit};
use crate::app::people::Visitor;
use crate::clock;
use crate::crypto::strict_json::{self, NotStrict};
use crate::domain::actor::{Actor, Principal};
use crate::domain::time::Timestamp;
use crate::web::body;
use crate::web::client_ip::client_address;
use crate::web::exchange::Exchange;
use crate::web::rate_limit;
use crate::web::state::State;

/// Where the API is.
const BASE: &str = "/api/v1";

/// The largest body, in bytes.
const MAX_BODY_BYTES: usize = 65_536;

/// Registers every path of the table below `prefix`.
pub(in crate::web) fn configure(service: &mut ServiceConfig, prefix: &str) {
    let mut paths: Vec<&'static str> = ROUTES.iter().map(|route| route.path).collect();
    paths.dedup();
    for path in paths {
        let of_path =
            move |request: HttpRequest, payload: Payload, state: web::Data<State>| handle(request, payload, state, path);
        service.service(web::resource(format!("{prefix}{BASE}{path}")).to(of_path));
    }
    service.service(web::resource([format!("{prefix}{BASE}"), format!("{prefix}{BASE}/{{tail:.*}}")]).to(not_found));
}

/// There is no such path.
async fn not_found(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let exchange = Exchange::begin(&request, &state);
    let response = ApiError::not_found().render(exchange.id.as_str());
    exchange.end(response)
}

async fn handle(request: HttpRequest, payload: Payload, state: web::Data<State>, path: &'static str) -> HttpResponse {
    let exchange = Exchange::begin(&request, &state);
    let address = address(&request, &state);
    let mut admission = None;
    let outcome = answer(&request, payload, &state, path, address, exchange.id.as_str(), &mut admission).await;
    let response = match outcome {
        Ok(answer) => answer.render(state.issuer.issuer.trim_end_matches('/')),
        Err(error) => {
            log(&request, exchange.id.as_str(), address, &error);
            if let Some(kind) = refusal::kind(&request, path, address, &error) {
                state.issuer.refusals.note(kind, exchange.id.as_str());
            }
            error.render(exchange.id.as_str())
        }
    };
    let response = match admission {
        None => response,
        Some(admission) => rate_limit::announce(response, admission),
    };
    exchange.end(response)
}

async fn answer(
    request: &HttpRequest,
    payload: Payload,
    state: &web::Data<State>,
    path: &'static str,
    address: Option<IpAddr>,
    request_id: &str,
    admission: &mut Option<Admission>,
) -> Result<Answer, ApiError> {
    let route = find(request, path)?;
    let query = Query::parse(request.query_string())?;
    let address =
        address.ok_or_else(|| ApiError::bad_request("invalid_request", "the proxy did not say where the request comes from"))?;
    let now = clock::now();
    // A broken cookie must not keep anybody from signing in.
    let session_token = match (cookie::token_of(request), route.access) {
        (Err(_), Access::Anyone) => None,
        (sent, _) => sent?,
    };
    let (caller, session) = match route.access {
        Access::Anyone => {
            cookie::check_site(request, state)?;
            (None, None)
        }
        _ => {
            let (caller, session) = authenticate::caller(request, session_token.clone(), state, address, now).await?;
            (Some(caller), session)
        }
    };
    if let Some(caller) = &caller {
        refusal::remember(request, caller);
        *admission = admit(caller, state, now).await;
        if let Some(OverLimit { retry_after_seconds, .. }) = admission.as_ref().and_then(|admission| admission.over_limit) {
            return Err(ApiError::RateLimited { retry_after_seconds });
        }
        permit(route, caller, state)?;
    }
    let principal = caller.as_ref().map_or(Principal::Anonymous, |caller| caller.principal);
    let mut raw = body::read(request, payload, &state.life, MAX_BODY_BYTES).await?;
    let members = members(request, &raw);
    let idempotency_key = if route.takes_idempotency_key() {
        IdempotencyKey::of(request.headers(), principal, request.method().as_str(), request.path(), &raw)
    } else {
        Ok(None)
    };
    // A password in the body must not outlive the request.
    raw.as_mut().zeroize();
    let idempotency_key = idempotency_key?;
    let under_way = idempotency_key.as_ref().map(|key| state.requests_under_way.enter(key)).transpose()?;
    let call = Call {
        management: std::sync::Arc::clone(&state.management),
        people: std::sync::Arc::clone(&state.people),
        server: std::sync::Arc::clone(&state.server),
        caller,
        session,
        session_token,
        visitor: Visitor {
            address,
            user_agent: request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok()).map(str::to_owned),
            request_id: request_id.to_owned(),
        },
        actor: Actor { principal, address: Some(address), request_id: Some(request_id.to_owned()) },
        now,
        path: request.match_info().iter().map(|(name, value)| (name.to_owned(), decoded(value))).collect(),
        query,
        body: members?,
        idempotency_key,
    };
    let _place = place(route, state).await?;
    let operation = route.operation;
    let work = move || {
        let _under_way = under_way;
        operation(&call)
    };
    web::block(work).await.map_err(|error| ApiError::Unavailable { cause: error.to_string() })?
}

/// How long a request waits for others before it is told to come again.
const PLACE_WAIT: Duration = Duration::from_secs(5);

/// A place among the operations that run at once: some connections of the database are left to the token endpoint,
/// whatever is asked here. Logins wait elsewhere, for a thread that hashes.
async fn place<'s>(route: &Route, state: &'s State) -> Result<Option<SemaphorePermit<'s>>, ApiError> {
    if matches!(route.access, Access::Anyone | Access::Session) {
        return Ok(None);
    }
    a_place(state).await.map(Some)
}

/// The same, for pages too.
pub(in crate::web) async fn a_place(state: &State) -> Result<SemaphorePermit<'_>, ApiError> {
    match tokio::time::timeout(PLACE_WAIT, state.operations.acquire()).await {
        Ok(Ok(permit)) => Ok(permit),
        _ => Err(ApiError::Unavailable { cause: "too many requests to the management API at once".to_owned() }),
    }
}

/// A part of the path. The router has decoded all but `%25`, `%2F` and `%2B`, which names of scopes may have.
fn decoded(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().into_owned()
}

/// The line of the table.
fn find(request: &HttpRequest, path: &'static str) -> Result<&'static Route, ApiError> {
    let method = Method::of(request.method().as_str());
    ROUTES.iter().find(|route| route.path == path && Some(route.method) == method).ok_or_else(|| {
        let allow: Vec<&str> = ROUTES.iter().filter(|route| route.path == path).map(|route| route.method.as_str()).collect();
        ApiError::MethodNotAllowed { allow: allow.join(", ") }
    })
}

/// Counts the request against the rate plan of the key that calls.
async fn admit(caller: &Caller, state: &State, now: Timestamp) -> Option<Admission> {
    match caller.principal {
        Principal::ApiKey(client_id) => state.issuer.admit(client_id, now).await,
        _ => None,
    }
}

pub(super) fn permit(route: &Route, caller: &Caller, state: &State) -> Result<(), ApiError> {
    match route.access {
        Access::Anyone => Ok(()),
        Access::Session => match caller.authority {
            Authority::Session { .. } => Ok(()),
            Authority::Token { .. } => Err(Denied::Role.into()),
        },
        Access::Needs(permission) => Ok(caller.check(permission, state.management.roles)?),
        Access::NeedsProof(permission) => {
            caller.check(permission, state.management.roles)?;
            Ok(caller.check_proof()?)
        }
    }
}

/// Where the request comes from; `None` when a trusted proxy does not say it in a readable way.
pub(in crate::web) fn address(request: &HttpRequest, state: &State) -> Option<IpAddr> {
    let headers = request.headers();
    let lines: Vec<&[u8]> = headers.get_all(X_FORWARDED_FOR).map(HeaderValue::as_bytes).collect();
    client_address(request.peer_addr()?.ip(), &state.trusted_proxies, &lines, headers.contains_key(FORWARDED)).ok()
}

/// The members of the body: a JSON object, or nothing at all.
fn members(request: &HttpRequest, body: &BytesMut) -> Result<Map<String, Value>, ApiError> {
    let mut types = request.headers().get_all(CONTENT_TYPE);
    let media_type = types.next();
    if body.is_empty() && media_type.is_none() {
        return Ok(Map::new());
    }
    let is_json = media_type.and_then(|value| value.to_str().ok()).is_some_and(is_json) && types.next().is_none();
    if !is_json {
        let detail = "the Content-Type must be application/json";
        return Err(ApiError::refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail));
    }
    if body.is_empty() {
        return Ok(Map::new());
    }
    strict_json::object(body).map_err(|why| match why {
        NotStrict::Malformed => ApiError::bad_request("invalid_json", "the body is not a JSON object"),
        NotStrict::DuplicateMember => ApiError::bad_request("invalid_json", "a member of the body stands there twice"),
    })
}

/// `application/json`, with no other charset than UTF-8; and the form of RFC 7396, which PATCH bodies have.
fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    let is_json = ["application/json", "application/merge-patch+json"].iter().any(|json| kind.eq_ignore_ascii_case(json));
    is_json
        && parts.all(|part| match part.split_once('=') {
            Some((name, value)) if name.eq_ignore_ascii_case("charset") => value.trim_matches('"').eq_ignore_ascii_case("utf-8"),
            _ => true,
        })
}

fn log(request: &HttpRequest, id: &str, address: Option<IpAddr>, error: &ApiError) {
    let path = request.match_pattern().unwrap_or_default();
    log_error((request.method().as_str(), &path), id, address, error);
}

/// Tells the log of an operation that did not happen.
pub(super) fn log_error((method, path): (&str, &str), id: &str, address: Option<IpAddr>, error: &ApiError) {
    let address = address.map(|address| address.to_string()).unwrap_or_default();
    let (code, cause) = (error.code(), error.cause().unwrap_or_default());
    if error.is_fault() {
        log::error!(request_id = id, method, path, error = code, address = address.as_str(), cause; "management request failed");
    } else {
        log::info!(request_id = id, method, path, error = code, address = address.as_str(), cause; "management request refused");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_known_by_its_media_type() {
        for good in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/merge-patch+json",
            "application/json;charset=\"utf-8\"",
        ] {
            assert!(is_json(good), "{good}");
        }
        for bad in
            ["", "text/plain", "application/json; charset=iso-8859-1", "application/x-www-form-urlencoded", "application/jsonx"]
        {
            assert!(!is_json(bad), "{bad}");
        }
    }

    #[test]
    fn no_route_stands_in_the_table_twice_and_those_of_a_path_stand_together() {
        let mut seen = std::collections::HashSet::new();
        let mut paths = Vec::new();
        for route in ROUTES {
            assert!(seen.insert((route.method.as_str(), route.path)), "{route:?}");
            if paths.last() != Some(&route.path) {
                assert!(!paths.contains(&route.path), "{} stands apart", route.path);
                paths.push(route.path);
            }
        }
    }
}
