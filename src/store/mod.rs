//! The only home of diesel: one enum over SQLite and PostgreSQL, a file per table, and the change feed.
//!
//! Reads go through [`Db::read`], writes through [`Db::write`]; both hand out what the functions of this module take.

#[macro_use]
mod insert_rows;

pub mod accounts;
pub mod announcements;
pub mod api_keys;
pub mod audit_events;
pub mod catalogue;
pub mod changes;
mod connection;
mod db;
pub mod deliveries;
mod error;
pub mod events;
pub mod foreign_client_ids;
pub mod idempotent_requests;
pub mod key_entries;
pub mod key_epochs;
pub mod key_list;
pub mod key_uses;
pub mod last_uses;
pub mod leases;
pub mod meta;
pub mod migrations;
pub mod names;
pub mod organizations;
mod patience;
pub mod pending_mails;
pub mod plans;
pub mod rates;
pub mod recent_secret_uses;
pub mod revoked_tokens;
mod schema;
mod search;
pub mod secret_uses;
pub mod secrets;
pub mod sessions;
pub mod shown_deliveries;
pub mod signing_keys;
mod url;
pub mod usage;
pub mod usage_sums;
pub mod used_proofs;
pub mod user_links;
pub mod users;
pub mod webhooks;

pub use changes::Change;
pub use connection::DbConnection;
pub use db::{Db, DbOptions, WriteTransaction};
pub use error::StoreError;
pub use patience::Patience;
pub use url::DatabaseUrl;

/// A text that stands behind every identifier of this prefix, whatever the database's collation.
fn after_every_id(prefix: &str) -> String {
    format!("{prefix}{}", "z".repeat(26))
}
