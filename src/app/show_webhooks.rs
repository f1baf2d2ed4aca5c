//! Webhooks and their deliveries as people and programs see them.

use serde::Serialize;
use utoipa::ToSchema;

use super::AppError;
use super::webhooks::RevealedSecret;
use crate::domain::delivery::DeliveryState;
use crate::domain::event::EventKind;
use crate::domain::id::{DeliveryId, EventId, OrganizationId, WebhookId, WebhookSecretId};
use crate::domain::outbound_url::OutboundUrl;
use crate::domain::time::Timestamp;
use crate::domain::webhook::{DisabledReason, EventFilter, StoredWebhookSecret, Webhook};
use crate::store::shown_deliveries::{self, Delivery};
use crate::store::{Db, webhooks};

/// A webhook as it is shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
pub struct WebhookView {
    /// `wh_…`
    pub id: WebhookId,
    /// Whose events.
    pub organization_id: OrganizationId,
    /// Where to.
    pub url: OutboundUrl,
    /// What it is for.
    pub description: String,
    /// Which events; empty: all.
    pub events: EventFilter,
    /// Whether it gets anything.
    pub enabled: bool,
    /// Set while it gets nothing.
    pub disabled_at: Option<Timestamp>,
    /// Why it gets nothing: `by_hand`, or `gone` when its receiver answered 410.
    pub disabled_reason: Option<DisabledReason>,
    /// What signs at present, the newest first, masked.
    pub secrets: Vec<WebhookSecretView>,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// In the answers of create and rotate-secret alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// A webhook's secret as it is shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = WebhookSecret)]
pub struct WebhookSecretView {
    /// `whs_…`
    pub id: WebhookSecretId,
    /// `whsec_...Ab1=`
    pub hint: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it signs; `null`: the newest.
    pub expires_at: Option<Timestamp>,
}

impl WebhookView {
    /// The view of a webhook with these secrets.
    pub fn new(webhook: Webhook, secrets: Vec<StoredWebhookSecret>) -> Self {
        let shown =
            |StoredWebhookSecret { id, hint, created_at, expires_at, .. }| WebhookSecretView { id, hint, created_at, expires_at };
        Self {
            id: webhook.id,
            organization_id: webhook.organization_id,
            url: webhook.url,
            description: webhook.description,
            events: webhook.events,
            enabled: webhook.disabled.is_none(),
            disabled_at: webhook.disabled.map(|(at, _)| at),
            disabled_reason: webhook.disabled.map(|(_, reason)| reason),
            secrets: secrets.into_iter().map(shown).collect(),
            created_by: webhook.created_by,
            created_at: webhook.created_at,
            updated_at: webhook.updated_at,
            secret: None,
        }
    }

    /// With the secret, for the one answer that shows it.
    #[must_use]
    pub fn with_secret(mut self, secret: &RevealedSecret) -> Self {
        self.secret = Some(secret.to_string());
        self
    }
}

/// A delivery as it is shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub struct DeliveryView {
    /// `dlv_…`
    pub id: DeliveryId,
    /// The `webhook-id` under which it is sent.
    pub event_id: EventId,
    /// The event's kind.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// `pending`, `delivered` or `dead`.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next.
    pub next_attempt_at: Option<Timestamp>,
    /// The status of the last answer.
    pub last_status: Option<i64>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was delivered or given up.
    pub finished_at: Option<Timestamp>,
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        let Delivery { id, event_id, kind, state, attempts, next_attempt_at, last_status, last_error, created_at, finished_at } =
            delivery;
        Self { id, event_id, kind, state, attempts, next_attempt_at, last_status, last_error, created_at, finished_at }
    }
}

/// A webhook of the organization.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn show_webhook(db: &Db, organization: OrganizationId, id: WebhookId, now: Timestamp) -> Result<WebhookView, AppError> {
    let found = db.read(|connection| {
        let webhook = webhooks::find(connection, id)?.filter(|webhook| webhook.organization_id == organization);
        let Some(webhook) = webhook else { return Ok(None) };
        let secrets = webhooks::live_secrets(connection, id, now)?;
        Ok(Some(WebhookView::new(webhook, secrets)))
    })?;
    found.ok_or_else(|| AppError::not_found("webhook", id))
}

/// The webhooks of an organization, the oldest first; there are [`MAX_WEBHOOKS`](crate::domain::webhook::MAX_WEBHOOKS)
/// at most.
///
/// # Errors
/// [`AppError::Store`].
pub fn list_webhooks(db: &Db, organization: OrganizationId, now: Timestamp) -> Result<Vec<WebhookView>, AppError> {
    Ok(db.read(|connection| {
        let mut views = Vec::new();
        for webhook in webhooks::of_organization(connection, organization)? {
            let secrets = webhooks::live_secrets(connection, webhook.id, now)?;
            views.push(WebhookView::new(webhook, secrets));
        }
        Ok(views)
    })?)
}

/// The deliveries to a webhook before `before`, the newest first.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn list_deliveries(
    db: &Db,
    organization: OrganizationId,
    id: WebhookId,
    state: Option<DeliveryState>,
    before: Option<&str>,
    limit: i64,
) -> Result<Vec<DeliveryView>, AppError> {
    let found = db.read(|connection| {
        let webhook = webhooks::find(connection, id)?.filter(|webhook| webhook.organization_id == organization);
        if webhook.is_none() {
            return Ok(None);
        }
        shown_deliveries::of_webhook(connection, id, state, before, limit).map(Some)
    })?;
    let found = found.ok_or_else(|| AppError::not_found("webhook", id))?;
    Ok(found.into_iter().map(DeliveryView::from).collect())
}
