//! `/profile/password`

use actix_web::http::StatusCode;
use serde_json::json;

use super::show::page;
use crate::web::api::{ApiError, Method, WRONG_PASSWORD};
use crate::web::dashboard::again::members;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::session::new_password;
use crate::web::dashboard::visit::{Errors, Visit};

/// `POST /profile/password`
pub(in crate::web::dashboard) fn submit(visit: &Visit) -> Result<Reply, PageError> {
    let chosen = match new_password::of(&visit.form) {
        Ok(chosen) => chosen,
        Err(errors) => return page(visit, StatusCode::UNPROCESSABLE_ENTITY, errors),
    };
    let body = json!({"current_password": visit.form.text("current_password"), "new_password": chosen});
    let mut errors = Errors::default();
    match visit.change(Method::Post, "/session/password", &[], members(body)) {
        Ok(answer) => Ok(Reply::see_other(visit.to("/profile?notice=password-changed")).with_headers_of(&answer)),
        Err(ApiError::Refused { code: WRONG_PASSWORD, .. }) => {
            errors.add("current_password", "this is not your password");
            page(visit, StatusCode::UNPROCESSABLE_ENTITY, errors)
        }
        Err(error @ ApiError::TooManyTries { .. }) => {
            let (status, _, detail) = error.parts();
            errors.add("current_password", &detail);
            page(visit, status, errors)
        }
        Err(error) => page(visit, StatusCode::UNPROCESSABLE_ENTITY, Errors::from_api(error)?),
    }
}
