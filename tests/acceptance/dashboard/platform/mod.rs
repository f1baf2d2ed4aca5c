//! The operators' pages.

mod catalogue;
mod health;
mod organizations;
mod plans;
mod roles;
mod signing_keys;

/// A name that would do harm if it were not escaped.
const EVIL: &str = "<img src=x onerror=alert(1)>";
