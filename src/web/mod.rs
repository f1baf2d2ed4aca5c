//! What speaks HTTP.

mod body;
pub mod client_ip;
mod error;
mod health;
mod metrics;
mod oauth;
mod request_id;
mod routes;
mod server;
mod state;
mod tls;

pub use server::{RunningServer, ServerError, check_transport, start};
pub use state::{State, StateParts};
