//! `/webhooks/{webhook_id}`

use actix_web::http::StatusCode;
use askama::Template;
use serde::Deserialize;

use super::pager::Pager;
use super::webhook_form::{PATH, read};
use super::webhook_list::Webhook;
use crate::domain::event::EventKind;
use crate::domain::time::Timestamp;
use crate::web::api::Method;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::view::When;
use crate::web::dashboard::visit::{Errors, Visit};

#[derive(Debug, Deserialize)]
struct Deliveries {
    data: Vec<Delivery>,
    next_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Delivery {
    id: String,
    event_id: String,
    #[serde(rename = "type")]
    kind: String,
    state: String,
    attempts: i64,
    next_attempt_at: Option<Timestamp>,
    last_status: Option<i64>,
    last_error: Option<String>,
    created_at: Timestamp,
    finished_at: Option<Timestamp>,
}

impl Delivery {
    fn state(&self) -> (&'static str, &'static str) {
        match (self.state.as_str(), self.attempts) {
            ("delivered", _) => ("good", "Delivered"),
            ("dead", _) => ("bad", "Given up"),
            (_, 0) => ("", "Waiting"),
            _ => ("warn", "Retrying"),
        }
    }
}

/// The states that deliveries are filtered by.
const STATES: [(&str, &str); 4] = [("", "All"), ("pending", "Waiting"), ("delivered", "Delivered"), ("dead", "Given up")];

#[derive(Template)]
#[template(path = "dashboard/organization/webhook.html")]
struct WebhookPage {
    shell: Shell,
    webhook: Webhook,
    /// Name and words of those that it gets.
    events: Vec<(&'static str, &'static str)>,
    deliveries: Vec<Delivery>,
    pager: Pager,
    state: String,
    states: [(&'static str, &'static str); 4],
    may_write: bool,
    /// What was typed to delete it.
    typed: String,
    errors: Errors,
}

/// `GET /webhooks/{webhook_id}`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    page(visit, StatusCode::OK, Errors::default())
}

/// The page with what is wrong with a form of it.
pub(super) fn with_errors(visit: &Visit, errors: Errors) -> Result<Reply, PageError> {
    page(visit, StatusCode::UNPROCESSABLE_ENTITY, errors)
}

fn page(visit: &Visit, status: StatusCode, errors: Errors) -> Result<Reply, PageError> {
    let webhook = read(visit)?;
    let asked = visit.query.text("state");
    let state = STATES.iter().map(|(name, _)| *name).find(|name| *name == asked).unwrap_or_default();
    let query = [("state", state), ("limit", "20"), ("cursor", visit.query.text("cursor"))];
    let found: Deliveries = visit.read("/webhooks/{webhook_id}/deliveries", &[("webhook_id", &webhook.id)], &query)?;
    let gets = |kind: &&EventKind| kind.is_announced() && webhook.events.iter().any(|name| name == kind.as_str());
    let page = WebhookPage {
        shell: Shell::new(visit, &webhook.host(), Section::Webhooks),
        events: EventKind::ALL.iter().filter(gets).map(|kind| (kind.as_str(), kind.in_words())).collect(),
        deliveries: found.data,
        pager: Pager::new(visit, found.next_cursor.as_deref()),
        state: state.to_owned(),
        states: STATES,
        may_write: visit.may(Method::Patch, PATH),
        typed: visit.form.trimmed("host").to_owned(),
        webhook,
        errors,
    };
    Reply::page_as(status, &page)
}
