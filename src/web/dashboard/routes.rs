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
    // the organization
    // the platform
];
