//! Every route of the management API and who may call it, on one screen.

use super::route::Access::{Needs, NeedsProof};
use super::route::{Route, delete, get, patch, post};
use super::{api_keys, plans};
use crate::domain::permission::Permission::{CreateKeys, ManageKeys, ReadKeys, ReadPlans, WritePlans};

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
];
