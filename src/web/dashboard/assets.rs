//! Style, script and pictures, embedded. Their addresses have a fingerprint, so browsers keep them for good.

use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use crate::crypto::digest::entity_tag;
use crate::web::exchange::Exchange;
use crate::web::state::State;

const STYLE: &str = concat!(
    include_str!("assets/css/frame.css"),
    include_str!("assets/css/keys.css"),
    include_str!("assets/css/organization.css"),
    include_str!("assets/css/operator.css"),
);

/// Name, media type, content.
const FILES: &[(&str, &str, &[u8])] = &[
    ("dashboard.css", "text/css; charset=utf-8", STYLE.as_bytes()),
    ("dashboard.js", "text/javascript; charset=utf-8", include_bytes!("assets/dashboard.js")),
    ("icon.svg", "image/svg+xml", include_bytes!("assets/icon.svg")),
];

static VERSIONS: LazyLock<Vec<(&'static str, String)>> = LazyLock::new(|| {
    let version = |content: &[u8]| entity_tag(content).chars().filter(char::is_ascii_alphanumeric).take(12).collect();
    FILES.iter().map(|(name, _, content)| (*name, version(content))).collect()
});

/// What distinguishes this content of a file from any other.
pub(super) fn version(name: &str) -> &'static str {
    VERSIONS.iter().find(|(known, _)| *known == name).map_or("", |(_, version)| version.as_str())
}

/// Registers the files below `prefix`.
pub(super) fn configure(service: &mut ServiceConfig, prefix: &str) {
    for (name, media_type, content) in FILES.iter().copied() {
        let answer = move |request: HttpRequest, state: web::Data<State>| async move {
            let exchange = Exchange::begin(&request, &state);
            let is_current = request.query_string().strip_prefix("v=") == Some(version(name));
            let age = if is_current { "public, max-age=31536000, immutable" } else { "public, max-age=300" };
            let mut response = HttpResponse::Ok();
            response
                .insert_header((CONTENT_TYPE, media_type))
                .insert_header((CACHE_CONTROL, age))
                .insert_header(("x-content-type-options", "nosniff"))
                .insert_header(("cross-origin-resource-policy", "same-origin"));
            exchange.end(response.body(Bytes::from_static(content)))
        };
        let readable = web::get().to(answer);
        service.service(web::resource(format!("{prefix}/assets/{name}")).route(readable));
    }
}
