//! `/forgot-password`

use actix_web::http::StatusCode;
use askama::Template;
use serde_json::json;

use crate::web::api::{ApiError, Method};
use crate::web::dashboard::again::members;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::visit::{Errors, Visit, sentence};

#[derive(Template)]
#[template(path = "dashboard/session/forgot.html")]
struct ForgotPage {
    shell: Shell,
    sends_mail: bool,
    email: String,
    error: Option<String>,
}

/// `GET /forgot-password`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    page(visit, StatusCode::OK, None)
}

/// `POST /forgot-password`: the same answer whether or not there is such a user
pub(in crate::web::dashboard) fn submit(visit: &Visit) -> Result<Reply, PageError> {
    let email = visit.form.trimmed("email");
    if email.is_empty() {
        return page(visit, StatusCode::UNPROCESSABLE_ENTITY, Some("Type the e-mail address of your login.".to_owned()));
    }
    match visit.change(Method::Post, "/password-reset", &[], members(json!({"email": email}))) {
        Ok(_) => Ok(Reply::see_other(visit.to("/sign-in?notice=reset-asked"))),
        Err(error @ ApiError::TooManyTries { .. }) => {
            let (status, _, detail) = error.parts();
            page(visit, status, Some(sentence(&detail)))
        }
        Err(error) => {
            let errors = Errors::from_api(error)?;
            page(visit, StatusCode::UNPROCESSABLE_ENTITY, errors.on("email").map(str::to_owned))
        }
    }
}

fn page(visit: &Visit, status: StatusCode, error: Option<String>) -> Result<Reply, PageError> {
    let shell = Shell::new(visit, "Forgot your password?", Section::None);
    let email = visit.form.trimmed("email").to_owned();
    Reply::page_as(status, &ForgotPage { shell, sends_mail: visit.state.sends_mail, email, error })
}
