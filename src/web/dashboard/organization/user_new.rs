//! `/users/new`

use actix_web::http::StatusCode;
use askama::Template;
use serde_json::json;

use super::require;
use super::users::User;
use crate::domain::role::Role;
use crate::web::api::Method;
use crate::web::dashboard::again::members;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell, role_in_words};
use crate::web::dashboard::visit::{Errors, Visit, parsed};

/// A role to choose.
pub(super) struct RoleChoice {
    pub(super) value: &'static str,
    pub(super) label: &'static str,
    pub(super) chosen: bool,
}

/// Every role, with that of this name chosen.
pub(super) fn roles(chosen: &str) -> Vec<RoleChoice> {
    let choice = |role: Role| RoleChoice { value: role.as_str(), label: role_in_words(role), chosen: role.as_str() == chosen };
    Role::ALL.into_iter().map(choice).collect()
}

#[derive(Template)]
#[template(path = "dashboard/organization/user_new.html")]
struct NewUserPage {
    shell: Shell,
    email: String,
    name: String,
    roles: Vec<RoleChoice>,
    sends_mail: bool,
    admin_manages_keys: bool,
    errors: Errors,
}

/// `GET /users/new`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    require(visit, Method::Post, "/users")?;
    form(visit, StatusCode::OK, Errors::default())
}

/// `POST /users`
pub(in crate::web::dashboard) fn create(visit: &Visit) -> Result<Reply, PageError> {
    let name = Some(visit.form.trimmed("name")).filter(|name| !name.is_empty());
    let body = json!({"email": visit.form.trimmed("email"), "name": name, "role": visit.form.text("role")});
    match visit.change(Method::Post, "/users", &[], members(body)) {
        Ok(answer) => {
            let user: User = parsed(answer)?;
            let notice = if visit.state.sends_mail { "user-invited" } else { "user-created" };
            Ok(Reply::see_other(visit.to(&format!("/users/{}?notice={notice}", user.id))))
        }
        Err(error) => form(visit, StatusCode::UNPROCESSABLE_ENTITY, Errors::from_api(error)?),
    }
}

fn form(visit: &Visit, status: StatusCode, errors: Errors) -> Result<Reply, PageError> {
    let role = Some(visit.form.text("role")).filter(|role| !role.is_empty()).unwrap_or(Role::Developer.as_str());
    let page = NewUserPage {
        shell: Shell::new(visit, "Invite user", Section::Users),
        email: visit.form.trimmed("email").to_owned(),
        name: visit.form.trimmed("name").to_owned(),
        roles: roles(role),
        sends_mail: visit.state.sends_mail,
        admin_manages_keys: visit.state.management.roles.admin_manages_keys,
        errors,
    };
    Reply::page_as(status, &page)
}
