//! API keys: the list, the form that makes and edits them, and the page that shows a secret once.

pub(super) mod known;
pub(super) mod words;
