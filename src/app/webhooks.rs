//! What is done to webhooks: make, edit, rotate the secret, delete, try out, send again.

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{AppError, Work, random_bits};
use crate::clock;
use crate::crypto::CryptoError;
use crate::crypto::webhook_secret::WebhookSecret;
use crate::domain::Invalid;
use crate::domain::audit_event::AuditEntry;
use crate::domain::delivery::DeliveryState;
use crate::domain::event::{Event, EventKind};
use crate::domain::id::{DeliveryId, EventId, OrganizationId, WebhookId, WebhookSecretId};
use crate::domain::outbound_url::OutboundUrl;
use crate::domain::time::Timestamp;
use crate::domain::webhook::{
    DisabledReason, EventFilter, MAX_SECRET_GRACE_SECONDS, MAX_WEBHOOKS, StoredWebhookSecret, Webhook, check_description,
};
use crate::store::deliveries::{self, NewDelivery};
use crate::store::shown_deliveries::{self, Delivery};
use crate::store::{WriteTransaction, events, organizations, webhooks};

/// What a new webhook is to be.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    /// Whose events.
    pub organization_id: OrganizationId,
    /// Where to.
    pub url: OutboundUrl,
    /// What it is for.
    pub description: String,
    /// Which events.
    pub events: EventFilter,
}

/// What an edit changes.
#[derive(Clone, Debug, Default)]
pub struct WebhookEdit {
    /// Where to from now on.
    pub url: Option<OutboundUrl>,
    /// What it is for.
    pub description: Option<String>,
    /// Which events from now on.
    pub events: Option<EventFilter>,
    /// Whether it gets anything.
    pub is_enabled: Option<bool>,
}

/// A secret as its receiver is given it, once.
pub type RevealedSecret = Zeroizing<String>;

/// Makes a webhook. Its secret is returned here and never again.
///
/// # Errors
/// [`AppError::Invalid`], [`AppError::NotFound`] when there is no such organization, [`AppError::Conflict`] when it has
/// as many as it may.
pub fn create_webhook(
    work: &mut Work<'_, '_>,
    new: NewWebhook,
) -> Result<(Webhook, StoredWebhookSecret, RevealedSecret), AppError> {
    check_description(&new.description)?;
    if organizations::find(work.transaction.reading(), new.organization_id)?.is_none() {
        return Err(AppError::not_found("organization", new.organization_id));
    }
    if webhooks::count(work.transaction.reading(), new.organization_id)? >= MAX_WEBHOOKS {
        return Err(AppError::Conflict(format!("the organization has {MAX_WEBHOOKS} webhooks, which is the most")));
    }
    let webhook = Webhook {
        id: WebhookId::from_parts(clock::unix_milliseconds(), random_bits()?),
        organization_id: new.organization_id,
        url: new.url,
        description: new.description,
        events: new.events,
        disabled: None,
        created_by: work.actor.principal.to_string(),
        created_at: work.now,
        updated_at: work.now,
    };
    webhooks::insert(work.transaction, &webhook)?;
    let (stored, revealed) = mint_secret(work)?;
    webhooks::insert_secret(work.transaction, webhook.id, &stored)?;
    let entry = AuditEntry::done("webhook.created", Some(webhook.organization_id), webhook.id);
    work.audit(entry.changing(None, Some(described(&webhook))));
    Ok((webhook, stored, revealed))
}

fn mint_secret(work: &Work<'_, '_>) -> Result<(StoredWebhookSecret, RevealedSecret), CryptoError> {
    let id = WebhookSecretId::from_parts(clock::unix_milliseconds(), random_bits()?);
    let secret = WebhookSecret::generate()?;
    let sealed = secret.seal(&work.management.webhook_secrets, &id.to_string())?;
    let stored = StoredWebhookSecret { id, sealed, hint: secret.hint(), created_at: work.now, expires_at: None };
    Ok((stored, secret.reveal()))
}

/// Edits a webhook of the organization.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Invalid`].
pub fn edit_webhook(
    work: &mut Work<'_, '_>,
    organization: OrganizationId,
    id: WebhookId,
    edit: WebhookEdit,
) -> Result<Webhook, AppError> {
    let before = find(work.transaction, organization, id)?;
    let mut webhook = before.clone();
    if let Some(url) = edit.url {
        webhook.url = url;
    }
    if let Some(description) = edit.description {
        check_description(&description)?;
        webhook.description = description;
    }
    if let Some(events) = edit.events {
        webhook.events = events;
    }
    match edit.is_enabled {
        Some(true) => webhook.disabled = None,
        Some(false) if webhook.disabled.is_none() => {
            webhook.disabled = Some((work.now, DisabledReason::ByHand));
            deliveries::give_up(work.transaction, id, DISABLED, work.now)?;
        }
        _ => {}
    }
    webhook.updated_at = work.now;
    webhooks::update(work.transaction, &webhook)?;
    let entry = AuditEntry::done("webhook.edited", Some(organization), id);
    work.audit(entry.changing(Some(described(&before)), Some(described(&webhook))));
    Ok(webhook)
}

/// Why deliveries to a disabled webhook are given up.
pub(super) const DISABLED: &str = "the webhook is disabled";

