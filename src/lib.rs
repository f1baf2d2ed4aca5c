//! Claviger: an OAuth 2.0 authorization server for machines.
//!
//! The map of this tree; imports point downwards only, and a test keeps it so:
//!
//! - [`web`]: what speaks HTTP.
//! - [`store`]: both databases and the change feed; the only home of diesel.
//! - [`oauth`]: the protocol: parsers and decisions; no I/O, no clock.
//! - [`domain`]: the words of the product and their rules; no I/O, no clock.
//! - [`clock`]: the only caller of the wall clock.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod clock;
pub mod domain;
pub mod oauth;
pub mod store;
pub mod web;

// What the fuzz targets check is checked here too, on their corpora and on generated inputs.
#[cfg(test)]
extern crate self as claviger;
#[cfg(test)]
#[path = "../fuzz/invariants/mod.rs"]
mod fuzz_invariants;
