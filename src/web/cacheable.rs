//! Documents that may be kept for a while.

use actix_web::http::header::{ETAG, IF_NONE_MATCH};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};

use crate::crypto::digest::entity_tag;

/// A document with a strong `ETag`, or `304` for whoever has it already (RFC 9110 section 13.1.2).
pub(super) fn cacheable(
    request: &HttpRequest,
    body: impl Into<Bytes>,
    content_type: &'static str,
    max_age_seconds: u32,
) -> HttpResponse {
    let body: Bytes = body.into();
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
    if has_it { response.finish() } else { response.insert_header(("content-type", content_type)).body(body) }
}