/// Gives a webhook a new secret. The newest old one signs beside it for `grace_period_seconds` (0..=604800) more, all
/// others no longer.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Invalid`].
pub fn rotate_webhook_secret(
    work: &mut Work<'_, '_>,
    organization: OrganizationId,
    id: WebhookId,
    grace_period_seconds: i64,
) -> Result<(Webhook, RevealedSecret), AppError> {
    if !(0..=MAX_SECRET_GRACE_SECONDS).contains(&grace_period_seconds) {
        return Err(Invalid::new("grace_period_seconds", "out_of_range", "must be 0 to 604800 (7 days)").into());
    }
    let mut webhook = find(work.transaction, organization, id)?;
    let live = webhooks::live_secrets(work.transaction.reading(), id, work.now)?;
    let newest = live.first().filter(|_| grace_period_seconds > 0);
    webhooks::retain_secrets(work.transaction, id, &newest.map(|secret| secret.id).into_iter().collect::<Vec<_>>())?;
    if let Some(old) = newest {
        let ends = work.now.plus_seconds(grace_period_seconds);
        webhooks::expire_secret(work.transaction, old.id, old.expires_at.map_or(ends, |already| already.min(ends)))?;
    }
    let (stored, revealed) = mint_secret(work)?;
    webhooks::insert_secret(work.transaction, id, &stored)?;
    webhook.updated_at = work.now;
    webhooks::update(work.transaction, &webhook)?;
    let hints = |secrets: &[StoredWebhookSecret]| json!({"secrets": secrets.iter().map(|s| &s.hint).collect::<Vec<_>>()});
    let after = webhooks::live_secrets(work.transaction.reading(), id, work.now)?;
    let entry = AuditEntry::done("webhook.secret_rotated", Some(organization), id);
    work.audit(entry.changing(Some(hints(&live)), Some(hints(&after))));
    Ok((webhook, revealed))
}

/// Deletes a webhook and what is on its way to it.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn delete_webhook(work: &mut Work<'_, '_>, organization: OrganizationId, id: WebhookId) -> Result<(), AppError> {
    let webhook = find(work.transaction, organization, id)?;
    webhooks::delete(work.transaction, id)?;
    let entry = AuditEntry::done("webhook.deleted", Some(organization), id);
    work.audit(entry.changing(Some(described(&webhook)), None));
    Ok(())
}

/// Sends an event of the kind `webhook.test` to this webhook alone.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Conflict`] when it is disabled.
pub fn send_webhook_test(work: &mut Work<'_, '_>, organization: OrganizationId, id: WebhookId) -> Result<Delivery, AppError> {
    let webhook = find_enabled(work.transaction, organization, id)?;
    let event = Event {
        id: EventId::from_parts(clock::unix_milliseconds(), random_bits()?),
        organization_id: organization,
        kind: EventKind::WebhookTest,
        occurred_at: work.now,
        data: json!({"webhook_id": id, "actor": work.actor.principal}),
    };
    events::insert(work.transaction, &event)?;
    events::dispatch(work.transaction, event.id, work.now)?;
    let delivery = queue(work.transaction, &event, &webhook, work.now)?;
    work.audit(AuditEntry::done("webhook.tested", Some(organization), id));
    shown_deliveries::find(work.transaction.reading(), id, delivery)?.ok_or_else(|| AppError::not_found("delivery", delivery))
}

/// Puts the delivery of an event to a webhook into the queue.
pub(super) fn queue(
    transaction: &mut WriteTransaction<'_>,
    event: &Event,
    webhook: &Webhook,
    now: Timestamp,
) -> Result<DeliveryId, AppError> {
    let id = DeliveryId::from_parts(clock::unix_milliseconds(), random_bits()?);
    let new = NewDelivery {
        id,
        event_id: event.id,
        organization_id: event.organization_id,
        webhook_id: Some(webhook.id),
        destination: webhook.url.destination(),
        first_attempt_at: now,
        created_at: now,
    };
    deliveries::insert(transaction, &new)?;
    Ok(id)
}

/// Sends what was given up, or delivered before, once more: the same event under the same id.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Conflict`] when the webhook is disabled.
pub fn redeliver(
    work: &mut Work<'_, '_>,
    organization: OrganizationId,
    id: WebhookId,
    delivery: DeliveryId,
) -> Result<Delivery, AppError> {
    find_enabled(work.transaction, organization, id)?;
    let missing = || AppError::not_found("delivery", delivery);
    let before = shown_deliveries::find(work.transaction.reading(), id, delivery)?.ok_or_else(missing)?;
    deliveries::requeue(work.transaction, delivery, work.now)?;
    let entry = AuditEntry::done("webhook.redelivered", Some(organization), id);
    let state = |state: DeliveryState| Some(json!({"delivery_id": delivery, "state": state}));
    work.audit(entry.changing(state(before.state), state(DeliveryState::Pending)));
    shown_deliveries::find(work.transaction.reading(), id, delivery)?.ok_or_else(missing)
}

fn find(transaction: &mut WriteTransaction<'_>, organization: OrganizationId, id: WebhookId) -> Result<Webhook, AppError> {
    webhooks::find(transaction.reading(), id)?
        .filter(|webhook| webhook.organization_id == organization)
        .ok_or_else(|| AppError::not_found("webhook", id))
}

fn find_enabled(
    transaction: &mut WriteTransaction<'_>,
    organization: OrganizationId,
    id: WebhookId,
) -> Result<Webhook, AppError> {
    let webhook = find(transaction, organization, id)?;
    if webhook.disabled.is_some() {
        return Err(AppError::Conflict("the webhook is disabled: enable it first".to_owned()));
    }
    Ok(webhook)
}

/// What can change of a webhook. An address may hold a receiver's own token: what follows the path is left out.
pub(super) fn described(webhook: &Webhook) -> Value {
    json!({
        "url": without_query(&webhook.url),
        "description": webhook.description,
        "events": webhook.events,
        "disabled_at": webhook.disabled.map(|(at, _)| at),
    })
}

fn without_query(url: &OutboundUrl) -> String {
    let mut shown = url.url().clone();
    if shown.query().is_some() {
        shown.set_query(Some("redacted"));
    }
    shown.to_string()
}
