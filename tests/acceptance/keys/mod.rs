//! API keys through the command line, and what a running server makes of each change.

mod fields;
mod lifecycle;
mod secrets;
