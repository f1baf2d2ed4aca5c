//! Signing in and out.

pub(super) mod sign_in;
pub(super) mod sign_out;
