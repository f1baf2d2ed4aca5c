//! `/api-keys`: the list of keys, a key's page, and what can be done with it.

pub(super) mod actions;
mod activity;
mod holding;
mod key;
pub(super) mod page;
mod rotation;
mod use_of_key;
