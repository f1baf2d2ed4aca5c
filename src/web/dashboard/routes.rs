//! Every page, on one screen.

use super::route::{Page, get, post};
use super::{home, profile, session};

/// The table.
pub(super) const PAGES: &[Page] = &[
    get("/", home::show),
    get("/sign-in", session::sign_in::show).for_anyone(),
    post("/sign-in", session::sign_in::submit).for_anyone(),
    post("/sign-out", session::sign_out::submit),
    get("/forgot-password", session::forgot::show).for_anyone(),
    post("/forgot-password", session::forgot::submit).for_anyone(),
    get("/invitation", session::link::show_invitation).for_anyone(),
    post("/invitation", session::link::accept_invitation).for_anyone(),
    get("/password-reset", session::link::show_password_reset).for_anyone(),
    post("/password-reset", session::link::reset_password).for_anyone(),
    get("/setup", session::setup::show).for_anyone(),
    post("/setup", session::setup::submit).for_anyone(),
    get("/profile", profile::show::show),
    post("/profile/password", profile::password::submit),
    post("/profile/sessions/end-others", profile::sessions::end_others),
    post("/profile/sessions/{session_id}/end", profile::sessions::end_one),
    // keys
    // the organization
    // the platform
];
