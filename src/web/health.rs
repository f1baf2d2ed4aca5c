//! `/livez`, `/readyz`, and the answers for what is not there.

use actix_web::http::header::ALLOW;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};

use super::exchange::Exchange;
use super::state::{Life, State};

/// The process runs and answers.
pub(super) async fn livez(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    plain(&request, &state, &mut HttpResponse::Ok(), "ok\n")
}

/// This node should get requests: it has read the change feed a moment ago, and has not been told to stop.
pub(super) async fn readyz(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    if *state.life.borrow() != Life::Serving {
        return plain(&request, &state, &mut HttpResponse::ServiceUnavailable(), "stopping\n");
    }
    if state.issuer.directory.staleness() > state.ready_staleness {
        return plain(&request, &state, &mut HttpResponse::ServiceUnavailable(), "the database cannot be read\n");
    }
    plain(&request, &state, &mut HttpResponse::Ok(), "ok\n")
}

/// A document takes no other method than GET and HEAD.
pub(super) async fn read_only(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    plain(&request, &state, HttpResponse::MethodNotAllowed().insert_header((ALLOW, "GET, HEAD")), "this is read with GET\n")
}

/// There is nothing at this path.
pub(super) async fn not_found(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    plain(&request, &state, &mut HttpResponse::NotFound(), "there is nothing here\n")
}

fn plain(request: &HttpRequest, state: &State, response: &mut HttpResponseBuilder, text: &'static str) -> HttpResponse {
    let exchange = Exchange::begin(request, state);
    let response = response
        .insert_header(("content-type", "text/plain;charset=utf-8"))
        .insert_header(("cache-control", "no-store"))
        .insert_header(("x-content-type-options", "nosniff"))
        .body(text);
    exchange.end(response)
}
