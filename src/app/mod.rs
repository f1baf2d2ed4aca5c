//! The use cases: what the server and its command line do, a file for each.

pub mod apply;
pub mod audit;
pub mod audit_csv;
mod authenticate_by_assertion;
mod authenticate_by_certificate;
mod authenticate_client;
pub mod bearer;
pub mod bootstrap;
pub mod caller;
pub mod catalogue;
pub mod change_api_key;
mod client_keys;
mod clients_without_secrets;
pub mod create_account;
pub mod create_api_key;
pub mod create_organization;
pub mod delete_from_catalogue;
pub mod demo;
mod dpop;
mod error;
pub mod explain_token;
mod failures;
pub mod finding;
mod foreign_secrets;
pub mod import_keys;
pub mod introspect_token;
pub mod issue_token;
pub mod judge_token;
mod key_epochs;
pub mod key_reach;
mod key_uses;
pub mod limits;
pub mod list_audit;
mod live_token;
pub mod login;
mod login_brakes;
pub mod maintain;
pub mod management;
mod metrics;
pub mod notify;
mod one_time;
pub mod organizations;
mod passwords;
pub mod people;
pub mod plans;
pub mod profiles;
mod recent_uses;
pub mod refusals;
pub mod rename;
pub mod revoke_token;
pub mod server_status;
pub mod set_up;
pub mod show_api_key;
pub mod show_catalogue;
pub mod show_organization_usage;
pub mod show_rate_limit;
pub mod show_usage;
pub mod show_webhooks;
pub mod signing_keys;
pub mod status_lists;
mod together;
pub mod usage_counts;
pub mod user_links;
pub mod user_sessions;
pub mod users;
mod uses;
pub mod verify_audit;
pub mod webhooks;

pub use client_keys::ClientKeys;
pub use error::AppError;
pub use failures::{FailureLimits, Failures};
pub use foreign_secrets::ForeignSecrets;
pub use management::{Management, Work};
pub use metrics::{Metrics, install_recorder};
pub use one_time::{OneTimeKind, OneTimeProofs};
pub use people::People;
pub use revoke_token::Revocations;
pub use uses::Uses;

use crate::crypto::CryptoError;
use crate::crypto::random;

/// The random half of a new identifier.
fn random_bits() -> Result<u128, CryptoError> {
    Ok(u128::from_be_bytes(random::bytes::<16>()?))
}

/// A page out of `limit` things and perhaps one more; whether there was that one more.
fn page_of<T>(mut found: Vec<T>, limit: i64) -> (Vec<T>, bool) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = found.len() > limit;
    found.truncate(limit);
    (found, has_more)
}
