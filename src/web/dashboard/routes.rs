//! Every page, on one screen.

use super::api_keys::actions::{delete, duplicate, regenerate, switch};
use super::route::{Page, get, post};
use super::{api_keys, home, session, try_it, usage};

/// The table.
pub(super) const PAGES: &[Page] = &[
    get("/", home::show),
    get("/sign-in", session::sign_in::show).for_anyone(),
    post("/sign-in", session::sign_in::submit).for_anyone(),
    post("/sign-out", session::sign_out::submit),
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
    // the platform
];
