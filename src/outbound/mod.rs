//! What this server asks of others by itself: webhooks and the keys of clients, in the public internet alone, and mail by the
//! operator's SMTP server. The only home of lettre. No database, no clock.

mod clients;
mod document_client;
mod mailer;
mod resolver;
mod webhook_client;

use std::error::Error;

pub use clients::ClientFault;
pub use document_client::{DocumentClient, NotFetched};
pub use mailer::{Mail, MailError, Mailer, SmtpSettings};
pub use webhook_client::{Outcome, WebhookClient, WebhookMessage};

/// The fault of TLS that an error is, if it is one. I/O errors hold others, which their `source` passes over.
fn tls_fault<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    error.downcast_ref().or_else(|| tls_fault(error.downcast_ref::<std::io::Error>()?.get_ref()?))
}
