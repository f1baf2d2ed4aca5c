//! Mails with a link: an invitation, or to choose another password. The link is made when its mail leaves, so that it
//! stands nowhere but there.

use std::sync::mpsc::Sender;

use askama::Template;

use super::Message;
use super::attempt::LEASE_SECONDS;
use super::mail_text::{MailText, displayed};
use crate::app::user_links::{OutgoingMail, mark_mail_sent, mint_link, put_mail_off, take_pending_mails};
use crate::app::{AppError, Metrics};
use crate::clock;
use crate::crypto::login_key::LoginKey;
use crate::crypto::random;
use crate::domain::delivery::{Channel, MAX_ATTEMPTS, wait_after};
use crate::domain::id::MailId;
use crate::domain::one_time_link::{LinkPurpose, LinkToken};
use crate::outbound::{Mail, MailError, Mailer};
use crate::store::{Db, pending_mails};

/// Mails with a link under way at once.
const AT_ONCE: usize = 4;

#[derive(Template)]
#[template(path = "mail/link.txt", escape = "none")]
struct LinkText<'a>(Words<'a>);

#[derive(Template)]
#[template(path = "mail/link.html")]
struct LinkHtml<'a>(Words<'a>);

#[derive(Clone, Copy)]
struct Words<'a> {
    subject: &'a str,
    sentence: &'a str,
    action: &'a str,
    link: &'a str,
    works_for: &'a str,
    issuer: &'a str,
}

/// What became of one.
#[derive(Debug)]
pub(super) struct LinkReport {
    id: MailId,
    attempts: i64,
    result: Result<(), MailError>,
}

/// Mails with a link that are under way, and those that came back.
#[derive(Debug, Default)]
pub(super) struct LinkMails {
    under_way: usize,
    unwritten: Vec<LinkReport>,
}

impl LinkMails {
    pub(super) const fn is_empty(&self) -> bool {
        self.under_way == 0
    }

    /// One came back.
    pub(super) fn came_back(&mut self, report: LinkReport) {
        self.under_way = self.under_way.saturating_sub(1);
        self.unwritten.push(report);
    }

    /// Writes down what became of them.
    ///
    /// # Errors
    /// [`AppError`]; it is written again.
    pub(super) fn record(&mut self, db: &Db, metrics: &Metrics) -> Result<(), AppError> {
        while let Some(report) = self.unwritten.last() {
            let outcome = match &report.result {
                Ok(()) => {
                    mark_mail_sent(db, report.id)?;
                    "delivered"
                }
                Err(error) => {
                    // A link may be asked for anew at any time, so this goes on until the mail is too old.
                    let failures = report.attempts.min(MAX_ATTEMPTS - 1);
                    let random = u64::from_be_bytes(random::bytes::<8>()?);
                    put_mail_off(db, report.id, wait_after(failures, random, None).unwrap_or(LEASE_SECONDS))?;
                    log::warn!(cause = error.error.as_str(); "a mail with a link could not be sent and will be tried again");
                    "failed"
                }
            };
            metrics.delivery_tried(Channel::Email, outcome);
            self.unwritten.pop();
        }
        Ok(())
    }

    /// Starts what is to be sent, as far as there is room.
    ///
    /// # Errors
    /// [`AppError`]; what was taken is tried again after its lease.
    pub(super) fn start(&mut self, means: &LinkMeans<'_>, reports: &Sender<Message>) -> Result<(), AppError> {
        let now = clock::now();
        let free = i64::try_from(AT_ONCE.saturating_sub(self.under_way)).unwrap_or(0);
        if free == 0 || !means.db.read(|connection| pending_mails::is_any_due(connection, now))? {
            return Ok(());
        }
        for mail in take_pending_mails(means.db, LEASE_SECONDS, free)? {
            let token = mint_link(means.db, means.key, mail.user.id, mail.purpose)?;
            let Some(text) = text_of(&mail, &token, means.issuer) else { continue };
            let (to, id) = (mail.user.email.to_string(), format!("{}-{}", mail.id, mail.attempts));
            let outgoing = Mail { to, subject: text.subject, text: text.text, html: text.html, id };
            let (mailer, reports) = (means.mailer.clone(), reports.clone());
            self.under_way += 1;
            means.runtime.spawn(async move {
                let result = mailer.send(outgoing).await;
                // Nobody listens when the server stops.
                let _ = reports.send(Message::LinkSent(LinkReport { id: mail.id, attempts: mail.attempts, result }));
            });
        }
        Ok(())
    }
}

/// What they are made with.
#[derive(Clone, Copy, Debug)]
pub(super) struct LinkMeans<'a> {
    pub(super) db: &'a Db,
    pub(super) key: &'a LoginKey,
    pub(super) mailer: &'a Mailer,
    pub(super) issuer: &'a str,
    pub(super) runtime: &'a tokio::runtime::Runtime,
}

fn text_of(mail: &OutgoingMail, token: &LinkToken, issuer: &str) -> Option<MailText> {
    let organization = displayed(mail.organization.name.as_str());
    let (subject, sentence, action, path, works_for) = match mail.purpose {
        LinkPurpose::Invitation => (
            format!("Invitation to {organization}"),
            format!("You are invited to manage the API keys of {organization} as {}.", mail.user.role),
            "Choose a password to accept the invitation:",
            "invitation",
            "It works once, for 7 days. If you did not expect it, do nothing.",
        ),
        LinkPurpose::PasswordReset => (
            "Choose another password".to_owned(),
            format!("Somebody, most likely you, wants to choose another password for your login at {organization}."),
            "Choose it here:",
            "password-reset",
            "It works once, for one hour. If it was not you, do nothing: your password stays as it is.",
        ),
    };
    let base = issuer.trim_end_matches('/');
    let link = &format!("{base}/{path}?token={}", token.expose());
    let words = Words { subject: &subject, sentence: &sentence, action, link, works_for, issuer };
    let (text, html) = (LinkText(words).render().ok()?, LinkHtml(words).render().ok()?);
    Some(MailText { subject, text, html })
}
