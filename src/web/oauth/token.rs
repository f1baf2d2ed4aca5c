//! `POST /connect/token`: HTTP in front of [`crate::app::issue_token`].

use std::time::Duration;

use std::net::IpAddr;

use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, FORWARDED, HeaderMap, HeaderName, HeaderValue, X_FORWARDED_FOR};
use actix_web::web::BytesMut;
use actix_web::{HttpRequest, HttpResponse, web};
use tokio::time::Instant;
use zeroize::Zeroize;

use crate::app::issue_token::{IssuedToken, Outcome, Refusal};
use crate::clock;
use crate::oauth::client_request::RawClientRequest;
use crate::oauth::error::OAuthError;
use crate::web::body;
use crate::web::client_ip::client_address;
use crate::web::error::{oauth_error, oauth_json};
use crate::web::exchange::Exchange;
use crate::web::rate_limit;
use crate::web::state::State;

/// A refusal of the client leaves at a multiple of this, counted from the end of the request's body: whether an id is
/// unknown, known, in memory or not must not be told by the time. Longer than a look-up in the database usually takes.
const REFUSAL_DELAY: Duration = Duration::from_millis(3);

pub(super) fn refusal_delay(elapsed: Duration) -> Duration {
    let passed = u32::try_from(elapsed.as_micros() / REFUSAL_DELAY.as_micros()).unwrap_or(u32::MAX - 1);
    REFUSAL_DELAY.saturating_mul(passed + 1)
}

/// Holds a refusal of the client, whose request was there at `complete`, until it may leave.
pub(in crate::web) async fn hold_refusal(outcome: &Outcome, complete: Instant) {
    if let Err(Refusal { error: OAuthError::InvalidClient(_), .. }) = outcome.result {
        tokio::time::sleep_until(complete + refusal_delay(complete.elapsed())).await;
    }
}

/// Tells the logs, the audit log and the metrics what became of a request.
pub(in crate::web) fn report(state: &State, request_id: &str, address: Option<IpAddr>, result: &Result<IssuedToken, Refusal>) {
    match result {
        Ok(token) => log::debug!(request_id, client_id:% = token.client_id; "token issued"),
        // The client comes again with what it is handed.
        Err(Refusal { error: OAuthError::UseDpopNonce, client_id, .. }) => {
            let client_id = client_id.map(|id| id.to_string()).unwrap_or_default();
            log::debug!(request_id, client_id = client_id.as_str(); "a nonce was handed out");
        }
        Err(refusal) => {
            state.issuer.metrics.token_refused(refusal.error);
            log_refusal(request_id, address, refusal);
            if let Some(kind) = refusal.kind(address) {
                state.issuer.refusals.note(kind, request_id);
            }
        }
    }
}

pub(in crate::web) async fn token(request: HttpRequest, payload: web::Payload, state: web::Data<State>) -> HttpResponse {
    let started = Instant::now();
    let exchange = Exchange::begin(&request, &state);
    let address = address(&request, &state);
    if request.method() != Method::POST {
        return answer(exchange, &state, address, OAuthError::MethodNotAllowed.into(), started);
    }
    let body = body::read(&request, payload, &state.life, body::MAX_BODY_BYTES).await;
    let complete = Instant::now();
    let outcome = match body {
        Ok(body) => issue(&request, body, &state, address).await,
        Err(error) => OAuthError::from(error).into(),
    };
    hold_refusal(&outcome, complete).await;
    answer(exchange, &state, address, outcome, started)
}

/// Where the request comes from; `None` when a trusted proxy does not say it in a readable way.
pub(super) fn address(request: &HttpRequest, state: &State) -> Option<IpAddr> {
    let headers = request.headers();
    let peer = request.peer_addr()?.ip();
    client_address(peer, &state.trusted_proxies, &lines(headers, X_FORWARDED_FOR), headers.contains_key(FORWARDED)).ok()
}

async fn issue(request: &HttpRequest, mut body: BytesMut, state: &State, address: Option<IpAddr>) -> Outcome {
    let raw = raw(request, &body);
    let Some(address) = address else {
        return OAuthError::InvalidRequest("the proxy did not say where the request comes from").into();
    };
    let outcome = state.issuer.issue(&raw, address, clock::now()).await;
    // A secret in the body must not outlive the request.
    body.as_mut().zeroize();
    outcome
}

/// The request as the protocol's parsers want it.
pub(super) fn raw<'r>(request: &'r HttpRequest, body: &'r [u8]) -> RawClientRequest<'r> {
    let headers = request.headers();
    RawClientRequest {
        content_types: lines(headers, CONTENT_TYPE),
        authorizations: lines(headers, AUTHORIZATION),
        login_as: lines(headers, LOGIN_AS),
        proofs: lines(headers, PROOF),
        query: request.query_string().as_bytes(),
        body,
    }
}

/// The other spelling of the parameter `account`.
const LOGIN_AS: HeaderName = HeaderName::from_static("x-login-as");
/// What a nonce goes out in (RFC 9449 section 8.1).
pub(in crate::web) const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// What a client's proof comes in (RFC 9449 section 4.1).
pub(in crate::web) const PROOF: HeaderName = HeaderName::from_static("dpop");

pub(in crate::web) fn lines(headers: &HeaderMap, name: HeaderName) -> Vec<&[u8]> {
    headers.get_all(name).map(HeaderValue::as_bytes).collect()
}

fn answer(exchange: Exchange<'_>, state: &State, address: Option<IpAddr>, outcome: Outcome, started: Instant) -> HttpResponse {
    report(state, exchange.id.as_str(), address, &outcome.result);
    let response = match outcome.result {
        Ok(token) => oauth_json(&mut HttpResponse::Ok(), token.json),
        Err(refusal) => oauth_error(refusal.error),
    };
    state.issuer.metrics.token_answered(response.status().as_u16(), started.elapsed());
    let response = match outcome.admission {
        None => response,
        Some(admission) => rate_limit::announce(response, admission),
    };
    let response = match outcome.dpop_nonce {
        None => response,
        Some(nonce) => with_dpop_nonce(response, &nonce),
    };
    exchange.end(response)
}

/// The answer with the nonce for the client's next proof (RFC 9449 section 8).
pub(in crate::web) fn with_dpop_nonce(mut response: HttpResponse, nonce: &str) -> HttpResponse {
    // Nonces are base64url, which every header may hold.
    if let Ok(value) = HeaderValue::from_str(nonce) {
        response.headers_mut().insert(NONCE, value);
    }
    response
}

pub(super) fn log_refusal(id: &str, address: Option<IpAddr>, refusal: &Refusal) {
    let Refusal { error, client_id, cause } = refusal;
    let client_id = client_id.map(|id| id.to_string()).unwrap_or_default();
    let address = address.map(|address| address.to_string()).unwrap_or_default();
    let (code, reason) = (error.code(), error.reason());
    match cause {
        Some(cause) => log::error!(
            request_id = id, error = code, reason, client_id = client_id.as_str(), address = address.as_str(), cause = cause.as_str();
            "token request failed"
        ),
        None => log::info!(
            request_id = id, error = code, reason, client_id = client_id.as_str(), address = address.as_str();
            "token refused"
        ),
    }
}
