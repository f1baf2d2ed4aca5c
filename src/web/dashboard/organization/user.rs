//! `/users/{user_id}`

use actix_web::http::StatusCode;
use askama::Template;

use super::user_new::{RoleChoice, roles};
use super::users::User;
use crate::web::api::Method;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::view::When;
use crate::web::dashboard::visit::{Errors, Visit};

pub(super) const PATH: &str = "/users/{user_id}";

#[derive(Template)]
#[template(path = "dashboard/organization/user.html")]
struct UserPage {
    shell: Shell,
    user: User,
    /// As it stands in the form.
    name: String,
    roles: Vec<RoleChoice>,
    is_oneself: bool,
    may_write: bool,
    may_read_audit: bool,
    sends_mail: bool,
    admin_manages_keys: bool,
    errors: Errors,
}

/// `GET /users/{user_id}`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    page(visit, StatusCode::OK, Errors::default())
}

/// The page as it is, with what was typed and what is wrong with it.
pub(super) fn page(visit: &Visit, status: StatusCode, errors: Errors) -> Result<Reply, PageError> {
    let user: User = visit.read(PATH, &[("user_id", visit.part("user_id"))], &[])?;
    let typed = |field: &str, otherwise: &str| {
        if visit.form.has(field) { visit.form.trimmed(field).to_owned() } else { otherwise.to_owned() }
    };
    let page = UserPage {
        shell: Shell::new(visit, user.title(), Section::Users),
        name: typed("name", user.name.as_deref().unwrap_or_default()),
        roles: roles(&typed("role", &user.role)),
        is_oneself: visit.current()?.user.id.to_string() == user.id,
        may_write: visit.may(Method::Patch, PATH),
        may_read_audit: visit.may(Method::Get, "/audit-events"),
        sends_mail: visit.state.sends_mail,
        admin_manages_keys: visit.state.management.roles.admin_manages_keys,
        user,
        errors,
    };
    Reply::page_as(status, &page)
}
