//! Every route of the management API and who may call it, on one screen.

use super::route::Access::{Anyone, Needs, NeedsProof, Session};
use super::route::{Route, delete, get, patch, post};
use super::{
    accounts, api_keys, audit_events, catalogue, describe, organizations, password_links, plans, server, sessions, setup,
    signing_keys, usage, users, webhooks,
};
use crate::domain::permission::Permission::{
    CreateKeys, ManageKeys, ReadAccounts, ReadAudit, ReadKeys, ReadOrganizations, ReadPlans, ReadServer, ReadSigningKeys,
    ReadUsers, ReadWebhooks, WriteAccounts, WriteCatalogue, WriteOrganizations, WritePlans, WriteSigningKeys, WriteUsers,
    WriteWebhooks,
};

/// The table, from which the router, the checks and the description are made.
pub(super) const ROUTES: &[Route] = &[
    get("/api-keys", Needs(ReadKeys), api_keys::list).described(describe::api_keys::LIST),
    post("/api-keys", NeedsProof(CreateKeys), api_keys::create).described(describe::api_keys::CREATE),
    get("/api-keys/{client_id}", Needs(ReadKeys), api_keys::show).described(describe::api_keys::SHOW),
    patch("/api-keys/{client_id}", NeedsProof(ManageKeys), api_keys::edit).described(describe::api_keys::EDIT),
    delete("/api-keys/{client_id}", NeedsProof(ManageKeys), api_keys::delete).described(describe::api_keys::DELETE),
    post("/api-keys/{client_id}/regenerate", NeedsProof(ManageKeys), api_keys::regenerate)
        .described(describe::api_keys::REGENERATE),
    post("/api-keys/{client_id}/secrets/{secret_id}/retire", NeedsProof(ManageKeys), api_keys::retire_secret)
        .described(describe::api_keys::RETIRE_SECRET),
    post("/api-keys/{client_id}/duplicate", NeedsProof(CreateKeys), api_keys::duplicate).described(describe::api_keys::DUPLICATE),
    post("/api-keys/{client_id}/disable", NeedsProof(ManageKeys), api_keys::disable).described(describe::api_keys::DISABLE),
    post("/api-keys/{client_id}/enable", NeedsProof(ManageKeys), api_keys::enable).described(describe::api_keys::ENABLE),
    post("/api-keys/{client_id}/revoke-tokens", NeedsProof(ManageKeys), api_keys::revoke_tokens)
        .described(describe::api_keys::REVOKE_TOKENS),
    get("/api-keys/{client_id}/rate-limit", Needs(ReadKeys), usage::rate_limit).described(describe::usage::RATE_LIMIT),
    post("/api-keys/{client_id}/explain", Needs(ReadKeys), api_keys::explain).described(describe::api_keys::EXPLAIN),
    get("/organization", Needs(ReadAccounts), accounts::show_organization).described(describe::accounts::SHOW_ORGANIZATION),
    patch("/organization", Needs(WriteAccounts), accounts::edit_organization).described(describe::accounts::EDIT_ORGANIZATION),
    get("/organization/plans", Needs(ReadKeys), accounts::plans_for_keys).described(describe::accounts::PLANS_FOR_KEYS),
    get("/accounts", Needs(ReadAccounts), accounts::list).described(describe::accounts::LIST),
    post("/accounts", Needs(WriteAccounts), accounts::create).described(describe::accounts::CREATE),
    get("/accounts/{account_id}", Needs(ReadAccounts), accounts::show).described(describe::accounts::SHOW),
    patch("/accounts/{account_id}", Needs(WriteAccounts), accounts::edit).described(describe::accounts::EDIT),
    get("/scopes", Needs(ReadKeys), catalogue::list).described(describe::catalogue::LIST),
    post("/scopes", NeedsProof(WriteCatalogue), catalogue::create).described(describe::catalogue::CREATE),
    get("/scopes/{scope}", Needs(ReadKeys), catalogue::show).described(describe::catalogue::SHOW),
    patch("/scopes/{scope}", NeedsProof(WriteCatalogue), catalogue::edit).described(describe::catalogue::EDIT),
    delete("/scopes/{scope}", NeedsProof(WriteCatalogue), catalogue::delete).described(describe::catalogue::DELETE),
    get("/resource-servers", Needs(ReadKeys), catalogue::list_servers).described(describe::catalogue::LIST_SERVERS),
    post("/resource-servers", NeedsProof(WriteCatalogue), catalogue::create_server).described(describe::catalogue::CREATE_SERVER),
    get("/resource-servers/{resource_server_id}", Needs(ReadKeys), catalogue::show_server)
        .described(describe::catalogue::SHOW_SERVER),
    patch("/resource-servers/{resource_server_id}", NeedsProof(WriteCatalogue), catalogue::edit_server)
        .described(describe::catalogue::EDIT_SERVER),
    delete("/resource-servers/{resource_server_id}", NeedsProof(WriteCatalogue), catalogue::delete_server)
        .described(describe::catalogue::DELETE_SERVER),
    get("/organizations", Needs(ReadOrganizations), organizations::list).described(describe::organizations::LIST),
    post("/organizations", Needs(WriteOrganizations), organizations::create).described(describe::organizations::CREATE),
    get("/organizations/{organization_id}", Needs(ReadOrganizations), organizations::show)
        .described(describe::organizations::SHOW),
    patch("/organizations/{organization_id}", Needs(WriteOrganizations), organizations::edit)
        .described(describe::organizations::EDIT),
    get("/signing-keys", Needs(ReadSigningKeys), signing_keys::list).described(describe::signing_keys::LIST),
    post("/signing-keys/rotate", NeedsProof(WriteSigningKeys), signing_keys::rotate).described(describe::signing_keys::ROTATE),
    post("/signing-keys/import", NeedsProof(WriteSigningKeys), signing_keys::import).described(describe::signing_keys::IMPORT),
    get("/server", Needs(ReadServer), server::show).described(describe::server::SHOW),
    get("/plans", Needs(ReadPlans), plans::list).described(describe::plans::LIST),
    post("/plans", Needs(WritePlans), plans::create).described(describe::plans::CREATE),
    get("/plans/{name}", Needs(ReadPlans), plans::show).described(describe::plans::SHOW),
    patch("/plans/{name}", Needs(WritePlans), plans::edit).described(describe::plans::EDIT),
    delete("/plans/{name}", Needs(WritePlans), plans::delete).described(describe::plans::DELETE),
    get("/audit-events", Needs(ReadAudit), audit_events::list).described(describe::audit_events::LIST),
    get("/usage", Needs(ReadKeys), usage::show).described(describe::usage::SHOW),
    get("/usage/hours", Needs(ReadKeys), usage::by_hour).described(describe::usage::BY_HOUR),
    get("/users", Needs(ReadUsers), users::list).described(describe::users::LIST),
    post("/users", NeedsProof(WriteUsers), users::create).described(describe::users::CREATE),
    get("/users/{user_id}", Needs(ReadUsers), users::show).described(describe::users::SHOW),
    patch("/users/{user_id}", NeedsProof(WriteUsers), users::edit).described(describe::users::EDIT),
    delete("/users/{user_id}", NeedsProof(WriteUsers), users::delete).described(describe::users::DELETE),
    post("/users/{user_id}/invite", NeedsProof(WriteUsers), users::invite).described(describe::users::INVITE),
    get("/session", Session, sessions::show).described(describe::sessions::SHOW),
    post("/session", Anyone, sessions::sign_in).described(describe::sessions::SIGN_IN),
    delete("/session", Session, sessions::sign_out).described(describe::sessions::SIGN_OUT),
    post("/session/reauthenticate", Session, sessions::reauthenticate).described(describe::sessions::REAUTHENTICATE),
    post("/session/password", Session, sessions::change_password).described(describe::sessions::CHANGE_PASSWORD),
    get("/sessions", Session, sessions::list).described(describe::sessions::LIST),
    delete("/sessions", Session, sessions::end_others).described(describe::sessions::END_OTHERS),
    delete("/sessions/{session_id}", Session, sessions::end_one).described(describe::sessions::END_ONE),
    post("/invitations/show", Anyone, password_links::show_invitation).described(describe::password_links::SHOW_INVITATION),
    post("/invitations/accept", Anyone, password_links::accept_invitation).described(describe::password_links::ACCEPT),
    post("/password-reset", Anyone, password_links::ask).described(describe::password_links::ASK),
    post("/password-reset/show", Anyone, password_links::show_password_reset)
        .described(describe::password_links::SHOW_PASSWORD_RESET),
    post("/password-reset/confirm", Anyone, password_links::confirm).described(describe::password_links::CONFIRM),
    post("/setup", Anyone, setup::set_up).described(describe::setup::SET_UP),
    post("/setup/show", Anyone, setup::show).described(describe::setup::SHOW),
    get("/webhooks", Needs(ReadWebhooks), webhooks::list).described(describe::webhooks::LIST),
    post("/webhooks", NeedsProof(WriteWebhooks), webhooks::create).described(describe::webhooks::CREATE),
    get("/webhooks/{webhook_id}", Needs(ReadWebhooks), webhooks::show).described(describe::webhooks::SHOW),
    patch("/webhooks/{webhook_id}", Needs(WriteWebhooks), webhooks::edit).described(describe::webhooks::EDIT),
    delete("/webhooks/{webhook_id}", Needs(WriteWebhooks), webhooks::delete).described(describe::webhooks::DELETE),
    post("/webhooks/{webhook_id}/rotate-secret", NeedsProof(WriteWebhooks), webhooks::rotate_secret)
        .described(describe::webhooks::ROTATE_SECRET),
    post("/webhooks/{webhook_id}/test", Needs(WriteWebhooks), webhooks::test).described(describe::webhooks::TEST),
    get("/webhooks/{webhook_id}/deliveries", Needs(ReadWebhooks), webhooks::deliveries).described(describe::webhooks::DELIVERIES),
    post("/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver", Needs(WriteWebhooks), webhooks::redeliver)
        .described(describe::webhooks::REDELIVER),
];
