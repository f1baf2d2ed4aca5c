//! A key's settings, as the forms and the page of a secret need them.

use serde::Deserialize;

use super::credential::Credential;
use super::words::Holding;
use crate::domain::time::Timestamp;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::visit::Visit;

/// A key with what its form shows.
#[derive(Debug, Deserialize)]
pub(super) struct SetKey {
    pub(super) client_id: String,
    pub(super) name: String,
    #[serde(flatten)]
    pub(super) holding: Holding,
    #[serde(flatten)]
    pub(super) settings: KeySettings,
    pub(super) updated_at: Timestamp,
}

/// What an edit may change.
#[derive(Debug, Deserialize)]
pub(super) struct KeySettings {
    pub(super) ip_allowlist: Vec<String>,
    pub(super) max_payout: Option<String>,
    pub(super) token_lifetime_seconds: i64,
    pub(super) plan: Option<String>,
    pub(super) expires_at: Option<Timestamp>,
    #[serde(flatten)]
    pub(super) credential: Credential,
}

impl SetKey {
    /// The key that the page's path names.
    pub(super) fn of_path(visit: &Visit) -> Result<Self, PageError> {
        visit.read("/api-keys/{client_id}", &[("client_id", visit.part("client_id"))], &[])
    }
}
