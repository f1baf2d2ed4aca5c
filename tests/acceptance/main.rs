//! Claviger from outside: the real program as a process, real HTTP, its own database for each test, SQLite and
//! PostgreSQL alike. What is expected here stands in the product's contract; an identifier such as `ca4` at the
//! beginning of a test's name is the row of the list of requirements that the test answers for.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod api;
mod apply;
mod architecture;
mod assertions;
mod audit;
mod cli;
mod dashboard;
mod documents;
mod dpop;
mod faults;
mod foreign;
mod import;
mod keys;
mod manual;
mod notifications;
mod operations;
mod people;
mod rate_plans;
mod signing_keys;
mod status_lists;
mod support;
mod token_endpoint;
mod token_lookup;
mod usage;
