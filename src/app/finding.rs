//! What a look at an installation found: how each check came out, and what to do next.

use serde::Serialize;
use utoipa::ToSchema;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As it should be.
    Ok,
    /// It works; something is to be done all the same.
    Warning,
    /// It does not work.
    Failed,
}

/// How one check came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// How it came out.
    pub status: Status,
    /// What was found.
    pub detail: String,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Findings, in the order of the checks.
#[derive(Clone, Debug, Default)]
pub struct Findings(pub Vec<Finding>);

impl Findings {
    /// All is well with `check`.
    pub fn ok(&mut self, check: &'static str, detail: impl Into<String>) {
        self.0.push(Finding { check, status: Status::Ok, detail: detail.into(), next: None });
    }

    /// It works, but.
    pub fn warn(&mut self, check: &'static str, detail: impl Into<String>, next: &str) {
        self.add(check, Status::Warning, detail, next);
    }

    /// It does not work.
    pub fn fail(&mut self, check: &'static str, detail: impl Into<String>, next: &str) {
        self.add(check, Status::Failed, detail, next);
    }

    fn add(&mut self, check: &'static str, status: Status, detail: impl Into<String>, next: &str) {
        self.0.push(Finding { check, status, detail: detail.into(), next: Some(next.to_owned()) });
    }

    /// The worst of them.
    pub fn worst(&self) -> Status {
        self.0.iter().map(|finding| finding.status).max().unwrap_or(Status::Ok)
    }
}
