//! The management API from outside.

mod accounts;
mod api_keys;
mod bearer;
mod bodies;
mod catalogue;
mod description;
mod explain;
mod filters;
mod idempotency;
mod many_keys;
mod matrix;
mod organizations;
mod reach;
mod schemathesis;
mod signing_keys;
