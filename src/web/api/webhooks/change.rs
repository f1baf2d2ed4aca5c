//! Changes webhooks.

use serde_json::Value;

use crate::app::Work;
use crate::app::show_webhooks::{DeliveryView, WebhookView};
use crate::app::webhooks::{
    self, NewWebhook, WebhookEdit, create_webhook, delete_webhook, edit_webhook, rotate_webhook_secret, send_webhook_test,
};
use crate::domain::Invalid;
use crate::domain::id::WebhookId;
use crate::domain::outbound_url::{MAX_URL_BYTES, OutboundUrl};
use crate::domain::webhook::{EventFilter, MAX_DESCRIPTION_CHARACTERS, Webhook};
use crate::store;
use crate::web::api::answer::Answer;
use crate::web::api::call::Call;
use crate::web::api::input::{boolean, integer, list, present, string};
use crate::web::api::problem::ApiError;

/// How long the old secret signs beside a new one unless the request says otherwise.
const DEFAULT_GRACE_SECONDS: i64 = 86_400;

/// `POST /webhooks`
pub(in crate::web::api) fn create(call: &Call) -> Result<Answer, ApiError> {
    let mut input = call.input();
    let url = input.required("url", |value| url(call, value));
    let description = input.optional("description", description).unwrap_or_default();
    let events = input.optional("events", events).unwrap_or_default();
    input.finish()?;
    let new = NewWebhook { organization_id: call.organization_id()?, url: present(url)?, description, events };
    call.change(|work| {
        let (webhook, stored, secret) = create_webhook(work, new)?;
        let location = format!("/api/v1/webhooks/{}", webhook.id);
        Answer::created(location, &WebhookView::new(webhook, vec![stored]).with_secret(&secret))
    })
}

/// `PATCH /webhooks/{webhook_id}`
pub(in crate::web::api) fn edit(call: &Call) -> Result<Answer, ApiError> {
    let id = call.id("webhook_id")?;
    let mut input = call.input();
    let edit = WebhookEdit {
        url: input.optional("url", |value| url(call, value)),
        description: input.optional("description", description),
        events: input.optional("events", events),
        is_enabled: input.optional("enabled", boolean),
    };
    input.fixed(&["id", "organization_id", "secrets", "secret"], "is fixed when the webhook is made");
    input.finish()?;
    let organization = call.organization_id()?;
    call.change(|work| {
        let webhook = edit_webhook(work, organization, id, edit)?;
        Answer::ok(&view(work, webhook)?)
    })
}

/// `DELETE /webhooks/{webhook_id}`
pub(in crate::web::api) fn delete(call: &Call) -> Result<Answer, ApiError> {
    call.no_input()?;
    let (organization, id) = (call.organization_id()?, call.id("webhook_id")?);
    call.change(|work| {
        delete_webhook(work, organization, id)?;
        Ok(Answer::no_content())
    })
}

/// `POST /webhooks/{webhook_id}/rotate-secret`
pub(in crate::web::api) fn rotate_secret(call: &Call) -> Result<Answer, ApiError> {
    let (organization, id) = (call.organization_id()?, call.id("webhook_id")?);
    let mut input = call.input();
    let grace = input.optional("grace_period_seconds", integer).unwrap_or(DEFAULT_GRACE_SECONDS);
    input.finish()?;
    call.change(|work| {
        let (webhook, secret) = rotate_webhook_secret(work, organization, id, grace)?;
        Answer::ok(&view(work, webhook)?.with_secret(&secret))
    })
}

/// `POST /webhooks/{webhook_id}/test`
pub(in crate::web::api) fn test(call: &Call) -> Result<Answer, ApiError> {
    call.no_input()?;
    let (organization, id) = (call.organization_id()?, call.id("webhook_id")?);
    call.change(|work| Answer::ok(&DeliveryView::from(send_webhook_test(work, organization, id)?)))
}

/// `POST /webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver`
pub(in crate::web::api) fn redeliver(call: &Call) -> Result<Answer, ApiError> {
    call.no_input()?;
    let (organization, id, delivery) = (call.organization_id()?, call.id("webhook_id")?, call.id("delivery_id")?);
    call.change(|work| Answer::ok(&DeliveryView::from(webhooks::redeliver(work, organization, id, delivery)?)))
}

fn view(work: &mut Work<'_, '_>, webhook: Webhook) -> Result<WebhookView, ApiError> {
    let id: WebhookId = webhook.id;
    let secrets = store::webhooks::live_secrets(work.transaction.reading(), id, work.now)?;
    Ok(WebhookView::new(webhook, secrets))
}

fn url(call: &Call, value: &Value) -> Result<OutboundUrl, Invalid> {
    OutboundUrl::parse(&string(value, MAX_URL_BYTES)?, &call.management.networks)
}

fn description(value: &Value) -> Result<String, Invalid> {
    string(value, MAX_DESCRIPTION_CHARACTERS)
}

fn events(value: &Value) -> Result<EventFilter, Invalid> {
    let names: Vec<String> = list(value, |name| string(name, 64))?;
    EventFilter::parse(names.iter().map(String::as_str))
}
