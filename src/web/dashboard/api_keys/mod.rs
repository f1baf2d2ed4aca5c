//! API keys: the list, the form that makes and edits them, and the page that shows a secret once.

pub(super) mod edit;
pub(super) mod known;
pub(super) mod list;
pub(super) mod new;
mod row;
pub(super) mod secret;
mod settings;
mod snippets;
pub(super) mod words;
