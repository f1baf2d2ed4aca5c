//! `/webhooks`

#![allow(dead_code, reason = "bodies are read member by member; these types only describe them")]

use utoipa::ToSchema;

use super::operation::Doc;
use super::parameters::{CURSOR, DELIVERY_STATE, LIMIT};
use crate::app::show_webhooks::{DeliveryView, WebhookView};
use crate::domain::webhook::{EventFilter, WebhookUrl};

/// What a webhook is to be.
#[derive(ToSchema)]
#[schema(example = json!({"url": "https://hooks.example.com/claviger", "events": ["api_key.created", "api_key.stale"]}))]
struct NewWebhook {
    /// Where events are posted to: `https`, not into a private network.
    url: WebhookUrl,
    /// What it is for, for people.
    #[schema(max_length = 200, nullable = false)]
    description: Option<String>,
    /// Which events; none named: all, those to come included.
    #[schema(nullable = false)]
    events: Option<EventFilter>,
}

/// What an edit of a webhook changes.
#[derive(ToSchema)]
#[schema(example = json!({"events": [], "enabled": true}))]
struct WebhookEdit {
    /// Where events are posted to.
    #[schema(nullable = false)]
    url: Option<WebhookUrl>,
    /// What it is for, for people.
    #[schema(max_length = 200, nullable = false)]
    description: Option<String>,
    /// Which events; none named: all.
    #[schema(nullable = false)]
    events: Option<EventFilter>,
    /// Whether it gets anything.
    #[schema(nullable = false)]
    enabled: Option<bool>,
}

/// How the secret is changed.
#[derive(ToSchema)]
#[schema(example = json!({"grace_period_seconds": 3600}))]
struct SecretRotation {
    /// For how long the old secret signs beside the new one; a day unless said.
    #[schema(minimum = 0, maximum = 604_800, default = 86_400, nullable = false)]
    grace_period_seconds: Option<i64>,
}

pub(in crate::web::api) const LIST: Doc =
    Doc::new("listWebhooks", "List webhooks").because("The oldest first.").lists::<WebhookView>();

pub(in crate::web::api) const CREATE: Doc = Doc::new("createWebhook", "Create a webhook")
    .because("The answer alone holds `secret`, which signs what is posted (Standard Webhooks).")
    .reads::<NewWebhook>()
    .creates::<WebhookView>();

pub(in crate::web::api) const SHOW: Doc = Doc::new("showWebhook", "Show a webhook").answers::<WebhookView>();

pub(in crate::web::api) const EDIT: Doc =
    Doc::new("editWebhook", "Edit a webhook").reads::<WebhookEdit>().answers::<WebhookView>();

pub(in crate::web::api) const DELETE: Doc =
    Doc::new("deleteWebhook", "Delete a webhook").because("What was still to be delivered to it is dropped.");

pub(in crate::web::api) const ROTATE_SECRET: Doc = Doc::new("rotateWebhookSecret", "Give a webhook a new secret")
    .because("The answer alone holds `secret`. While the old one is good too, both sign.")
    .reads::<SecretRotation>()
    .answers::<WebhookView>();

pub(in crate::web::api) const TEST: Doc =
    Doc::new("testWebhook", "Send a test event").because("Delivered in the background like any other.").answers::<DeliveryView>();

pub(in crate::web::api) const DELIVERIES: Doc = Doc::new("listDeliveries", "List a webhook's deliveries")
    .because("The newest first.")
    .lists::<DeliveryView>()
    .query(&[LIMIT, CURSOR, DELIVERY_STATE]);

pub(in crate::web::api) const REDELIVER: Doc = Doc::new("redeliver", "Deliver an event once more")
    .because("Under the same `webhook-id`, so that a receiver knows it again.")
    .answers::<DeliveryView>();
