//! Every page, on one screen.

use super::route::{Page, get, post};
use super::{api_keys, home, session};

/// The table.
pub(super) const PAGES: &[Page] = &[
    get("/", home::show),
    get("/sign-in", session::sign_in::show).for_anyone(),
    post("/sign-in", session::sign_in::submit).for_anyone(),
    post("/sign-out", session::sign_out::submit),
    // keys
    get("/api-keys", api_keys::list::show),
    get("/api-keys/new", api_keys::new::show),
    post("/api-keys/new", api_keys::new::submit),
    post("/api-keys/new/summary", api_keys::new::summary),
    get("/api-keys/{client_id}/secret", api_keys::secret::show),
    get("/api-keys/{client_id}/edit", api_keys::edit::show),
    post("/api-keys/{client_id}/edit", api_keys::edit::submit),
    post("/api-keys/{client_id}/edit/summary", api_keys::edit::summary),
    // the organization
    // the platform
];
