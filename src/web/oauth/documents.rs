//! What resource servers and clients read: the JWKS (RFC 7517) and the metadata (RFC 8414). From memory, so that they
//! are there while the database is not.

use actix_web::http::header::{ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use crate::clock;
use crate::crypto::digest::entity_tag;
use crate::oauth::metadata::Metadata;
use crate::web::exchange::Exchange;
use crate::web::state::State;

pub(in crate::web) async fn jwks(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let keys = state.issuer.directory.signing_keys();
    let exchange = Exchange::begin(&request, &state);
    exchange.end(cacheable(&request, &keys.jwks(clock::now()), state.jwks_max_age_seconds))
}

/// How long the metadata may be kept, in seconds.
const METADATA_MAX_AGE_SECONDS: u32 = 300;

pub(in crate::web) async fn metadata(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let catalogue = state.issuer.directory.catalogue();
    let exchange = Exchange::begin(&request, &state);
    exchange.end(cacheable(&request, &Metadata::new(&state.issuer.issuer, &catalogue), METADATA_MAX_AGE_SECONDS))
}

/// A JSON document with a strong `ETag`, or `304` for whoever has it already (RFC 9110 section 13.1.2).
fn cacheable(request: &HttpRequest, document: &impl Serialize, max_age_seconds: u32) -> HttpResponse {
    let Ok(body) = serde_json::to_vec(document) else { return HttpResponse::InternalServerError().finish() };
    let tag = entity_tag(&body);
    let has_it = request
        .headers()
        .get_all(IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|value| value.trim().trim_start_matches("W/"))
        .any(|value| value == "*" || value == tag);
    let mut response = if has_it { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((ETAG, tag))
        .insert_header(("cache-control", format!("public, max-age={max_age_seconds}")))
        .insert_header(("x-content-type-options", "nosniff"));
    if has_it { response.finish() } else { response.insert_header(("content-type", "application/json")).body(body) }
}
