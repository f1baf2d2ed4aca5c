//! `POST /connect/token`, decision by decision.

mod allowlist;
mod answer;
mod brute_force;
mod client_auth;
mod credentials;
mod grant_type;
mod order;
mod resource;
mod scope;
mod targets;
mod timing;
mod transport;
