//! `/session` and `/sessions`: signing in and out, the password again, one's own sessions.

use actix_web::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::answer::Answer;
use super::call::Call;
use super::cookie;
use super::input::{present, string};
use super::problem::{ApiError, WRONG_PASSWORD};
use crate::app::login::SignedIn;
use crate::app::people::LoginError;
use crate::app::user_sessions::{self, CurrentUser, list_sessions};
use crate::app::users::UserView;
use crate::domain::Invalid;
use crate::domain::id::SessionId;
use crate::domain::password::Password;
use crate::domain::session::{PROOF_SECONDS, Session, SessionToken};
use crate::domain::time::Timestamp;

/// No longer text is looked at: a body has no more.
const LONGEST: usize = 65_536;

/// A password as somebody types it; its rules are not asked here.
pub(super) fn presented(value: &Value) -> Result<Password, Invalid> {
    string(value, LONGEST).map(Password::presented)
}

/// A password as somebody chooses it; its rules are asked by the use case, which knows whose it will be.
pub(super) fn chosen(value: &Value) -> Result<String, Invalid> {
    string(value, LONGEST)
}

/// `POST /session`
pub(super) fn sign_in(call: &Call) -> Result<Answer, ApiError> {
    let mut input = call.input();
    let email = input.required("email", |value| string(value, LONGEST));
    let password = input.required("password", presented);
    input.finish()?;
    let signed_in = call.people.sign_in(&present(email)?, present(password)?, &call.visitor, call.session_token.clone())?;
    answer(call, &signed_in)
}

/// `GET /session`
pub(super) fn show(call: &Call) -> Result<Answer, ApiError> {
    call.query.allow(&[])?;
    let token = call.session_token.as_ref().ok_or(ApiError::Unauthenticated)?;
    Answer::ok(&described(call, call.session()?, token))
}

/// `DELETE /session`
pub(super) fn sign_out(call: &Call) -> Result<Answer, ApiError> {
    call.no_input()?;
    let current = call.session()?;
    let answer = call.change(|work| {
        user_sessions::sign_out(work, current)?;
        Ok(Answer::no_content())
    })?;
    Ok(Answer { headers: vec![cookie::clear()], ..answer })
}

/// `POST /session/reauthenticate`
pub(super) fn reauthenticate(call: &Call) -> Result<Answer, ApiError> {
    let mut input = call.input();
    let password = input.required("password", presented);
    input.finish()?;
    let current = call.session()?;
    let renewed = call.people.reauthenticate(&current.user, current.session.id, present(password)?, &call.visitor);
    answer(call, &renewed.map_err(wrong_password)?)
}

/// `POST /session/password`
pub(super) fn change_password(call: &Call) -> Result<Answer, ApiError> {
    let mut input = call.input();
    let (old, new) = (input.required("current_password", presented), input.required("new_password", chosen));
    input.finish()?;
    let current = call.session()?;
    let renewed = call.people.change_password(&current.user, current.session.id, present(old)?, present(new)?, &call.visitor);
    answer(call, &renewed.map_err(wrong_password)?)
}

/// The session goes on, so it is no 401.
fn wrong_password(error: LoginError) -> ApiError {
    match error {
        LoginError::Refused => ApiError::refused(StatusCode::FORBIDDEN, WRONG_PASSWORD, "this is not your password"),
        other => other.into(),
    }
}

/// Who has signed in, with the new cookie.
fn answer(call: &Call, signed_in: &SignedIn) -> Result<Answer, ApiError> {
    let current = call.people.find_session(&signed_in.token, call.now)?.ok_or(ApiError::InvalidSession)?;
    let answer = Answer::ok(&described(call, &current, &signed_in.token))?;
    Ok(Answer { headers: vec![cookie::set(&signed_in.token)], ..answer })
}

fn described(call: &Call, current: &CurrentUser, token: &SessionToken) -> Value {
    let session = &current.session;
    json!({
        "user": UserView::from(current.user.clone()),
        "organization": current.organization,
        "csrf_token": call.people.key.csrf_token(token),
        "session_id": session.id,
        "has_fresh_proof": session.has_fresh_proof(call.now),
        "proof_expires_at": session.proved_at.plus_seconds(PROOF_SECONDS),
        "expires_at": session.expires_at,
    })
}

/// A session as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(super) struct SessionView {
    /// `sess_…`
    id: SessionId,
    /// Whether it is the one that asks.
    current: bool,
    /// When you signed in.
    created_at: Timestamp,
    /// When it was last used; may lag by a minute.
    last_seen_at: Timestamp,
    /// When it ends, used or not.
    expires_at: Timestamp,
    /// From where you signed in.
    #[schema(value_type = Option<String>, example = "192.0.2.7")]
    address: Option<std::net::IpAddr>,
    /// With what.
    user_agent: Option<String>,
}

/// `GET /sessions`
pub(super) fn list(call: &Call) -> Result<Answer, ApiError> {
    call.query.allow(&[])?;
    let current = call.session()?;
    let view = |session: Session| SessionView {
        id: session.id,
        current: session.id == current.session.id,
        created_at: session.created_at,
        last_seen_at: session.last_seen_at,
        expires_at: session.expires_at,
        address: session.address,
        user_agent: session.user_agent,
    };
    let all: Vec<SessionView> = list_sessions(&call.people, current.user.id, call.now)?.into_iter().map(view).collect();
    Answer::page(&all, None)
}

/// `DELETE /sessions/{session_id}`
pub(super) fn end_one(call: &Call) -> Result<Answer, ApiError> {
    call.no_input()?;
    let (current, id) = (call.session()?, call.id("session_id")?);
    call.change(|work| {
        user_sessions::end_session(work, current, id)?;
        Ok(Answer::no_content())
    })
}

/// `DELETE /sessions`: all but the one that asks
pub(super) fn end_others(call: &Call) -> Result<Answer, ApiError> {
    call.no_input()?;
    let current = call.session()?;
    call.change(|work| {
        user_sessions::end_other_sessions(work, current)?;
        Ok(Answer::no_content())
    })
}
