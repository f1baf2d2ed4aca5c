//! The operators' pages.

mod catalogue;
mod health;
mod organizations;
mod plans;
mod roles;
mod signing_keys;

use crate::support::browser::flows;

/// A name that would do harm if it were not escaped.
const EVIL: &str = "<img src=x onerror=alert(1)>";

flows!(both "platform.mjs":
    an_operator_brings_in_a_customer,
    without_script_an_operator_takes_back_what_nobody_uses,
);
