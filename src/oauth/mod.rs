//! The protocol: decisions about requests, synchronous and without I/O.
//!
//! What arrives is read here by parsers of our own, because the framework's are too lenient: they take the last of
//! two equal parameters, replace invalid UTF-8, keep bad escapes and refuse legal spellings of `Basic`.

pub mod basic;
pub mod form;
pub(crate) mod http_grammar;
pub mod media_type;
pub mod scope_parameter;
