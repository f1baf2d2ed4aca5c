//! The protocol: decisions about requests, synchronous and without I/O.
//!
//! What arrives is read here by parsers of our own, because the framework's are too lenient: they take the last of
//! two equal parameters, replace invalid UTF-8, keep bad escapes and refuse legal spellings of `Basic`.

pub mod access_token;
pub mod basic;
pub mod binding;
pub mod client_auth;
pub mod client_request;
pub mod dpop;
pub mod error;
pub mod form;
pub mod grants;
pub(crate) mod http_grammar;
pub mod introspection;
pub mod media_type;
pub mod metadata;
pub mod scope_parameter;
pub mod status_list;
pub mod token_lookup;
pub mod token_request;
