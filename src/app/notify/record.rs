//! Writes down what became of attempts.

use serde_json::json;

use super::attempt::{Report, Sent};
use crate::app::webhooks::described;
use crate::app::{AppError, Management, Metrics};
use crate::crypto::random;
use crate::domain::actor::{Actor, Principal};
use crate::domain::audit_event::AuditEntry;
use crate::domain::delivery::wait_after;
use crate::domain::event::EventKind;
use crate::domain::id::{DeliveryId, WebhookId};
use crate::domain::time::Timestamp;
use crate::domain::webhook::DisabledReason;
use crate::store::deliveries::{self, Failure};
use crate::store::{WriteTransaction, webhooks};

/// What is told of a receiver that answered 410.
const GONE: &str = "the receiver answered 410: it is gone";

/// Writes the reports down.
///
/// # Errors
/// [`AppError`]; they are to be written again: doing so twice changes nothing.
pub(super) fn record(management: &Management, metrics: &Metrics, reports: &[Report], now: Timestamp) -> Result<(), AppError> {
    let random = u64::from_be_bytes(random::bytes::<8>()?);
    management.db.write(now, |transaction| reports.iter().try_for_each(|report| record_one(transaction, report, random, now)))?;
    for report in reports {
        count(metrics, report);
        if let Sent::Gone(id, url) = &report.result
            && let Err(error) = disable(management, *id, url)
        {
            // The next message to it will be answered in the same way.
            let id = id.to_string();
            log::error!(webhook_id = id.as_str(); "a webhook whose receiver is gone could not be disabled: {error}");
        }
    }
    Ok(())
}

fn record_one(transaction: &mut WriteTransaction<'_>, report: &Report, random: u64, now: Timestamp) -> Result<(), AppError> {
    let fail = |transaction: &mut WriteTransaction<'_>, id: DeliveryId, failure: &Failure, wait: Option<i64>| {
        deliveries::failed(transaction, id, &report.lease, failure, wait.map(|wait| now.plus_seconds(wait)), now)
    };
    for (id, failures) in &report.deliveries {
        match &report.result {
            Sent::Delivered(status) => deliveries::delivered(transaction, *id, *status, now)?,
            Sent::Failed(failure, asked_for) => fail(transaction, *id, failure, wait_after(failures + 1, random, *asked_for))?,
            Sent::Gone(..) => fail(transaction, *id, &Failure { status: Some(410), error: GONE.to_owned() }, None)?,
            Sent::Lapsed => {}
        }
    }
    Ok(())
}

/// The receiver wants nothing any more: the webhook is disabled, unless it has moved meanwhile.
fn disable(management: &Management, id: WebhookId, url: &str) -> Result<(), AppError> {
    management.change(&Actor::local(Principal::System), |work| {
        let Some(before) = webhooks::find(work.transaction.reading(), id)? else { return Ok(()) };
        if before.disabled.is_some() || before.url.to_string() != url {
            return Ok(());
        }
        let mut webhook = before.clone();
        webhook.disabled = Some((work.now, DisabledReason::Gone));
        webhook.updated_at = work.now;
        webhooks::update(work.transaction, &webhook)?;
        deliveries::give_up(work.transaction, id, GONE, work.now)?;
        let entry = AuditEntry::done(EventKind::WebhookDisabled.as_str(), Some(webhook.organization_id), id);
        work.audit(entry.changing(Some(described(&before)), Some(described(&webhook))));
        let data = json!({"webhook_id": id, "url": described(&webhook).get("url"), "reason": DisabledReason::Gone});
        work.announce(webhook.organization_id, EventKind::WebhookDisabled, data)
    })
}

fn count(metrics: &Metrics, report: &Report) {
    for (id, failures) in &report.deliveries {
        let outcome = match &report.result {
            Sent::Delivered(_) => "delivered",
            Sent::Lapsed => continue,
            Sent::Gone(..) => "dead",
            Sent::Failed(failure, _) if wait_after(failures + 1, 0, None).is_none() => {
                let id = id.to_string();
                log::warn!(delivery_id = id.as_str(), cause = failure.error.as_str(); "a delivery was given up");
                "dead"
            }
            Sent::Failed(..) => "failed",
        };
        metrics.delivery_tried(report.lane.channel, outcome);
    }
}
