//! API keys: the list, the form that makes and edits them, the page that shows a secret once, a key's own page, and what
//! can be done with a key.

pub(super) mod actions;
mod activity;
pub(super) mod credential;
pub(super) mod edit;
mod holding;
mod key;
pub(super) mod known;
pub(super) mod list;
pub(super) mod new;
pub(super) mod page;
mod rotation;
mod row;
pub(super) mod secret;
mod settings;
pub(super) mod snippets;
mod use_of_key;
pub(super) mod without_secret;
pub(super) mod words;
