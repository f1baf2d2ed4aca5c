//! Every page, on one screen.

use super::route::{Page, get, post};
use super::{api_keys, home, organization, profile, session};

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
    get("/api-keys", api_keys::list::show),
    get("/api-keys/new", api_keys::new::show),
    post("/api-keys/new", api_keys::new::submit),
    post("/api-keys/new/summary", api_keys::new::summary),
    get("/api-keys/{client_id}/secret", api_keys::secret::show),
    get("/api-keys/{client_id}/edit", api_keys::edit::show),
    post("/api-keys/{client_id}/edit", api_keys::edit::submit),
    post("/api-keys/{client_id}/edit/summary", api_keys::edit::summary),
    // the organization
    get("/organization", organization::settings::show),
    post("/organization", organization::settings::rename),
    get("/accounts", organization::accounts::show),
    post("/accounts", organization::accounts::create),
    get("/accounts/new", organization::accounts::show_new),
    get("/accounts/{account_id}", organization::account::show),
    post("/accounts/{account_id}", organization::account::rename),
    get("/users", organization::users::show),
    post("/users", organization::user_new::create),
    get("/users/new", organization::user_new::show),
    get("/users/{user_id}", organization::user::show),
    post("/users/{user_id}", organization::user_changes::edit),
    post("/users/{user_id}/disable", organization::user_changes::disable),
    post("/users/{user_id}/enable", organization::user_changes::enable),
    post("/users/{user_id}/invite", organization::user_changes::invite),
    post("/users/{user_id}/remove", organization::user_changes::remove),
    // the platform
];
