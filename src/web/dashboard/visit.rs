//! A request for a page: who, what, and the operations of the management API that the page may ask.

use std::collections::BTreeMap;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::web;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::PageError;
use super::form::Form;
use crate::app::user_sessions::CurrentUser;
use crate::web::api::{Answer, ApiError, FieldError, Inside, Method, Operation};
use crate::web::state::State;

/// A request for a page.
pub(super) struct Visit {
    pub(super) state: web::Data<State>,
    pub(super) inside: Inside,
    /// The page's path as the browser asked for it, without a prefix.
    pub(super) path: String,
    /// The parts of the path.
    pub(super) parts: Vec<(String, String)>,
    pub(super) query: Form,
    pub(super) form: Form,
    /// The cookies' other values, e.g. that of a secret which is to be shown once.
    pub(super) cookies: Vec<(String, String)>,
}

impl fmt::Debug for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visit").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Visit {
    /// Who has signed in.
    pub(super) fn current(&self) -> Result<&CurrentUser, PageError> {
        self.inside.session.as_ref().ok_or(PageError::Api(ApiError::InvalidSession))
    }

    /// A part of the path.
    pub(super) fn part(&self, name: &str) -> &str {
        self.parts.iter().find(|(given, _)| given == name).map_or("", |(_, value)| value.as_str())
    }

    /// The page's address, without a prefix.
    pub(super) fn path_and_query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.query.fields().filter(|(name, _)| *name != "notice") {
            query.append_pair(name, value);
        }
        match query.finish() {
            query if query.is_empty() => self.path.clone(),
            query => format!("{}?{query}", self.path),
        }
    }

    /// Where a page of this server is: the issuer may have a path.
    pub(super) fn to(&self, path: &str) -> String {
        format!("{}{path}", self.base())
    }

    /// The issuer's path; empty when it has none.
    pub(super) fn base(&self) -> String {
        self.state.issuer_path.clone()
    }

    /// Runs an operation of the management API.
    pub(super) fn run(&self, operation: Operation<'_>) -> Result<Answer, ApiError> {
        self.inside.run(&self.state, operation)
    }

    /// What `GET path` of the management API answers.
    pub(super) fn read<T: DeserializeOwned>(
        &self,
        path: &'static str,
        parts: &[(&'static str, &str)],
        query: &[(&'static str, &str)],
    ) -> Result<T, PageError> {
        let operation = Operation { method: Method::Get, path, parts, query, body: Map::new(), submission: None };
        Ok(parsed(self.run(operation)?)?)
    }

    /// Asks `method path` of the management API for a change. What is wrong with the members comes back as
    /// [`ApiError::Invalid`], for the form to show.
    pub(super) fn change(
        &self,
        method: Method,
        path: &'static str,
        parts: &[(&'static str, &str)],
        body: Map<String, Value>,
    ) -> Result<Answer, ApiError> {
        self.run(Operation { method, path, parts, query: &[], body, submission: None })
    }

    /// Whether the person's role includes an operation: what it does not is not shown.
    pub(super) fn may(&self, method: Method, path: &'static str) -> bool {
        self.inside.may(&self.state, method, path)
    }
}

/// The object of an answer.
pub(super) fn parsed<T: DeserializeOwned>(answer: Answer) -> Result<T, ApiError> {
    serde_json::from_value(answer.body.unwrap_or_default()).map_err(ApiError::internal)
}

/// What is wrong with a form, by the name of the member that it is about.
#[derive(Clone, Debug, Default)]
pub(super) struct Errors {
    by_field: BTreeMap<String, String>,
    /// About the whole.
    pub(super) general: Option<String>,
}

impl Errors {
    /// What a form can show of an error; anything else goes on as it is.
    pub(super) fn from_api(error: ApiError) -> Result<Self, PageError> {
        match error {
            ApiError::Invalid(fields) => Ok(Self::of(fields)),
            ApiError::Refused { status, detail, .. }
                if status == StatusCode::CONFLICT || status == StatusCode::UNPROCESSABLE_ENTITY =>
            {
                Ok(Self { general: Some(sentence(&detail)), ..Self::default() })
            }
            other => Err(PageError::Api(other)),
        }
    }

    fn of(fields: Vec<FieldError>) -> Self {
        let mut errors = Self::default();
        for FieldError { field, detail, .. } in fields {
            errors.by_field.entry(field).or_insert_with(|| sentence(&detail));
        }
        errors
    }

    /// One more.
    pub(super) fn add(&mut self, field: &str, detail: &str) {
        self.by_field.entry(field.to_owned()).or_insert_with(|| sentence(detail));
    }

    /// Whether nothing is wrong.
    pub(super) fn is_empty(&self) -> bool {
        self.by_field.is_empty() && self.general.is_none()
    }

    /// What is wrong with a member, or with a part of it.
    pub(super) fn on(&self, field: &str) -> Option<&str> {
        let is_of = |name: &str| name == field || name.strip_prefix(field).is_some_and(|rest| rest.starts_with(['[', '.']));
        self.by_field.iter().find(|(name, _)| is_of(name)).map(|(_, detail)| detail.as_str())
    }

    /// Every error that is about a member which the form has no field for.
    pub(super) fn besides(&self, fields: &[&str]) -> Vec<String> {
        let others = self.by_field.iter().filter(|(name, _)| !fields.iter().any(|field| name.starts_with(field)));
        self.general.iter().cloned().chain(others.map(|(name, detail)| format!("{name}: {detail}"))).collect()
    }
}

/// With a capital and a full stop, as pages speak.
pub(super) fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first: String = characters.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    let stop = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{stop}", characters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_found_by_the_member_that_it_is_about() {
        let error = |field: &str| FieldError { field: field.to_owned(), code: "x", detail: format!("about {field}") };
        let errors = Errors::of(vec![error("grants[0].scopes"), error("name"), error("namespace")]);
        assert_eq!(errors.on("grants"), Some("About grants[0].scopes."));
        assert_eq!(errors.on("name"), Some("About name."));
        assert_eq!(errors.on("grant"), None);
        assert_eq!(errors.besides(&["grants"]), ["name: About name.", "namespace: About namespace."]);
    }
}
