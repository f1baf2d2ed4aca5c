//! What speaks HTTP.

pub mod client_ip;
