//! Every page, on one screen.

use super::api_keys::actions::{delete, duplicate, regenerate, switch};
use super::route::{Page, get, post};
use super::{api_keys, home, organization, profile, session, try_it, usage};

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
    get("/api-keys/{client_id}", api_keys::page::show),
    get("/api-keys/{client_id}/regenerate", regenerate::show),
    post("/api-keys/{client_id}/regenerate", regenerate::submit),
    get("/api-keys/{client_id}/duplicate", duplicate::show),
    post("/api-keys/{client_id}/duplicate", duplicate::submit),
    get("/api-keys/{client_id}/disable", switch::show_disable),
    post("/api-keys/{client_id}/disable", switch::disable),
    get("/api-keys/{client_id}/enable", switch::show_enable),
    post("/api-keys/{client_id}/enable", switch::enable),
    get("/api-keys/{client_id}/revoke-tokens", switch::show_revoke_tokens),
    post("/api-keys/{client_id}/revoke-tokens", switch::revoke_tokens),
    get("/api-keys/{client_id}/delete", delete::show),
    post("/api-keys/{client_id}/delete", delete::submit),
    get("/try-it", try_it::page::show),
    post("/try-it", try_it::page::submit),
    get("/usage", usage::page::show),
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
