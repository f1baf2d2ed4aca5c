//! One attempt: takes what is due, puts the message together, sends it on the runtime, reports.

use std::sync::mpsc::Sender;

use serde_json::json;

use super::Message;
use super::in_flight::{InFlight, Lane};
use super::mail_text::mail_of;
use super::owners::{name_of, recipient};
use crate::app::{AppError, webhooks::DISABLED};
use crate::clock;
use crate::crypto::Envelope;
use crate::crypto::webhook_secret::WebhookSecret;
use crate::domain::delivery::Channel;
use crate::domain::event::Event;
use crate::domain::id::{DeliveryId, EventId, WebhookId};
use crate::domain::time::Timestamp;
use crate::outbound::{Mail, Mailer, Outcome, WebhookClient, WebhookMessage};
use crate::store::deliveries::{self, Due, Failure};
use crate::store::{Db, DbConnection, StoreError, WriteTransaction, events, organizations, webhooks};

/// How long an attempt may take: longer than webhooks and mails have.
const ATTEMPT_SECONDS: i64 = 35;
/// How long nobody else tries what was taken: an attempt, and what clocks of two nodes may differ by.
pub(super) const LEASE_SECONDS: i64 = 60;
/// Events told of in one mail.
const EVENTS_OF_A_MAIL: i64 = 500;
/// How often what is next is looked for in one go, each time without the hosts that are full by then.
const ROUNDS: usize = 16;

/// What is to be sent, and to whom.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) lane: Lane,
    pub(super) deliveries: Vec<(DeliveryId, i64)>,
    pub(super) lease: String,
    lease_ends: Timestamp,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Webhook(WebhookId, WebhookMessage),
    Mail(Mail),
}

/// What became of an attempt.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) lane: Lane,
    pub(super) deliveries: Vec<(DeliveryId, i64)>,
    pub(super) lease: String,
    pub(super) result: Sent,
}

#[derive(Debug)]
pub(super) enum Sent {
    /// The recipient has it.
    Delivered(Option<u16>),
    /// Not this time.
    Failed(Failure, Option<i64>),
    /// The webhook that was at this address wants nothing any more.
    Gone(WebhookId, String),
    /// Nothing was tried: the lease had ended before.
    Lapsed,
}

/// What is next on a channel, as far as there is room.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub(super) fn choose(db: &Db, channel: Channel, in_flight: &InFlight, now: Timestamp) -> Result<Vec<Due>, StoreError> {
    let mut planned = in_flight.clone();
    let mut chosen: Vec<Due> = Vec::new();
    for _ in 0..ROUNDS {
        let free = planned.free(channel);
        if free == 0 {
            break;
        }
        let limit = i64::try_from(free + chosen.len()).unwrap_or(i64::MAX);
        let (hosts, organizations) = (planned.full_destinations(channel), planned.full_organizations(channel));
        let due = db.read(|connection| deliveries::due(connection, channel, now, &hosts, &organizations, limit))?;
        let before = chosen.len();
        for one in due {
            let lane = Lane::of(&one);
            if planned.admits(&lane) && !chosen.iter().any(|other| other.id == one.id) {
                planned.enter(&lane);
                chosen.push(one);
            }
        }
        if chosen.len() == before {
            break;
        }
    }
    Ok(chosen)
}

/// What the messages are made with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Means<'a> {
    pub(super) db: &'a Db,
    pub(super) envelope: &'a Envelope,
    pub(super) issuer: &'a str,
}

