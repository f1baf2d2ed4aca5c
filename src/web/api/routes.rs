//! Every route of the management API and who may call it, on one screen.

use super::route::Access::{Anyone, Needs, NeedsProof, Session};
use super::route::{Route, delete, get, patch, post};
use super::{api_keys, audit_events, password_links, plans, sessions, usage, users, webhooks};
use crate::domain::permission::Permission::{
    CreateKeys, ManageKeys, ReadAudit, ReadKeys, ReadPlans, ReadUsers, ReadWebhooks, WritePlans, WriteUsers, WriteWebhooks,
};

/// The table, from which the router, the checks and the description are made.
pub(super) const ROUTES: &[Route] = &[
    get("/api-keys", Needs(ReadKeys), api_keys::list),
    post("/api-keys", NeedsProof(CreateKeys), api_keys::create),
    get("/api-keys/{client_id}", Needs(ReadKeys), api_keys::show),
    patch("/api-keys/{client_id}", NeedsProof(ManageKeys), api_keys::edit),
    delete("/api-keys/{client_id}", NeedsProof(ManageKeys), api_keys::delete),
    post("/api-keys/{client_id}/regenerate", NeedsProof(ManageKeys), api_keys::regenerate),
    post("/api-keys/{client_id}/duplicate", NeedsProof(CreateKeys), api_keys::duplicate),
    post("/api-keys/{client_id}/disable", NeedsProof(ManageKeys), api_keys::disable),
    post("/api-keys/{client_id}/enable", NeedsProof(ManageKeys), api_keys::enable),
    post("/api-keys/{client_id}/revoke-tokens", NeedsProof(ManageKeys), api_keys::revoke_tokens),
    get("/plans", Needs(ReadPlans), plans::list),
    post("/plans", Needs(WritePlans), plans::create),
    get("/plans/{name}", Needs(ReadPlans), plans::show),
    patch("/plans/{name}", Needs(WritePlans), plans::edit),
    delete("/plans/{name}", Needs(WritePlans), plans::delete),
    get("/audit-events", Needs(ReadAudit), audit_events::list),
    get("/usage", Needs(ReadKeys), usage::show),
    get("/users", Needs(ReadUsers), users::list),
    post("/users", NeedsProof(WriteUsers), users::create),
    get("/users/{user_id}", Needs(ReadUsers), users::show),
    patch("/users/{user_id}", NeedsProof(WriteUsers), users::edit),
    delete("/users/{user_id}", NeedsProof(WriteUsers), users::delete),
    post("/users/{user_id}/invite", NeedsProof(WriteUsers), users::invite),
    get("/session", Session, sessions::show),
    post("/session", Anyone, sessions::sign_in),
    delete("/session", Session, sessions::sign_out),
    post("/session/reauthenticate", Session, sessions::reauthenticate),
    post("/session/password", Session, sessions::change_password),
    get("/sessions", Session, sessions::list),
    delete("/sessions", Session, sessions::end_others),
    delete("/sessions/{session_id}", Session, sessions::end_one),
    post("/invitations/accept", Anyone, password_links::accept_invitation),
    post("/password-reset", Anyone, password_links::ask),
    post("/password-reset/confirm", Anyone, password_links::confirm),
    get("/webhooks", Needs(ReadWebhooks), webhooks::list),
    post("/webhooks", NeedsProof(WriteWebhooks), webhooks::create),
    get("/webhooks/{webhook_id}", Needs(ReadWebhooks), webhooks::show),
    patch("/webhooks/{webhook_id}", Needs(WriteWebhooks), webhooks::edit),
    delete("/webhooks/{webhook_id}", Needs(WriteWebhooks), webhooks::delete),
    post("/webhooks/{webhook_id}/rotate-secret", NeedsProof(WriteWebhooks), webhooks::rotate_secret),
    post("/webhooks/{webhook_id}/test", Needs(WriteWebhooks), webhooks::test),
    get("/webhooks/{webhook_id}/deliveries", Needs(ReadWebhooks), webhooks::deliveries),
    post("/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver", Needs(WriteWebhooks), webhooks::redeliver),
];
