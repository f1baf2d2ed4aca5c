//! `POST /connect/introspect` and `POST /connect/revocation`: HTTP in front of [`crate::app::introspect_token`] and
//! [`crate::app::revoke_token`].

use actix_web::http::header::ACCEPT;
use actix_web::{HttpRequest, HttpResponse, web};
use tokio::time::Instant;
use zeroize::Zeroize;

use super::token::{address, log_refusal, raw, refusal_delay};
use crate::app::introspect_token::{Answer, Introspection};
use crate::app::issue_token::Refusal;
use crate::app::limits::Admission;
use crate::app::revoke_token::Revocation;
use crate::clock;
use crate::oauth::error::OAuthError;
use crate::oauth::introspection::SIGNED_MEDIA_TYPE;
use crate::web::body;
use crate::web::error::{oauth_answer, oauth_error, oauth_json};
use crate::web::exchange::Exchange;
use crate::web::rate_limit;
use crate::web::state::State;

const NO_ADDRESS: OAuthError = OAuthError::InvalidRequest("the proxy did not say where the request comes from");

/// `POST /connect/introspect`
pub(in crate::web) async fn introspect(request: HttpRequest, payload: web::Payload, state: web::Data<State>) -> HttpResponse {
    let exchange = Exchange::begin(&request, &state);
    let body = body::read(&request, payload, &state.life, body::MAX_BODY_BYTES).await;
    let complete = Instant::now();
    let now = clock::now();
    let outcome = match (body, address(&request, &state)) {
        (Ok(mut body), Some(address)) => {
            let outcome = state.issuer.introspect(&raw(&request, &body, &state), address, now).await;
            body.as_mut().zeroize();
            outcome
        }
        (Ok(_), None) => Introspection { result: Err(NO_ADDRESS.into()), admission: None },
        (Err(error), _) => Introspection { result: Err(OAuthError::from(error).into()), admission: None },
    };
    let Introspection { result, admission } = outcome;
    let answered = result.and_then(|answer| {
        state.issuer.metrics.token_introspected(answer.body.get("active").and_then(serde_json::Value::as_bool) == Some(true));
        if wants_signed(&request) {
            signed(&state, &answer)
        } else {
            Ok(oauth_json(&mut HttpResponse::Ok(), answer.body.to_string()))
        }
    });
    finish(exchange, &request, &state, answered, admission, complete).await
}

/// `POST /connect/revocation`
pub(in crate::web) async fn revoke(request: HttpRequest, payload: web::Payload, state: web::Data<State>) -> HttpResponse {
    let exchange = Exchange::begin(&request, &state);
    let body = body::read(&request, payload, &state.life, body::MAX_BODY_BYTES).await;
    let complete = Instant::now();
    let now = clock::now();
    let outcome = match (body, address(&request, &state)) {
        (Ok(mut body), Some(address)) => {
            let raw = raw(&request, &body, &state);
            let outcome = state.issuer.revoke(&raw, address, exchange.id.as_str(), now).await;
            body.as_mut().zeroize();
            outcome
        }
        (Ok(_), None) => Revocation { result: Err(NO_ADDRESS.into()), admission: None },
        (Err(error), _) => Revocation { result: Err(OAuthError::from(error).into()), admission: None },
    };
    let Revocation { result, admission } = outcome;
    // RFC 7009 section 2.2: the body says nothing, for the status says it all.
    let answered = result.map(|()| oauth_answer(&mut HttpResponse::Ok()).finish());
    finish(exchange, &request, &state, answered, admission, complete).await
}

/// Another method than POST.
pub(in crate::web) async fn method_not_allowed(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let exchange = Exchange::begin(&request, &state);
    exchange.end(oauth_error(OAuthError::MethodNotAllowed))
}

/// Whether a signed answer is asked for by name (RFC 9701 section 4).
fn wants_signed(request: &HttpRequest) -> bool {
    let mut accepted = request.headers().get_all(ACCEPT).filter_map(|value| value.to_str().ok());
    accepted.any(|line| {
        let kinds = line.split(',').map(|kind| kind.split(';').next().unwrap_or_default().trim());
        kinds.into_iter().any(|kind| kind.eq_ignore_ascii_case(SIGNED_MEDIA_TYPE))
    })
}

fn signed(state: &State, answer: &Answer) -> Result<HttpResponse, Refusal> {
    let token = state.issuer.sign_introspection(answer, clock::now())?;
    Ok(oauth_answer(&mut HttpResponse::Ok()).insert_header(("content-type", SIGNED_MEDIA_TYPE)).body(token))
}

async fn finish(
    exchange: Exchange<'_>,
    request: &HttpRequest,
    state: &State,
    answered: Result<HttpResponse, Refusal>,
    admission: Option<Admission>,
    complete: Instant,
) -> HttpResponse {
    let response = match answered {
        Ok(response) => response,
        Err(refusal) => {
            if matches!(refusal.error, OAuthError::InvalidClient(_)) {
                tokio::time::sleep_until(complete + refusal_delay(complete.elapsed())).await;
            }
            let address = address(request, state);
            log_refusal(exchange.id.as_str(), address, &refusal);
            if let Some(kind) = refusal.kind(address) {
                state.issuer.refusals.note(kind, exchange.id.as_str());
            }
            oauth_error(refusal.error)
        }
    };
    let response = match admission {
        None => response,
        Some(admission) => rate_limit::announce(response, admission),
    };
    exchange.end(response)
}
