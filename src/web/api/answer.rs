//! What an operation answers.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, X_CONTENT_TYPE_OPTIONS};
use serde::Serialize;
use serde_json::{Value, json};

use super::cursor;
use super::problem::ApiError;

/// The member that is shown once and never stored.
const SECRET_MEMBERS: [&str; 2] = ["client_secret", "secret"];

/// A success.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::web) struct Answer {
    pub(in crate::web) status: StatusCode,
    pub(in crate::web) location: Option<String>,
    pub(in crate::web) body: Option<Value>,
    /// Further headers, e.g. a cookie.
    pub(in crate::web) headers: Vec<(&'static str, String)>,
}

impl Answer {
    fn with(status: StatusCode, body: &impl Serialize) -> Result<Self, ApiError> {
        let body = serde_json::to_value(body).map_err(ApiError::internal)?;
        Ok(Self { status, location: None, body: Some(body), headers: Vec::new() })
    }

    /// `200` with the object.
    pub(super) fn ok(body: &impl Serialize) -> Result<Self, ApiError> {
        Self::with(StatusCode::OK, body)
    }

    /// `201` with the object and where it is.
    pub(super) fn created(location: String, body: &impl Serialize) -> Result<Self, ApiError> {
        Ok(Self { location: Some(location), ..Self::with(StatusCode::CREATED, body)? })
    }

    /// `204`.
    pub(super) const fn no_content() -> Self {
        Self { status: StatusCode::NO_CONTENT, location: None, body: None, headers: Vec::new() }
    }

    /// A page of a list.
    pub(super) fn page(data: &impl Serialize, next_cursor: Option<String>) -> Result<Self, ApiError> {
        let data = serde_json::to_value(data).map_err(ApiError::internal)?;
        Self::ok(&json!({"data": data, "next_cursor": next_cursor}))
    }

    /// A page out of `limit` things and perhaps one more, in the order of their ids.
    pub(super) fn page_of<T: Serialize, I: ToString>(
        mut found: Vec<T>,
        limit: i64,
        id: impl Fn(&T) -> I,
    ) -> Result<Self, ApiError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| has_more).map(|last| cursor::encode(&id(last).to_string()));
        Self::page(&found, next)
    }

    /// The same answer for a second time: secrets are not shown again.
    pub(super) fn without_secrets(&self) -> Self {
        let mut answer = self.clone();
        if let Some(members) = answer.body.as_mut().and_then(Value::as_object_mut) {
            for name in SECRET_MEMBERS {
                if let Some(secret) = members.get_mut(name) {
                    *secret = Value::Null;
                }
            }
        }
        answer
    }

    pub(super) fn render(self, base: &str) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.insert_header((CACHE_CONTROL, "no-store")).insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"));
        if let Some(location) = self.location {
            response.insert_header((LOCATION, format!("{base}{location}")));
        }
        for (name, value) in self.headers {
            response.append_header((name, value));
        }
        match self.body {
            None => response.finish(),
            Some(body) => response.insert_header((CONTENT_TYPE, "application/json")).body(body.to_string()),
        }
    }
}
