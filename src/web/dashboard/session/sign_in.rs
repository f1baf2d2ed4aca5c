//! `/sign-in`

use actix_web::http::StatusCode;
use askama::Template;
use serde_json::json;

use crate::web::api::{ApiError, Method};
use crate::web::dashboard::again::members;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::visit::{Visit, sentence};

#[derive(Template)]
#[template(path = "dashboard/sign_in.html")]
struct SignInPage {
    shell: Shell,
    email: String,
    next: String,
    error: Option<String>,
}

/// `GET /sign-in`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    if visit.inside.session.is_some() {
        return Ok(Reply::see_other(visit.to(&own_path(visit.query.text("next")))));
    }
    page(visit, StatusCode::OK, visit.query.text("next"), None)
}

/// `POST /sign-in`
pub(in crate::web::dashboard) fn submit(visit: &Visit) -> Result<Reply, PageError> {
    let next = visit.form.text("next");
    let body = json!({"email": visit.form.trimmed("email"), "password": visit.form.text("password")});
    match visit.change(Method::Post, "/session", &[], members(body)) {
        Ok(answer) => Ok(Reply::see_other(visit.to(&own_path(next))).with_headers_of(&answer)),
        Err(error @ (ApiError::WrongLogin | ApiError::TooManyTries { .. } | ApiError::Busy)) => {
            let (status, _, detail) = error.parts();
            page(visit, status, next, Some(sentence(&detail)))
        }
        Err(other) => Err(other.into()),
    }
}

fn page(visit: &Visit, status: StatusCode, next: &str, error: Option<String>) -> Result<Reply, PageError> {
    let shell = Shell::new(visit, "Sign in", Section::None);
    let email = visit.form.trimmed("email").to_owned();
    Reply::page_as(status, &SignInPage { shell, email, next: own_path(next), error })
}

/// Where to go afterwards: a page of this server, whatever the address says.
fn own_path(next: &str) -> String {
    let is_own = next.starts_with('/')
        && !next.starts_with("//")
        && next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
        && !next.starts_with("/sign-in");
    if is_own { next.to_owned() } else { "/".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn nobody_is_sent_to_another_site() {
        assert_eq!(own_path("/api-keys?state=active"), "/api-keys?state=active");
        for evil in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "/sign-in?next=/sign-in",
            "api-keys",
        ] {
            assert_eq!(own_path(evil), "/", "{evil}");
        }
    }
}