impl Means<'_> {
    /// Takes what was chosen, and with a mail whatever else is due to the same person; then puts the messages together.
    ///
    /// # Errors
    /// [`AppError`]; what was taken is tried again after its lease.
    pub(super) fn take(&self, chosen: &[Due], lease: &str, now: Timestamp) -> Result<Vec<Attempt>, AppError> {
        let until = now.plus_seconds(LEASE_SECONDS);
        let taken = self.db.write(now, |transaction| {
            let mut taken: Vec<Vec<Due>> = Vec::new();
            for first in chosen {
                let together = match first.webhook_id {
                    Some(_) => vec![first.clone()],
                    None => {
                        let to = first.destination.as_str();
                        deliveries::due_for(transaction.reading(), Channel::Email, to, now, EVENTS_OF_A_MAIL)?
                    }
                };
                let mut mine = Vec::with_capacity(together.len());
                for one in together {
                    if deliveries::take(transaction, one.id, lease, until, now)? {
                        mine.push(one);
                    }
                }
                taken.push(mine);
            }
            Ok::<_, StoreError>(taken)
        })?;
        let mut attempts = Vec::with_capacity(taken.len());
        for group in taken.into_iter().filter(|group| !group.is_empty()) {
            let content = match self.content(&group, now)? {
                Prepared::Ready(content) => content,
                Prepared::Pointless(why) => {
                    let give_up = |transaction: &mut WriteTransaction<'_>| {
                        group.iter().try_for_each(|one| deliveries::give_up_one(transaction, one.id, why, now))
                    };
                    self.db.write(now, give_up)?;
                    continue;
                }
            };
            let Some(lane) = group.first().map(Lane::of) else { continue };
            attempts.push(Attempt {
                lane,
                deliveries: group.iter().map(|one| (one.id, one.failures)).collect(),
                lease: lease.to_owned(),
                lease_ends: until,
                content,
            });
        }
        Ok(attempts)
    }

    fn content(&self, group: &[Due], now: Timestamp) -> Result<Prepared, AppError> {
        let ids: Vec<EventId> = group.iter().map(|one| one.event_id).collect();
        let Some(first) = group.first() else { return Ok(Prepared::Pointless("there is nothing to tell")) };
        match first.webhook_id {
            Some(id) => {
                let found = self.db.read(|connection| {
                    let webhook = webhooks::find(connection, id)?;
                    Ok((webhook, webhooks::live_secrets(connection, id, now)?, events::named(connection, &ids)?))
                })?;
                let (Some(webhook), secrets, events) = found else { return Ok(Prepared::Pointless("the webhook is gone")) };
                if webhook.disabled.is_some() {
                    return Ok(Prepared::Pointless(DISABLED));
                }
                let Some(event) = events.first() else { return Ok(Prepared::Pointless("the event is gone")) };
                let (id, body) = (event.id.to_string(), body_of(event));
                let mut signatures = Vec::with_capacity(secrets.len());
                for secret in secrets {
                    let opened = WebhookSecret::open(self.envelope, &secret.sealed, &secret.id.to_string())?;
                    signatures.push(opened.sign(&id, now.unix(), body.as_bytes()));
                }
                let signatures = signatures.join(" ");
                let message = WebhookMessage { url: webhook.url, id, timestamp: now.unix(), signatures, body };
                Ok(Prepared::Ready(Content::Webhook(webhook.id, message)))
            }
            None => Ok(self.db.read(|connection| self.mail(connection, first, &ids))?),
        }
    }

    fn mail(&self, connection: &mut DbConnection, first: &Due, ids: &[EventId]) -> Result<Prepared, StoreError> {
        let Some(to) = recipient(connection, first)? else {
            return Ok(Prepared::Pointless("the recipient is no owner any more"));
        };
        let events = events::named(connection, ids)?;
        let organization = organizations::find(connection, first.organization_id)?;
        let name = organization.map_or_else(String::new, |organization| organization.name.to_string());
        let names = std::cell::RefCell::new(connection);
        let lookup = |id: &str| name_of(&mut names.borrow_mut(), id);
        let Some(text) = mail_of(&events, &name, self.issuer, &lookup) else {
            return Ok(Prepared::Pointless("there is nothing to tell"));
        };
        let mail =
            Mail { to: to.email.to_string(), subject: text.subject, text: text.text, html: text.html, id: first.id.to_string() };
        Ok(Prepared::Ready(Content::Mail(mail)))
    }
}

enum Prepared {
    Ready(Content),
    /// Nobody is there to get it.
    Pointless(&'static str),
}

/// The same bytes at each attempt.
fn body_of(event: &Event) -> String {
    json!({"type": event.kind, "timestamp": event.occurred_at, "data": event.data}).to_string()
}

impl Attempt {
    /// Sends it and reports, whatever happens on the way.
    pub(super) async fn run(self, client: WebhookClient, mailer: Option<Mailer>, reports: Sender<Message>) {
        let Self { lane, deliveries, lease, lease_ends, content } = self;
        // Unless something better is known in the end.
        let mut report = Reporting { reports, report: Some(Report { lane, deliveries, lease, result: Sent::Lapsed }) };
        // This process may have stood still since the lease was taken.
        if clock::now().plus_seconds(ATTEMPT_SECONDS) > lease_ends {
            return;
        }
        let result = match content {
            Content::Webhook(id, message) => {
                let url = message.url.to_string();
                match client.post(message).await {
                    Outcome::Accepted(status) => Sent::Delivered(Some(status)),
                    Outcome::Gone => Sent::Gone(id, url),
                    Outcome::Failed { status, error, retry_after_seconds } => {
                        Sent::Failed(Failure { status, error }, retry_after_seconds)
                    }
                }
            }
            Content::Mail(mail) => match mailer {
                None => return,
                Some(mailer) => match mailer.send(mail).await {
                    Ok(()) => Sent::Delivered(None),
                    Err(error) => Sent::Failed(Failure { status: error.code, error: error.error }, None),
                },
            },
        };
        if let Some(report) = &mut report.report {
            report.result = result;
        }
    }
}

/// Reports when it is dropped, so also when the attempt is.
struct Reporting {
    reports: Sender<Message>,
    report: Option<Report>,
}

impl Drop for Reporting {
    fn drop(&mut self) {
        if let Some(report) = self.report.take() {
            // Nobody listens when the server stops.
            let _ = self.reports.send(Message::Finished(report));
        }
    }
}
