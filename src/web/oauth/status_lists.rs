//! `GET /connect/statuslists` and `GET /connect/statuslists/{id}`: HTTP in front of [`crate::app::status_lists`].

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, Accept, AcceptEncoding, CONTENT_ENCODING, Encoding, Header, HeaderValue, Quality, VARY,
};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::token::log_refusal;
use crate::app::status_lists::StatusDocument;
use crate::clock;
use crate::oauth::status_list::STATUS_LIST_MEDIA_TYPE;
use crate::web::cacheable::cacheable;
use crate::web::error::{document_error, oauth_error};
use crate::web::exchange::Exchange;
use crate::web::state::State;

/// How long caches on the way may keep a list, in seconds. Little: what it is kept here comes on top of what a reader keeps it.
const MAX_AGE_SECONDS: u32 = 10;

/// One list.
pub(in crate::web) async fn status_list(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let exchange = Exchange::begin(&request, &state);
    if !takes_status_lists(&request) {
        return exchange
            .end(open_to_all(document_error(StatusCode::NOT_ACCEPTABLE, "lists are served as application/statuslist+jwt")));
    }
    if asks_for_the_past(&request) {
        return exchange
            .end(open_to_all(document_error(StatusCode::NOT_IMPLEMENTED, "what a list said in the past is not kept")));
    }
    let Ok(id) = request.match_info().query("id").parse() else {
        return exchange.end(open_to_all(no_such_list()));
    };
    let response = match state.issuer.status_document(id, clock::now()).await {
        Ok(Some(document)) => answer(&request, document),
        Ok(None) => no_such_list(),
        Err(refusal) => {
            log_refusal(exchange.id.as_str(), None, &refusal);
            oauth_error(refusal.error)
        }
    };
    exchange.end(open_to_all(response))
}

fn no_such_list() -> HttpResponse {
    document_error(StatusCode::NOT_FOUND, "there is no such list")
}

/// The document itself, not a copy of it.
struct Body {
    document: Arc<StatusDocument>,
    is_gzip: bool,
}

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        if self.is_gzip { &self.document.gzip } else { &self.document.token }
    }
}

fn answer(request: &HttpRequest, document: Arc<StatusDocument>) -> HttpResponse {
    let is_gzip = takes_gzip(request);
    let body = Bytes::from_owner(Body { document, is_gzip });
    let mut response = cacheable(request, body, STATUS_LIST_MEDIA_TYPE, MAX_AGE_SECONDS);
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
    if is_gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

#[derive(Serialize)]
struct Aggregation {
    status_lists: Vec<String>,
}

/// Every list (section 9.3).
pub(in crate::web) async fn status_lists(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let exchange = Exchange::begin(&request, &state);
    let aggregation = Aggregation { status_lists: state.issuer.status_list_uris() };
    let response = match serde_json::to_vec(&aggregation) {
        Ok(body) => cacheable(&request, body, "application/json", MAX_AGE_SECONDS),
        Err(_) => HttpResponse::InternalServerError().finish(),
    };
    exchange.end(open_to_all(response))
}

/// Any web page may read this (section 8.1): there is nothing here that is not for everybody.
fn open_to_all(mut response: HttpResponse) -> HttpResponse {
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// Section 8.4: what a list said in the past is not kept.
fn asks_for_the_past(request: &HttpRequest) -> bool {
    request.query_string().split('&').any(|parameter| parameter == "time" || parameter.starts_with("time="))
}

/// Whether `Accept` has room for the one form that there is (RFC 9110 section 12.5.1): the closest range decides.
fn takes_status_lists(request: &HttpRequest) -> bool {
    let Ok(Accept(ranges)) = Accept::parse(request) else { return true };
    let decides = ranges.iter().filter_map(|range| {
        let closeness =
            [STATUS_LIST_MEDIA_TYPE, "application/*", "*/*"].iter().position(|kind| *kind == range.item.essence_str());
        closeness.map(|closeness| (closeness, range.quality))
    });
    let closest = decides.min_by_key(|(closeness, _)| *closeness);
    ranges.is_empty() || closest.is_some_and(|(_, quality)| quality > Quality::ZERO)
}

fn takes_gzip(request: &HttpRequest) -> bool {
    let accepted = AcceptEncoding::parse(request).ok();
    accepted.and_then(|accepted| accepted.negotiate([Encoding::gzip(), Encoding::identity()].iter())) == Some(Encoding::gzip())
}
