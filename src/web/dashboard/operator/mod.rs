//! The pages of the platform's operators: its customers, what they may ask, what there is to ask for, the keys that sign,
//! and how the server is.

pub(super) mod catalogue;
mod field;
pub(super) mod health;
mod limits;
mod listing;
pub(super) mod organization;
pub(super) mod organizations;
pub(super) mod plans;
pub(super) mod signing_keys;

use super::error::PageError;
use super::visit::Visit;
use crate::app::caller::Denied;
use crate::web::api::{ApiError, Method};

/// Refuses a page with nothing but a form to those who could not send it.
fn require(visit: &Visit, method: Method, path: &'static str) -> Result<(), PageError> {
    if visit.may(method, path) {
        return Ok(());
    }
    let denied = if visit.current()?.organization.platform { Denied::Role } else { Denied::OperatorsOnly };
    Err(ApiError::Denied(denied).into())
}
