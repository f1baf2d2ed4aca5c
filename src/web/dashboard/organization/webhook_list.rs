//! `/webhooks`

use askama::Template;
use serde::Deserialize;

use crate::domain::time::Timestamp;
use crate::web::api::Method;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::visit::Visit;

#[derive(Debug, Deserialize)]
struct Webhooks {
    data: Vec<Webhook>,
}

/// A webhook as pages show it.
#[derive(Debug, Deserialize)]
pub(super) struct Webhook {
    pub(super) id: String,
    pub(super) url: String,
    pub(super) description: String,
    /// Empty: all.
    pub(super) events: Vec<String>,
    pub(super) enabled: bool,
    pub(super) disabled_at: Option<Timestamp>,
    pub(super) disabled_reason: Option<String>,
    pub(super) secrets: Vec<Secret>,
    pub(super) created_at: Timestamp,
}

/// A secret of a webhook.
#[derive(Debug, Deserialize)]
pub(super) struct Secret {
    pub(super) hint: String,
    pub(super) created_at: Timestamp,
    pub(super) expires_at: Option<Timestamp>,
}

impl Webhook {
    /// What people know it by, and type when they delete it.
    pub(super) fn host(&self) -> String {
        let url = url::Url::parse(&self.url).ok();
        url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_else(|| self.url.clone())
    }

    /// Which events it gets, in short.
    pub(super) fn events_in_short(&self) -> String {
        match self.events.as_slice() {
            [] => "Every event".to_owned(),
            [only] => only.clone(),
            several => format!("{} kinds of events", several.len()),
        }
    }

    /// Whether it gets anything, with the badge that says so.
    pub(super) fn state(&self) -> (&'static str, &'static str) {
        match (self.enabled, self.disabled_reason.as_deref()) {
            (true, _) => ("good", "Enabled"),
            (false, Some("gone")) => ("bad", "Disabled: receiver gone"),
            (false, _) => ("", "Disabled"),
        }
    }
}

#[derive(Template)]
#[template(path = "dashboard/organization/webhooks.html")]
struct WebhooksPage {
    shell: Shell,
    webhooks: Vec<Webhook>,
    may_write: bool,
}

/// `GET /webhooks`: there are twenty at most
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    let found: Webhooks = visit.read("/webhooks", &[], &[])?;
    Reply::page(&WebhooksPage {
        shell: Shell::new(visit, "Webhooks", Section::Webhooks),
        webhooks: found.data,
        may_write: visit.may(Method::Post, "/webhooks"),
    })
}
