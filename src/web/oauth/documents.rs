//! What resource servers and clients read: the JWKS (RFC 7517) and the metadata (RFC 8414). From memory, so that they
//! are there while the database is not.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use crate::clock;
use crate::oauth::metadata::Metadata;
use crate::web::cacheable::cacheable;
use crate::web::exchange::Exchange;
use crate::web::state::State;

pub(in crate::web) async fn jwks(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let keys = state.issuer.directory.signing_keys();
    let exchange = Exchange::begin(&request, &state);
    exchange.end(json(&request, &keys.jwks(clock::now()), state.jwks_max_age_seconds))
}

/// How long the metadata may be kept, in seconds.
const METADATA_MAX_AGE_SECONDS: u32 = 300;

pub(in crate::web) async fn metadata(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let catalogue = state.issuer.directory.catalogue();
    let exchange = Exchange::begin(&request, &state);
    let algorithm = state.issuer.directory.signing_keys().signer(clock::now()).map(|pair| pair.algorithm());
    let metadata = Metadata::new(&state.issuer.issuer, &catalogue, algorithm, state.issuer.profile);
    exchange.end(json(&request, &metadata, METADATA_MAX_AGE_SECONDS))
}

fn json(request: &HttpRequest, document: &impl Serialize, max_age_seconds: u32) -> HttpResponse {
    match serde_json::to_vec(document) {
        Ok(body) => cacheable(request, body, "application/json", max_age_seconds),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}
