//! Step 2 of the token endpoint: whether the client is who it says (RFC 6749 section 2.3), a file for each method.

pub mod assertion;
mod client_secret;

pub use client_secret::{Recognised, authenticate, check_key, check_state};
