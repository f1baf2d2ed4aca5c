//! `/setup`: the platform's first operator, with the link that the server prints.

use actix_web::http::StatusCode;
use askama::Template;
use serde_json::json;

use super::link_cookie::SETUP;
use super::new_password;
use crate::web::api::Method;
use crate::web::dashboard::again::members;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::visit::{Errors, Visit};

#[derive(Template)]
#[template(path = "dashboard/session/setup.html")]
struct SetupPage {
    shell: Shell,
    token: String,
    name: String,
    email: String,
    errors: Errors,
}

#[derive(Template)]
#[template(path = "dashboard/session/dead_setup.html")]
struct DeadSetupPage {
    shell: Shell,
}

/// `GET /setup`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    match SETUP.hide(visit) {
        Some(reply) => Ok(reply),
        None => page(visit, StatusCode::OK, Errors::default()),
    }
}

/// `POST /setup`
pub(in crate::web::dashboard) fn submit(visit: &Visit) -> Result<Reply, PageError> {
    let password = match new_password::of(&visit.form) {
        Ok(password) => password,
        Err(errors) => return page(visit, StatusCode::UNPROCESSABLE_ENTITY, errors),
    };
    let name = Some(visit.form.trimmed("name")).filter(|name| !name.is_empty());
    let body = json!({
        "token": SETUP.token(visit), "email": visit.form.trimmed("email"), "name": name, "password": password,
    });
    match visit.change(Method::Post, "/setup", &[], members(body)) {
        Ok(_) => Ok(SETUP.forget(Reply::see_other(visit.to("/sign-in?notice=set-up")))),
        Err(error) => {
            let errors = Errors::from_api(error)?;
            if errors.on("token").is_some() { dead(visit) } else { page(visit, StatusCode::UNPROCESSABLE_ENTITY, errors) }
        }
    }
}

fn page(visit: &Visit, status: StatusCode, errors: Errors) -> Result<Reply, PageError> {
    let token = SETUP.token(visit);
    if let Err(error) = visit.change(Method::Post, "/setup/show", &[], members(json!({"token": token}))) {
        Errors::from_api(error)?;
        return dead(visit);
    }
    let shell = Shell::new(visit, "Set up Claviger", Section::None);
    let (name, email) = (visit.form.trimmed("name").to_owned(), visit.form.trimmed("email").to_owned());
    Reply::page_as(status, &SetupPage { shell, token, name, email, errors })
}

fn dead(visit: &Visit) -> Result<Reply, PageError> {
    let shell = Shell::new(visit, "This link does not work any more", Section::None);
    Ok(SETUP.forget(Reply::page_as(StatusCode::GONE, &DeadSetupPage { shell })?))
}
