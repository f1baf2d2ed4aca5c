//! Makes and edits webhooks.

use actix_web::http::StatusCode;
use askama::Template;
use serde_json::{Map, Value, json};

use super::require;
use super::webhook_list::Webhook;
use super::webhook_secret;
use crate::domain::event::EventKind;
use crate::web::api::Method;
use crate::web::dashboard::again::members;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::visit::{Errors, Visit};

pub(super) const PATH: &str = "/webhooks/{webhook_id}";

/// A kind of event to choose.
struct EventChoice {
    name: &'static str,
    words: &'static str,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "dashboard/organization/webhook_form.html")]
struct WebhookFormPage {
    shell: Shell,
    /// The webhook that is edited.
    id: Option<String>,
    host: String,
    url: String,
    description: String,
    every_event: bool,
    events: Vec<EventChoice>,
    errors: Errors,
}

/// `GET /webhooks/new`
pub(in crate::web::dashboard) fn show_new(visit: &Visit) -> Result<Reply, PageError> {
    require(visit, Method::Post, "/webhooks")?;
    form(visit, StatusCode::OK, None, Errors::default())
}

/// `POST /webhooks`
pub(in crate::web::dashboard) fn create(visit: &Visit) -> Result<Reply, PageError> {
    let body = match body(visit) {
        Ok(body) => body,
        Err(errors) => return form(visit, StatusCode::UNPROCESSABLE_ENTITY, None, errors),
    };
    match visit.change(Method::Post, "/webhooks", &[], body) {
        Ok(answer) => webhook_secret::hand_over(visit, answer),
        Err(error) => form(visit, StatusCode::UNPROCESSABLE_ENTITY, None, Errors::from_api(error)?),
    }
}

/// `GET /webhooks/{webhook_id}/edit`
pub(in crate::web::dashboard) fn show_edit(visit: &Visit) -> Result<Reply, PageError> {
    require(visit, Method::Patch, PATH)?;
    form(visit, StatusCode::OK, Some(read(visit)?), Errors::default())
}

/// `POST /webhooks/{webhook_id}`
pub(in crate::web::dashboard) fn edit(visit: &Visit) -> Result<Reply, PageError> {
    let id = visit.part("webhook_id");
    let outcome = match body(visit) {
        Ok(body) => visit.change(Method::Patch, PATH, &[("webhook_id", id)], body).map_err(Errors::from_api),
        Err(errors) => Err(Ok(errors)),
    };
    match outcome {
        Ok(_) => Ok(Reply::see_other(visit.to(&format!("/webhooks/{id}?notice=webhook-changed")))),
        Err(errors) => form(visit, StatusCode::UNPROCESSABLE_ENTITY, Some(read(visit)?), errors?),
    }
}

/// The webhook of the address.
pub(super) fn read(visit: &Visit) -> Result<Webhook, PageError> {
    visit.read(PATH, &[("webhook_id", visit.part("webhook_id"))], &[])
}

fn body(visit: &Visit) -> Result<Map<String, Value>, Errors> {
    let events: Vec<&str> = if visit.form.text("which") == "some" { visit.form.all("events").collect() } else { Vec::new() };
    if visit.form.text("which") == "some" && events.is_empty() {
        let mut errors = Errors::default();
        errors.add("events", "choose at least one kind of event, or all of them");
        return Err(errors);
    }
    let (url, description) = (visit.form.trimmed("url"), visit.form.trimmed("description"));
    Ok(members(json!({"url": url, "description": description, "events": events})))
}

fn form(visit: &Visit, status: StatusCode, edited: Option<Webhook>, errors: Errors) -> Result<Reply, PageError> {
    let is_typed = visit.form.has("url");
    let typed = |field: &str, stored: Option<&String>| {
        if is_typed { visit.form.trimmed(field).to_owned() } else { stored.cloned().unwrap_or_default() }
    };
    let stored: &[String] = edited.as_ref().map_or(&[], |webhook| webhook.events.as_slice());
    let is_chosen = |name: &str| {
        if is_typed { visit.form.all("events").any(|chosen| chosen == name) } else { stored.iter().any(|chosen| chosen == name) }
    };
    let kinds = EventKind::ALL.iter().filter(|kind| kind.is_announced());
    let page = WebhookFormPage {
        shell: Shell::new(visit, if edited.is_some() { "Edit the webhook" } else { "Create webhook" }, Section::Webhooks),
        id: edited.as_ref().map(|webhook| webhook.id.clone()),
        host: edited.as_ref().map(Webhook::host).unwrap_or_default(),
        url: typed("url", edited.as_ref().map(|webhook| &webhook.url)),
        description: typed("description", edited.as_ref().map(|webhook| &webhook.description)),
        every_event: if is_typed { visit.form.text("which") != "some" } else { stored.is_empty() },
        events: kinds
            .map(|kind| EventChoice { name: kind.as_str(), words: kind.in_words(), chosen: is_chosen(kind.as_str()) })
            .collect(),
        errors,
    };
    Reply::page_as(status, &page)
}
