//! The management API from outside.

mod accounts;
mod api_keys;
mod bearer;
mod bodies;
mod catalogue;
mod filters;
mod idempotency;
mod organizations;
mod reach;
mod signing_keys;
