//! What a page answers, and the headers that all pages have.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use askama::Template;

use super::error::PageError;
use crate::web::api::{Answer, ApiError};

/// Scripts, styles and pictures from this server alone, nothing inline, in nobody's frame; forms go nowhere else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// A page, or the way to another.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    status: StatusCode,
    content_type: &'static str,
    body: Vec<u8>,
    headers: Vec<(&'static str, String)>,
}

impl Reply {
    /// A page.
    pub(super) fn page(template: &impl Template) -> Result<Self, PageError> {
        Self::page_as(StatusCode::OK, template)
    }

    /// A page that tells of a failure, or a form that has to be filled in again.
    pub(super) fn page_as(status: StatusCode, template: &impl Template) -> Result<Self, PageError> {
        let body = template.render().map_err(ApiError::internal)?.into_bytes();
        Ok(Self { status, content_type: "text/html; charset=utf-8", body, headers: Vec::new() })
    }

    /// After a change: the browser goes on to look at `location` (RFC 9110 section 15.4.4).
    pub(super) fn see_other(location: String) -> Self {
        let headers = vec![("location", location)];
        Self { status: StatusCode::SEE_OTHER, content_type: "text/plain; charset=utf-8", body: Vec::new(), headers }
    }

    /// A file to be saved under `name`, which must be plain ASCII.
    pub(super) fn file(name: &str, content_type: &'static str, body: Vec<u8>) -> Self {
        let headers = vec![("content-disposition", format!("attachment; filename=\"{name}\""))];
        Self { status: StatusCode::OK, content_type, body, headers }
    }

    /// With another header.
    pub(super) fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// With the headers of an operation's answer: the cookies that it set.
    pub(super) fn with_headers_of(mut self, answer: &Answer) -> Self {
        self.headers.extend(answer.headers.iter().cloned());
        self
    }

    /// The response. `is_https` says whether browsers are to ask by TLS alone from now on (RFC 6797).
    pub(super) fn render(self, is_https: bool) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response
            .insert_header((CONTENT_TYPE, self.content_type))
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header(("content-security-policy", POLICY))
            .insert_header(("x-content-type-options", "nosniff"))
            .insert_header(("x-frame-options", "DENY"))
            .insert_header(("cross-origin-opener-policy", "same-origin"))
            .insert_header(("cross-origin-resource-policy", "same-origin"))
            .insert_header(("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()"))
            // Without a referrer at all, browsers would not say either which site a form comes from.
            .insert_header(("referrer-policy", "same-origin"));
        if is_https {
            response.insert_header(("strict-transport-security", "max-age=31536000"));
        }
        for (name, value) in self.headers {
            response.append_header((name, value));
        }
        response.body(self.body)
    }
}
