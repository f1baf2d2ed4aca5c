//! The verifier and its adapters from outside: real HTTP, real keys, an issuer in the same process that can be told to fail.
//! An identifier such as `pk6` at the beginning of a test's name is the row of the list of requirements that it answers for.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod answers;
mod binding;
mod keys;
mod proofs;
mod status;
mod support;
mod tokens;
