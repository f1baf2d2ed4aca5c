//! `/setup`: the platform's first operator, with the link that the server prints.

use serde_json::json;

use super::answer::Answer;
use super::call::Call;
use super::input::{present, string, text};
use super::problem::ApiError;
use super::sessions::chosen;
use crate::app::set_up::FirstOperator;
use crate::app::users::UserView;

/// No longer token is looked at.
const LONGEST: usize = 512;

/// `POST /setup/show`
pub(super) fn show(call: &Call) -> Result<Answer, ApiError> {
    let mut input = call.input();
    let token = input.required("token", |value| string(value, LONGEST));
    input.finish()?;
    let expires_at = call.people.look_at_setup(&present(token)?)?;
    Answer::ok(&json!({"expires_at": expires_at}))
}

/// `POST /setup`
pub(super) fn set_up(call: &Call) -> Result<Answer, ApiError> {
    let mut input = call.input();
    let token = input.required("token", |value| string(value, LONGEST));
    let email = input.required("email", text);
    let name = input.nullable("name", text).flatten();
    let password = input.required("password", chosen);
    input.finish()?;
    let first = FirstOperator { email: present(email)?, name };
    let user = call.people.set_up(&present(token)?, first, present(password)?, &call.visitor)?;
    Answer::created(format!("/api/v1/users/{}", user.id), &UserView::from(user))
}
