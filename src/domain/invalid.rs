//! Why a value was refused, in a form that an API, a page and a terminal can all show.

use std::borrow::Cow;
use std::fmt;

/// A rule of the domain that an input breaks: which field, a stable code, and a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The field by its name in the API, e.g. `token_lifetime_seconds`.
    pub field: &'static str,
    /// A stable word for programs, e.g. `out_of_range`.
    pub code: &'static str,
    /// What is wrong and what would be right. Never repeats a secret.
    pub detail: Cow<'static, str>,
}

impl Invalid {
    /// Makes a refusal of `field`.
    pub fn new(field: &'static str, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { field, code, detail: detail.into() }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.detail)
    }
}

impl std::error::Error for Invalid {}
