//! Every page, on one screen.

use super::route::{Page, get, post};
use super::operator::catalogue::{self, resource_server, scope};
use super::operator::{health, organization, organizations, plans, signing_keys};
use super::{home, session};

/// The table.
pub(super) const PAGES: &[Page] = &[
    get("/", home::show),
    get("/sign-in", session::sign_in::show).for_anyone(),
    post("/sign-in", session::sign_in::submit).for_anyone(),
    post("/sign-out", session::sign_out::submit),
    // keys
    // the organization
    // the platform
    get("/operator/organizations", organizations::list),
    get("/operator/organizations/new", organizations::new),
    post("/operator/organizations/new", organizations::create),
    get("/operator/organizations/{organization_id}", organization::show),
    post("/operator/organizations/{organization_id}", organization::edit),
    post("/operator/organizations/{organization_id}/users", organization::invite),
    post("/operator/organizations/{organization_id}/users/{user_id}/invite", organization::invite_again),
    get("/operator/plans", plans::list),
    get("/operator/plans/new", plans::new),
    post("/operator/plans/new", plans::create),
    get("/operator/plans/{name}", plans::show),
    post("/operator/plans/{name}", plans::edit),
    post("/operator/plans/{name}/delete", plans::delete),
    get("/operator/catalogue", catalogue::list),
    get("/operator/catalogue/resource-servers/new", resource_server::new),
    post("/operator/catalogue/resource-servers/new", resource_server::create),
    get("/operator/catalogue/resource-servers/{resource_server_id}", resource_server::show),
    post("/operator/catalogue/resource-servers/{resource_server_id}", resource_server::edit),
    post("/operator/catalogue/resource-servers/{resource_server_id}/delete", resource_server::delete),
    get("/operator/catalogue/scopes/new", scope::new),
    post("/operator/catalogue/scopes/new", scope::create),
    get("/operator/catalogue/scopes/{scope}", scope::show),
    post("/operator/catalogue/scopes/{scope}", scope::edit),
    post("/operator/catalogue/scopes/{scope}/delete", scope::delete),
    get("/operator/signing-keys", signing_keys::show),
    post("/operator/signing-keys/rotate", signing_keys::rotate),
    post("/operator/signing-keys/compromise", signing_keys::compromise),
    post("/operator/signing-keys/import", signing_keys::import),
    get("/operator/health", health::show),
];
