//! The management API under `/api/v1`: how a request is read, in this order:
//!
//! 1. *route*: path and method, from the table in [`routes`];
//! 2. *caller*: a bearer token (RFC 6750) or a session, which for a change also has to show that its own page asks; a key's
//!    request is counted against its rate plan;
//! 3. *permission*: the token's scope or the person's role; for what is sensitive, a fresh proof of the password;
//! 4. *body*: media type, size, JSON without repeated members;
//! 5. *operation*: a plain function on a blocking thread; it reads its [`input`], calls a use case, and answers.
//!
//! Errors are problem documents (RFC 9457), made in [`problem`].

mod accounts;
mod answer;
mod api_keys;
mod audit_events;
mod authenticate;
mod call;
mod catalogue;
pub(super) mod cookie;
mod describe;
mod dispatch;
mod documents;
mod idempotency;
mod input;
mod openapi;
mod organizations;
mod password_links;
mod plans;
mod problem;
mod query;
mod reference;
mod refusal;
mod route;
mod routes;
mod server;
mod sessions;
mod setup;
mod signing_keys;
mod unproved;
mod usage;
mod users;
mod webhooks;
mod within;

use super::cursor;

pub(super) use answer::Answer;
pub(super) use dispatch::{a_place, address, configure};
pub(super) use documents::{Documents, description, reference_page, reference_style};
pub(super) use idempotency::RequestsUnderWay;
pub(super) use problem::{ApiError, FieldError, WRONG_PASSWORD};
pub(super) use route::Method;
pub(super) use within::{Inside, Operation};
