//! What a client may have: a file for each grant type.

pub mod client_credentials;
