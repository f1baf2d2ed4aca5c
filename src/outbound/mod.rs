//! What this server sends to others by itself: webhooks, into the public internet alone, and mail to the operator's SMTP
//! server. The only home of lettre. No database, no clock.

mod mailer;
mod resolver;
mod webhook_client;

use std::error::Error;

pub use mailer::{Mail, MailError, Mailer, SmtpSettings};
pub use webhook_client::{ClientFault, Outcome, WebhookClient, WebhookMessage};

/// The fault of TLS that an error is, if it is one. I/O errors hold others, which their `source` passes over.
fn tls_fault<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    error.downcast_ref().or_else(|| tls_fault(error.downcast_ref::<std::io::Error>()?.get_ref()?))
}
