//! `/webhooks`

#![allow(dead_code, reason = "bodies are read member by member; these types only describe them")]

use utoipa::ToSchema;

use super::operation::Doc;
use super::parameters::{CURSOR, DELIVERY_STATE, LIMIT};
use crate::app::show_webhooks::{DeliveryView, WebhookView};
use crate::domain::webhook::{EventFilter, WebhookUrl};

<<<<<<< HEAD
/// Who is to be told.
#[derive(ToSchema)]
#[schema(example = json!({"url": "https://example.com/hooks", "events": ["api_key.created", "api_key.deleted"]}))]
struct NewWebhook {
    /// HTTPS, and on the public internet unless the server's settings allow more.
    url: WebhookUrl,
    /// For people.
    #[schema(nullable = false, max_length = 200)]
    description: Option<String>,
    /// Events by their names; empty or left out: all of them.
=======
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
>>>>>>> main
    #[schema(nullable = false)]
    events: Option<EventFilter>,
}

/// What an edit of a webhook changes.
#[derive(ToSchema)]
<<<<<<< HEAD
#[schema(example = json!({"enabled": true, "events": []}))]
struct WebhookEdit {
    /// HTTPS, and on the public internet unless the server's settings allow more.
    #[schema(nullable = false)]
    url: Option<WebhookUrl>,
    /// For people.
    #[schema(nullable = false, max_length = 200)]
    description: Option<String>,
    /// Events by their names; empty: all of them.
    #[schema(nullable = false)]
    events: Option<EventFilter>,
    /// Whether it is told.
=======
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
>>>>>>> main
    #[schema(nullable = false)]
    enabled: Option<bool>,
}

<<<<<<< HEAD
/// How a webhook's secret is replaced.
#[derive(ToSchema)]
#[schema(example = json!({"grace_period_seconds": 86_400}))]
struct WebhookSecretRotation {
    /// How long the old secret signs beside the new one; a day unless said.
    #[schema(nullable = false, minimum = 0, maximum = 604_800)]
=======
/// How the secret is changed.
#[derive(ToSchema)]
#[schema(example = json!({"grace_period_seconds": 3600}))]
struct SecretRotation {
    /// For how long the old secret signs beside the new one; a day unless said.
    #[schema(minimum = 0, maximum = 604_800, default = 86_400, nullable = false)]
>>>>>>> main
    grace_period_seconds: Option<i64>,
}

pub(in crate::web::api) const LIST: Doc =
    Doc::new("listWebhooks", "List webhooks").because("The oldest first.").lists::<WebhookView>();

pub(in crate::web::api) const CREATE: Doc = Doc::new("createWebhook", "Create a webhook")
<<<<<<< HEAD
    .because(
        "The answer holds `secret`, this once: what is sent is signed with it, as Standard Webhooks say. Deliveries are made \
         at least once.",
    )
=======
    .because("The answer alone holds `secret`, which signs what is posted (Standard Webhooks).")
>>>>>>> main
    .reads::<NewWebhook>()
    .creates::<WebhookView>();

pub(in crate::web::api) const SHOW: Doc = Doc::new("showWebhook", "Show a webhook").answers::<WebhookView>();

pub(in crate::web::api) const EDIT: Doc =
    Doc::new("editWebhook", "Edit a webhook").reads::<WebhookEdit>().answers::<WebhookView>();

<<<<<<< HEAD
pub(in crate::web::api) const DELETE: Doc = Doc::new("deleteWebhook", "Delete a webhook");

pub(in crate::web::api) const ROTATE_SECRET: Doc = Doc::new("rotateWebhookSecret", "Rotate the secret of a webhook")
    .because("The answer holds the new `secret`, this once. Both sign until the grace period is over.")
    .reads::<WebhookSecretRotation>()
    .answers::<WebhookView>();

pub(in crate::web::api) const TEST: Doc = Doc::new("testWebhook", "Send a test event to a webhook").answers::<DeliveryView>();

pub(in crate::web::api) const DELIVERIES: Doc = Doc::new("listDeliveries", "List the deliveries of a webhook")
=======
pub(in crate::web::api) const DELETE: Doc =
    Doc::new("deleteWebhook", "Delete a webhook").because("What was still to be delivered to it is dropped.");

pub(in crate::web::api) const ROTATE_SECRET: Doc = Doc::new("rotateWebhookSecret", "Give a webhook a new secret")
    .because("The answer alone holds `secret`. While the old one is good too, both sign.")
    .reads::<SecretRotation>()
    .answers::<WebhookView>();

pub(in crate::web::api) const TEST: Doc =
    Doc::new("testWebhook", "Send a test event").because("Delivered in the background like any other.").answers::<DeliveryView>();

pub(in crate::web::api) const DELIVERIES: Doc = Doc::new("listDeliveries", "List a webhook's deliveries")
>>>>>>> main
    .because("The newest first.")
    .lists::<DeliveryView>()
    .query(&[LIMIT, CURSOR, DELIVERY_STATE]);

<<<<<<< HEAD
pub(in crate::web::api) const REDELIVER: Doc =
    Doc::new("redeliver", "Deliver once more").because("At once, with new tries.").answers::<DeliveryView>();
=======
pub(in crate::web::api) const REDELIVER: Doc = Doc::new("redeliver", "Deliver an event once more")
    .because("Under the same `webhook-id`, so that a receiver knows it again.")
    .answers::<DeliveryView>();
>>>>>>> main
