//! What resource servers and clients read: the JWKS (RFC 7517), the metadata (RFC 8414), and that of the management API
//! (RFC 9728). From memory, so that they are there while the database is not.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use claviger_resource_server::ResourceMetadata;
use serde::Serialize;

use crate::app::bearer::own_audience;
use crate::clock;
use crate::domain::scope::Level;
use crate::oauth::metadata::Metadata;
use crate::web::cacheable::cacheable;
use crate::web::error::document_error;
use crate::web::exchange::Exchange;
use crate::web::state::State;

/// These are read, with GET or HEAD.
pub(in crate::web) async fn read_only(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    Exchange::begin(&request, &state).end(document_error(StatusCode::METHOD_NOT_ALLOWED, "this is read with GET"))
}

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
    let settings = &state.issuer;
    let metadata = Metadata::new(&settings.issuer, &catalogue, algorithm, settings.profile, settings.mutual_tls.as_ref());
    exchange.end(json(&request, &metadata, METADATA_MAX_AGE_SECONDS))
}

/// The metadata of the management API. Scopes of the platform's own level are for its operators and not announced.
pub(in crate::web) async fn protected_resource(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let catalogue = state.issuer.directory.catalogue();
    let exchange = Exchange::begin(&request, &state);
    let issuer = &state.issuer.issuer;
    let own = own_audience(issuer);
    let is_own = |scope: &&_| catalogue.audience_of(scope).is_some_and(|audience| audience.as_str() == own);
    let scopes: Vec<&str> = catalogue.of_level(Level::Organization).iter().filter(is_own).map(|scope| scope.as_str()).collect();
    let documentation = format!("{}/docs", issuer.trim_end_matches('/'));
    let document = ResourceMetadata::new(own, issuer).name("Claviger management API").documentation(documentation).scopes(scopes);
    exchange.end(json(&request, &document, METADATA_MAX_AGE_SECONDS))
}

fn json(request: &HttpRequest, document: &impl Serialize, max_age_seconds: u32) -> HttpResponse {
    match serde_json::to_vec(document) {
        Ok(body) => cacheable(request, body, "application/json", max_age_seconds),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}
