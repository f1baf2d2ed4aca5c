//! What the description of the API (OpenAPI) says of each route, beside what the table of routes says itself: a file for
//! each resource, with the bodies that its operations read.

pub(super) mod accounts;
pub(super) mod api_keys;
pub(super) mod audit_events;
pub(super) mod catalogue;
mod operation;
pub(super) mod organizations;
mod parameters;
pub(super) mod password_links;
pub(super) mod plans;
pub(super) mod server;
pub(super) mod sessions;
pub(super) mod setup;
pub(super) mod signing_keys;
pub(super) mod usage;
pub(super) mod users;
pub(super) mod webhooks;
mod words;

pub(super) use operation::{Doc, Part};
pub(super) use parameters::{PATH_PARAMETERS, Parameter};
