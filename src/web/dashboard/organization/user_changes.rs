//! What is done to a user. A refusal, such as that of the last owner's removal, is shown on the user's page.

use actix_web::http::StatusCode;
use serde_json::{Map, Value, json};

use super::user::{PATH, page};
use crate::web::api::{Answer, ApiError, Method};
use crate::web::dashboard::again::members;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::visit::{Errors, Visit};

/// `POST /users/{user_id}`: role and name
pub(in crate::web::dashboard) fn edit(visit: &Visit) -> Result<Reply, PageError> {
    let name = Some(visit.form.trimmed("name")).filter(|name| !name.is_empty());
    change(visit, json!({"name": name, "role": visit.form.text("role")}), "user-changed")
}

/// `POST /users/{user_id}/disable`
pub(in crate::web::dashboard) fn disable(visit: &Visit) -> Result<Reply, PageError> {
    change(visit, json!({"disabled": true}), "user-disabled")
}

/// `POST /users/{user_id}/enable`
pub(in crate::web::dashboard) fn enable(visit: &Visit) -> Result<Reply, PageError> {
    change(visit, json!({"disabled": false}), "user-enabled")
}

/// `POST /users/{user_id}/invite`
pub(in crate::web::dashboard) fn invite(visit: &Visit) -> Result<Reply, PageError> {
    after(visit, ask(visit, Method::Post, "/users/{user_id}/invite", Map::new()), "user-invited")
}

/// `POST /users/{user_id}/remove`
pub(in crate::web::dashboard) fn remove(visit: &Visit) -> Result<Reply, PageError> {
    match ask(visit, Method::Delete, PATH, Map::new()) {
        Ok(_) => Ok(Reply::see_other(visit.to("/users?notice=user-removed"))),
        Err(error) => page(visit, StatusCode::UNPROCESSABLE_ENTITY, Errors::from_api(error)?),
    }
}

fn ask(visit: &Visit, method: Method, path: &'static str, body: Map<String, Value>) -> Result<Answer, ApiError> {
    visit.change(method, path, &[("user_id", visit.part("user_id"))], body)
}

fn change(visit: &Visit, body: Value, notice: &str) -> Result<Reply, PageError> {
    after(visit, ask(visit, Method::Patch, PATH, members(body)), notice)
}

fn after(visit: &Visit, outcome: Result<Answer, ApiError>, notice: &str) -> Result<Reply, PageError> {
    match outcome {
        Ok(_) => Ok(Reply::see_other(visit.to(&format!("/users/{}?notice={notice}", visit.part("user_id"))))),
        Err(error) => page(visit, StatusCode::UNPROCESSABLE_ENTITY, Errors::from_api(error)?),
    }
}
