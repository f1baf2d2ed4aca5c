//! The organization: its name and accounts, its people, its webhooks, its audit log.

pub(super) mod account;
pub(super) mod accounts;
pub(super) mod audit_export;
mod audit_filter;
pub(super) mod audit_log;
mod audit_words;
mod pager;
pub(super) mod settings;
pub(super) mod user;
pub(super) mod user_changes;
pub(super) mod user_new;
pub(super) mod users;

pub(super) mod webhook;
pub(super) mod webhook_changes;
pub(super) mod webhook_form;
pub(super) mod webhook_list;
pub(super) mod webhook_secret;

use crate::app::caller::Denied;
use crate::web::api::{ApiError, Method};
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::visit::Visit;

/// A form that leads to an operation is for those who may ask for it; the operation refuses the others anyway.
fn require(visit: &Visit, method: Method, path: &'static str) -> Result<(), PageError> {
    visit.current()?;
    if visit.may(method, path) { Ok(()) } else { Err(ApiError::from(Denied::Role).into()) }
}
