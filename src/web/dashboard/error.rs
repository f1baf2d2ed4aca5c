//! Why there is no page, and the page that says so.

use actix_web::http::StatusCode;
use askama::Template;

use super::reply::Reply;
use super::shell::{Section, Shell};
use super::visit::{Visit, sentence};
use crate::web::api::ApiError;

/// Why there is no page.
#[derive(Debug)]
pub(super) enum PageError {
    /// An operation refused or failed.
    Api(ApiError),
    /// There is no such page.
    NotFound,
    /// The form was not sent by a page of this server.
    CrossSite,
    /// The form is another session's.
    StaleForm,
}

impl From<ApiError> for PageError {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

#[derive(Template)]
#[template(path = "dashboard/error.html")]
struct ErrorPage<'a> {
    shell: Shell,
    status: u16,
    heading: &'a str,
    text: String,
    request_id: &'a str,
}

/// The page that tells of an error.
pub(super) fn page(visit: &Visit, error: &PageError) -> Result<Reply, PageError> {
    let (status, heading, text) = words(error);
    let shell = Shell::new(visit, heading, Section::None);
    let page = ErrorPage { shell, status: status.as_u16(), heading, text, request_id: &visit.inside.visitor.request_id };
    Ok(with_wait(Reply::page_as(status, &page)?, error))
}

fn words(error: &PageError) -> (StatusCode, &'static str, String) {
    match error {
        PageError::NotFound => {
            (StatusCode::NOT_FOUND, "Not found", "There is nothing here, or it is not yours to see.".to_owned())
        }
        PageError::CrossSite => {
            (StatusCode::FORBIDDEN, "Not from here", "Another site's page asked for this, so nothing was done.".to_owned())
        }
        PageError::StaleForm => (StatusCode::FORBIDDEN, "Out of date", "The form was opened in another session.".to_owned()),
        PageError::Api(error) => {
            let (status, _, detail) = error.parts();
            let heading = match status {
                StatusCode::NOT_FOUND => return words(&PageError::NotFound),
                StatusCode::FORBIDDEN => "Not allowed",
                StatusCode::TOO_MANY_REQUESTS => "Too many tries",
                StatusCode::SERVICE_UNAVAILABLE => "Not available now",
                status if status.is_server_error() => "Something failed",
                _ => "That did not work",
            };
            (status, heading, sentence(&detail))
        }
    }
}

/// How long to wait, where waiting helps.
fn with_wait(reply: Reply, error: &PageError) -> Reply {
    match error {
        PageError::Api(ApiError::TooManyTries { retry_after_seconds } | ApiError::RateLimited { retry_after_seconds }) => {
            reply.with_header("retry-after", retry_after_seconds.to_string())
        }
        PageError::Api(ApiError::Unavailable { .. } | ApiError::Busy) => reply.with_header("retry-after", "1".to_owned()),
        _ => reply,
    }
}
