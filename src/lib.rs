//! Claviger: an OAuth 2.0 authorization server for machines.
//!
//! The map of this tree; imports point downwards only, and a test keeps it so:
//!
//! - [`cli`]: the command line, a file for each command.
//! - [`client`]: what the command line needs to talk to a server.
//! - [`web`]: what speaks HTTP.
//! - [`app`]: the use cases, a file for each.
//! - [`config`]: settings from flags, the environment and a file.
//! - [`directory`]: what requests need, in memory, kept true by the change feed.
//! - [`outbound`]: what this server sends to others by itself: webhooks and mail.
//! - [`store`]: both databases and the change feed; the only home of diesel.
//! - [`oauth`]: the protocol: parsers and decisions; no I/O, no clock.
//! - [`crypto`]: keys, digests, tokens; the only home of the cryptographic libraries.
//! - [`domain`]: the words of the product and their rules; no I/O, no clock.
//! - [`clock`]: the only caller of the wall clock.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        reason = "a test fails by panicking"
    )
)]

pub mod app;
pub mod cli;
pub mod client;
pub mod clock;
pub mod config;
pub mod crypto;
pub mod directory;
pub mod domain;
pub mod oauth;
pub mod outbound;
pub mod store;
pub mod web;

// What the fuzz targets check is checked here too, on their corpora and on generated inputs.
#[cfg(test)]
extern crate self as claviger;
#[cfg(test)]
#[path = "../fuzz/invariants/mod.rs"]
mod fuzz_invariants;
