//! The management API from outside.

mod api_keys;
mod bearer;
mod bodies;
mod idempotency;
mod reach;
