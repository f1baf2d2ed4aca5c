//! Claviger: an OAuth 2.0 authorization server for machines.
//!
//! The map of this tree; imports point downwards only, and a test keeps it so:
//!
//! - [`domain`]: the words of the product and their rules; no I/O, no clock.
//! - [`clock`]: the only caller of the wall clock.
//! - [`store`]: both databases and the change feed; the only home of diesel.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod clock;
pub mod domain;
pub mod store;
