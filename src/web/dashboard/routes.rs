//! Every page, on one screen.

use super::route::{Page, get, post};
use super::{home, organization, profile, session};

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
    get("/audit-log", organization::audit_log::show),
    get("/audit-log/export", organization::audit_export::show),
    get("/webhooks", organization::webhook_list::show),
    post("/webhooks", organization::webhook_form::create),
    get("/webhooks/new", organization::webhook_form::show_new),
    get("/webhooks/{webhook_id}", organization::webhook::show),
    post("/webhooks/{webhook_id}", organization::webhook_form::edit),
    get("/webhooks/{webhook_id}/edit", organization::webhook_form::show_edit),
    get("/webhooks/{webhook_id}/secret", organization::webhook_secret::show),
    post("/webhooks/{webhook_id}/rotate-secret", organization::webhook_secret::rotate),
    post("/webhooks/{webhook_id}/disable", organization::webhook_changes::disable),
    post("/webhooks/{webhook_id}/enable", organization::webhook_changes::enable),
    post("/webhooks/{webhook_id}/test", organization::webhook_changes::test),
    post("/webhooks/{webhook_id}/delete", organization::webhook_changes::delete),
    post("/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver", organization::webhook_changes::redeliver),
    // the platform
];
