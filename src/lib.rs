//! Claviger: an OAuth 2.0 authorization server for machines.
//!
//! The map of this tree; imports point downwards only, and a test keeps it so:
//!
//! - [`crypto`]: keys, digests, sealed private keys, tokens signed and verified; the only home of cryptographic crates;
//! - [`domain`]: the words of the product and their rules; no I/O, no clock.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod crypto;
pub mod domain;
