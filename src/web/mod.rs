//! What speaks HTTP.

mod api;
mod body;
mod cacheable;
mod client_certificate;
pub mod client_ip;
mod connections;
pub mod cursor;
mod dashboard;
mod error;
mod exchange;
mod health;
mod metrics;
mod oauth;
mod rate_limit;
mod request_id;
mod routes;
mod server;
pub mod session_cookie;
mod state;
mod tls;

pub use server::{RunningServer, ServerError, load_tls, start};
pub use state::{State, StateParts};
