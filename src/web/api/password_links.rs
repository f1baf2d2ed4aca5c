//! `/invitations` and `/password-reset`: what people without a password of their own can do.

use actix_web::http::StatusCode;
use serde_json::json;

use super::answer::Answer;
use super::call::Call;
use super::input::{present, string};
use super::problem::ApiError;
use super::sessions::chosen;
use crate::domain::one_time_link::LinkPurpose;

/// No longer token or address is looked at.
const LONGEST: usize = 512;

/// `POST /password-reset`: the same answer whether or not there is such a user
pub(super) fn ask(call: &Call) -> Result<Answer, ApiError> {
    let mut input = call.input();
    let email = input.required("email", |value| string(value, LONGEST));
    input.finish()?;
    call.people.ask_for_password_reset(&present(email)?, &call.visitor)?;
    let answer = Answer::ok(&json!({"detail": "if there is a user with this e-mail address, a link is on its way"}))?;
    Ok(Answer { status: StatusCode::ACCEPTED, ..answer })
}

/// `POST /invitations/show`
pub(super) fn show_invitation(call: &Call) -> Result<Answer, ApiError> {
    show(call, LinkPurpose::Invitation)
}

/// `POST /password-reset/show`
pub(super) fn show_password_reset(call: &Call) -> Result<Answer, ApiError> {
    show(call, LinkPurpose::PasswordReset)
}

fn show(call: &Call, purpose: LinkPurpose) -> Result<Answer, ApiError> {
    let mut input = call.input();
    let token = input.required("token", |value| string(value, LONGEST));
    input.finish()?;
    Answer::ok(&call.people.look_at_link(purpose, &present(token)?)?)
}

/// `POST /invitations/accept`
pub(super) fn accept_invitation(call: &Call) -> Result<Answer, ApiError> {
    with_link(call, LinkPurpose::Invitation)
}

/// `POST /password-reset/confirm`
pub(super) fn confirm(call: &Call) -> Result<Answer, ApiError> {
    with_link(call, LinkPurpose::PasswordReset)
}

fn with_link(call: &Call, purpose: LinkPurpose) -> Result<Answer, ApiError> {
    let mut input = call.input();
    let token = input.required("token", |value| string(value, LONGEST));
    let password = input.required("password", chosen);
    input.finish()?;
    call.people.use_link(purpose, &present(token)?, present(password)?, &call.visitor)?;
    Ok(Answer::no_content())
}
