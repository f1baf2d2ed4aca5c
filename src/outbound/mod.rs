//! What this server sends to others by itself: webhooks, into the public internet alone, and mail to the operator's SMTP
//! server. The only home of lettre. No database, no clock.

mod mailer;
mod resolver;
mod webhook_client;

pub use mailer::{Mail, MailError, Mailer, SmtpSettings};
pub use webhook_client::{ClientFault, Outcome, WebhookClient, WebhookMessage};
