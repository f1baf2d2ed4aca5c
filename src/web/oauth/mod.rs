//! The OAuth endpoints, a file for each.

mod documents;
mod token;

pub(super) use documents::{jwks, metadata};
pub(super) use token::{hold_refusal, method_not_allowed, report, token};
