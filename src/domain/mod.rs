//! The words of the product and the rules that bind them: types that cannot hold an invalid value.
//!
//! Nothing here does I/O or asks for the time; whoever needs the present hands in `now`.

pub mod account;
pub mod actor;
pub mod api_key;
pub mod audit_anchor;
pub mod audit_event;
pub mod catalogue;
pub mod certificate_subject;
pub mod client_secret;
pub mod counted_address;
pub mod delivery;
pub mod email;
pub mod event;
pub mod foreign_client_id;
pub mod grant;
pub mod id;
pub mod invalid;
pub mod ip_allowlist;
pub mod key_entry;
pub mod key_epoch;
pub mod max_payout;
pub mod name;
pub mod network_policy;
pub mod one_time_link;
pub mod organization;
pub mod outbound_url;
pub mod password;
pub mod permission;
pub mod plan;
pub mod profile;
pub mod public_credential;
pub mod rate_plans;
pub mod resource_server;
pub mod role;
pub mod scope;
pub mod session;
pub mod setup_token;
pub mod signing_key;
pub mod time;
pub mod token_id;
mod token_text;
pub mod user;
pub mod webhook;

pub use invalid::Invalid;
