//! The API's description of itself, for programs and for people; made once, when the server starts.

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};

use super::{openapi, reference};
use crate::web::cacheable::cacheable;
use crate::web::exchange::Exchange;
use crate::web::state::State;

/// How long they may be kept, in seconds.
const MAX_AGE_SECONDS: u32 = 300;

/// No script, nothing from elsewhere, in nobody's frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The documents of one server.
#[derive(Debug)]
pub(crate) struct Documents {
    description: Bytes,
    reference: Bytes,
}

impl Documents {
    /// The documents of the server of this issuer.
    pub(crate) fn new(issuer: &str) -> Self {
        let description = openapi::document(issuer);
        Self { reference: reference::page(&description).into(), description: description.to_string().into() }
    }
}

/// `GET /openapi.json`
pub(in crate::web) async fn description(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let exchange = Exchange::begin(&request, &state);
    exchange.end(cacheable(&request, state.documents.description.clone(), "application/json", MAX_AGE_SECONDS))
}

/// `GET /docs`
pub(in crate::web) async fn reference_page(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let exchange = Exchange::begin(&request, &state);
    let mut response = cacheable(&request, state.documents.reference.clone(), "text/html; charset=utf-8", MAX_AGE_SECONDS);
    let headers = response.headers_mut();
    for (name, value) in [("content-security-policy", POLICY), ("referrer-policy", "no-referrer")] {
        headers.insert(
            actix_web::http::header::HeaderName::from_static(name),
            actix_web::http::header::HeaderValue::from_static(value),
        );
    }
    exchange.end(response)
}

/// `GET /docs.css`
pub(in crate::web) async fn reference_style(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let exchange = Exchange::begin(&request, &state);
    let style = Bytes::from_static(reference::STYLE.as_bytes());
    exchange.end(cacheable(&request, style, "text/css; charset=utf-8", MAX_AGE_SECONDS))
}
