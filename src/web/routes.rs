//! Every path, on one screen; those of the management API stand in a table of their own, [`super::api`].

use actix_web::web::{self, ServiceConfig};
use actix_web::{Route, guard};
use claviger_resource_server::metadata::WELL_KNOWN;

use super::{api, dashboard, health, oauth};
use crate::oauth::metadata::paths;

/// Registers every path of the main port. An issuer with a path is served below that path too, whether or not a proxy
/// strips it; RFC 8414 section 3.1 inserts the well-known part before it.
pub(super) fn configure(service: &mut ServiceConfig, issuer_path: &str) {
    let mut prefixes = vec![""];
    if !issuer_path.is_empty() {
        prefixes.push(issuer_path);
        for path in [paths::METADATA, paths::METADATA_ALIAS] {
            oauth_document(service, &format!("{path}{issuer_path}"), web::to(oauth::metadata));
        }
    }
    // RFC 9728 section 3: before the path of what it describes, `<issuer>/api`.
    oauth_document(service, &format!("{WELL_KNOWN}{issuer_path}/api"), web::to(oauth::protected_resource));
    for prefix in prefixes {
        // Looks at the method itself: a guard of the framework writes down for each request which method it wants.
        service.service(web::resource(format!("{prefix}{}", paths::TOKEN)).to(oauth::token));
        let introspection = web::resource(format!("{prefix}{}", paths::INTROSPECTION)).route(web::post().to(oauth::introspect));
        service.service(introspection.default_service(web::to(oauth::method_not_allowed)));
        let revocation = web::resource(format!("{prefix}{}", paths::REVOCATION)).route(web::post().to(oauth::revoke));
        service.service(revocation.default_service(web::to(oauth::method_not_allowed)));
        oauth_document(service, &format!("{prefix}{}", paths::STATUS_LISTS), web::to(oauth::status_lists));
        oauth_document(service, &format!("{prefix}{}/{{id}}", paths::STATUS_LISTS), web::to(oauth::status_list));
        for path in [paths::JWKS, paths::JWKS_ALIAS] {
            oauth_document(service, &format!("{prefix}{path}"), web::to(oauth::jwks));
        }
        for path in [paths::METADATA, paths::METADATA_ALIAS] {
            oauth_document(service, &format!("{prefix}{path}"), web::to(oauth::metadata));
        }
        document(service, &format!("{prefix}/livez"), web::to(health::livez));
        document(service, &format!("{prefix}/readyz"), web::to(health::readyz));
        document(service, &format!("{prefix}/openapi.json"), web::to(api::description));
        document(service, &format!("{prefix}/docs"), web::to(api::reference_page));
        document(service, &format!("{prefix}/docs.css"), web::to(api::reference_style));
        api::configure(service, prefix);
        dashboard::configure(service, prefix);
    }
}

/// A path that answers GET and HEAD.
fn document(service: &mut ServiceConfig, path: &str, handler: Route) {
    service.service(web::resource(path).route(readable(handler)).default_service(web::to(health::read_only)));
}

/// The same, with OAuth's form of errors.
fn oauth_document(service: &mut ServiceConfig, path: &str, handler: Route) {
    service.service(web::resource(path).route(readable(handler)).default_service(web::to(oauth::read_only)));
}

fn readable(handler: Route) -> Route {
    handler.guard(guard::Any(guard::Get()).or(guard::Head()))
}
