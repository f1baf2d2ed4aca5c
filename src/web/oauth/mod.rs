//! The OAuth endpoints, a file for each.

mod documents;
mod status_lists;
mod token;
mod token_lookup;

pub(super) use documents::{jwks, metadata, protected_resource, read_only};
pub(super) use status_lists::{status_list, status_lists};
pub(super) use token::{NONCE, PROOF, hold_refusal, lines, report, token};
pub(super) use token_lookup::{introspect, method_not_allowed, revoke};
