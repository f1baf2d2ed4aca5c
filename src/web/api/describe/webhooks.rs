//! `/webhooks`

#![allow(dead_code, reason = "bodies are read member by member; these types only describe them")]

use utoipa::ToSchema;

use super::operation::Doc;
use super::parameters::{CURSOR, DELIVERY_STATE, LIMIT};
use crate::app::show_webhooks::{DeliveryView, WebhookView};
use crate::domain::outbound_url::OutboundUrl;
use crate::domain::webhook::EventFilter;

/// Who is to be told.
#[derive(ToSchema)]
#[schema(example = json!({"url": "https://example.com/hooks", "events": ["api_key.created", "api_key.deleted"]}))]
struct NewWebhook {
    /// HTTPS, and on the public internet unless the server's settings allow more.
    url: OutboundUrl,
    /// For people.
    #[schema(nullable = false, max_length = 200)]
    description: Option<String>,
    /// Events by their names; empty or left out: all of them.
    #[schema(nullable = false)]
    events: Option<EventFilter>,
}

/// What an edit of a webhook changes.
#[derive(ToSchema)]
#[schema(example = json!({"enabled": true, "events": []}))]
struct WebhookEdit {
    /// HTTPS, and on the public internet unless the server's settings allow more.
    #[schema(nullable = false)]
    url: Option<OutboundUrl>,
    /// For people.
    #[schema(nullable = false, max_length = 200)]
    description: Option<String>,
    /// Events by their names; empty: all of them.
    #[schema(nullable = false)]
    events: Option<EventFilter>,
    /// Whether it is told.
    #[schema(nullable = false)]
    enabled: Option<bool>,
}

/// How a webhook's secret is replaced.
#[derive(ToSchema)]
#[schema(example = json!({"grace_period_seconds": 86_400}))]
struct WebhookSecretRotation {
    /// How long the old secret signs beside the new one; a day unless said.
    #[schema(nullable = false, minimum = 0, maximum = 604_800)]
    grace_period_seconds: Option<i64>,
}

pub(in crate::web::api) const LIST: Doc =
    Doc::new("listWebhooks", "List webhooks").because("The oldest first.").lists::<WebhookView>();

pub(in crate::web::api) const CREATE: Doc = Doc::new("createWebhook", "Create a webhook")
    .because(
        "The answer holds `secret`, this once: what is sent is signed with it, as Standard Webhooks say. Deliveries are made \
         at least once.",
    )
    .reads::<NewWebhook>()
    .creates::<WebhookView>();

pub(in crate::web::api) const SHOW: Doc = Doc::new("showWebhook", "Show a webhook").answers::<WebhookView>();

pub(in crate::web::api) const EDIT: Doc =
    Doc::new("editWebhook", "Edit a webhook").reads::<WebhookEdit>().answers::<WebhookView>();

pub(in crate::web::api) const DELETE: Doc = Doc::new("deleteWebhook", "Delete a webhook");

pub(in crate::web::api) const ROTATE_SECRET: Doc = Doc::new("rotateWebhookSecret", "Rotate the secret of a webhook")
    .because("The answer holds the new `secret`, this once. Both sign until the grace period is over.")
    .reads::<WebhookSecretRotation>()
    .answers::<WebhookView>();

pub(in crate::web::api) const TEST: Doc = Doc::new("testWebhook", "Send a test event to a webhook").answers::<DeliveryView>();

pub(in crate::web::api) const DELIVERIES: Doc = Doc::new("listDeliveries", "List the deliveries of a webhook")
    .because("The newest first.")
    .lists::<DeliveryView>()
    .query(&[LIMIT, CURSOR, DELIVERY_STATE]);

pub(in crate::web::api) const REDELIVER: Doc =
    Doc::new("redeliver", "Deliver once more").because("At once, with new tries.").answers::<DeliveryView>();
