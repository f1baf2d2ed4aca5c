//! The OAuth endpoints, a file for each.

mod documents;
mod token;

pub(super) use documents::{jwks, metadata};
pub(super) use token::token;
