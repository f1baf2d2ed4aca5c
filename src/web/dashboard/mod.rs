//! The dashboard: pages for people, rendered here, usable without script. A request is read in this order:
//!
//! 1. *page*: path and method, from the table in [`routes`];
//! 2. *site*: a form must have been sent by a page of this server, as the browser says itself;
//! 3. *session*: the cookie's; who has none signs in first, and what was being sent is kept meanwhile;
//! 4. *form*: its token must be the session's;
//! 5. *page's own function*: it asks operations of the management API ([`visit::Visit::run`]) and shows what they answer.
//!
//! Pages have no rules of their own: permissions, checks of input and the audit log are those of the operations. When an
//! operation wants a fresh proof, the password is asked for and the same form sent on ([`again`]).

mod again;
mod api_keys;
mod assets;
mod dispatch;
mod duration;
mod error;
mod form;
mod home;
mod notice;
mod operator;
mod organization;
mod profile;
mod reply;
mod route;
mod routes;
mod session;
mod shell;
mod shown_once;
mod try_it;
mod usage;
mod view;
mod visit;

pub(super) use dispatch::{configure, not_found};
