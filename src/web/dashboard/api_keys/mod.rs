//! API keys: the list, the form that makes and edits them, the page that shows a secret once, a key's own page, and what
//! can be done with a key.

pub(super) mod actions;
mod activity;
mod holding;
mod key;
pub(super) mod known;
pub(super) mod page;
mod rotation;
mod use_of_key;
pub(super) mod words;
