//! What is asked in the middle of something: to sign in, or for the password again. What was being sent is kept in the
//! page that asks, and goes on with the answer, so nothing that somebody has typed is lost.

use actix_web::http::StatusCode;
use askama::Template;
use serde_json::{Map, Value, json};

use super::error::{self, PageError};
use super::form::{CONFIRM_PASSWORD, SIGN_IN_EMAIL, SIGN_IN_PASSWORD};
use super::reply::Reply;
use super::route::{Method as PageMethod, Page};
use super::shell::{Section, Shell};
use super::visit::{Visit, sentence};
use crate::app::caller::Denied;
use crate::domain::session::SessionToken;
use crate::web::api::{Answer, ApiError, Method, WRONG_PASSWORD};

/// Asks in the middle of a form.
#[derive(Template)]
#[template(path = "dashboard/again.html")]
struct AskPage {
    shell: Shell,
    kind: Ask,
    /// What is being done.
    deed: Option<&'static str>,
    /// Where the form goes.
    action: String,
    /// What was being sent.
    kept: Vec<(String, String)>,
    email: String,
    error: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    /// Who it is.
    SignIn,
    /// The password again.
    Password,
    /// Whether it is to be sent in this session.
    Send,
}

/// What is shown instead of a page: a question when an answer to it helps, else what went wrong.
pub(super) fn instead(visit: &Visit, page: &Page, error: PageError) -> Result<Reply, PageError> {
    let is_form = page.method == PageMethod::Post;
    match &error {
        PageError::Api(ApiError::InvalidSession) if !is_form => {
            let next: String = url::form_urlencoded::byte_serialize(visit.path_and_query().as_bytes()).collect();
            let next = if visit.path == "/" { String::new() } else { format!("?next={next}") };
            Ok(Reply::see_other(visit.to(&format!("/sign-in{next}"))))
        }
        PageError::Api(ApiError::InvalidSession) => ask(visit, page, Ask::SignIn, StatusCode::UNAUTHORIZED, None),
        PageError::Api(ApiError::WrongLogin) if visit.form.has(SIGN_IN_EMAIL) => {
            ask(visit, page, Ask::SignIn, StatusCode::UNAUTHORIZED, Some("The e-mail address or the password is wrong."))
        }
        PageError::Api(ApiError::Denied(Denied::ReauthenticationRequired)) => {
            ask(visit, page, Ask::Password, StatusCode::FORBIDDEN, None)
        }
        PageError::Api(ApiError::Refused { code, .. }) if *code == WRONG_PASSWORD && visit.form.has(CONFIRM_PASSWORD) => {
            ask(visit, page, Ask::Password, StatusCode::FORBIDDEN, Some("This is not your password."))
        }
        PageError::Api(wait @ ApiError::TooManyTries { .. }) if visit.form.has(CONFIRM_PASSWORD) => {
            ask(visit, page, Ask::Password, StatusCode::TOO_MANY_REQUESTS, Some(&sentence(&wait.parts().2)))
        }
        PageError::StaleForm => ask(visit, page, Ask::Send, StatusCode::FORBIDDEN, None),
        _ => error::page(visit, &error),
    }
}

fn ask(visit: &Visit, page: &Page, kind: Ask, status: StatusCode, error: Option<&str>) -> Result<Reply, PageError> {
    let title = match kind {
        Ask::SignIn => "Sign in to continue",
        Ask::Password => "Confirm your password",
        Ask::Send => "Send this form?",
    };
    let question = AskPage {
        shell: Shell::new(visit, title, Section::None),
        kind,
        deed: page.deed,
        action: visit.to(&visit.path_and_query()),
        kept: visit.form.kept(),
        email: visit.form.text(SIGN_IN_EMAIL).to_owned(),
        error: error.map(str::to_owned),
    };
    Reply::page_as(status, &question)
}

/// Signs in with what came beside the form; the form then goes on in the new session.
pub(super) fn sign_in(visit: &mut Visit, headers: &mut Vec<(&'static str, String)>) -> Result<(), PageError> {
    let body = json!({"email": visit.form.text(SIGN_IN_EMAIL), "password": visit.form.text(SIGN_IN_PASSWORD)});
    let answer = visit.change(Method::Post, "/session", &[], members(body))?;
    go_on(visit, answer, headers)
}

/// Takes the password that came beside the form as a fresh proof; the session goes on under another token.
pub(super) fn confirm(visit: &mut Visit, headers: &mut Vec<(&'static str, String)>) -> Result<(), PageError> {
    let body = json!({"password": visit.form.text(CONFIRM_PASSWORD)});
    let answer = visit.change(Method::Post, "/session/reauthenticate", &[], members(body))?;
    go_on(visit, answer, headers)
}

/// Goes on in the session whose cookie the answer sets.
fn go_on(visit: &mut Visit, answer: Answer, headers: &mut Vec<(&'static str, String)>) -> Result<(), PageError> {
    let token = answer.headers.iter().find_map(|(_, value)| token_in(value)).ok_or(ApiError::InvalidSession)?;
    headers.extend(answer.headers);
    visit.inside.session = visit.state.people.find_session(&token, visit.inside.now).map_err(ApiError::from)?;
    visit.inside.session_token = Some(token);
    Ok(())
}

fn token_in(cookie: &str) -> Option<SessionToken> {
    SessionToken::parse(cookie.split(';').next()?.split_once('=')?.1)
}

/// The members of an object.
pub(super) fn members(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
