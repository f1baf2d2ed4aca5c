//! Posts a message to a webhook: to a permitted address, without proxy, without following redirects, within bounds of
//! time and size.

use std::error::Error;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Response, StatusCode};

use super::clients::{ClientFault, Clients};
use super::resolver::{NotPermitted, Unresolved};
use super::tls_fault;
use crate::domain::network_policy::NetworkPolicy;
use crate::domain::outbound_url::OutboundUrl;

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// From the look-up of the name to the end of the answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// What is read of an answer's body, so that a receiver can end it in an orderly way; it is never looked at.
const MAX_ANSWER_BYTES: usize = 4_096;

/// One message, signed.
#[derive(Clone, Debug)]
pub struct WebhookMessage {
    /// Where to.
    pub url: OutboundUrl,
    /// `webhook-id`
    pub id: String,
    /// `webhook-timestamp`: Unix seconds.
    pub timestamp: i64,
    /// `webhook-signature`
    pub signatures: String,
    /// JSON.
    pub body: String,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver answered with this status, 200 to 299.
    Accepted(u16),
    /// The receiver wants no more messages: 410.
    Gone,
    /// Everything else.
    Failed {
        /// The status, when there was an answer.
        status: Option<u16>,
        /// One line; nothing of what the receiver said.
        error: String,
        /// The receiver's `Retry-After`, in seconds.
        retry_after_seconds: Option<i64>,
    },
}

impl Outcome {
    fn failed(error: impl Into<String>) -> Self {
        Self::Failed { status: None, error: error.into(), retry_after_seconds: None }
    }
}

/// Posts messages.
#[derive(Clone, Debug)]
pub struct WebhookClient(Clients);

impl WebhookClient {
    /// Connects to what `policy` permits, in the clear only to what it permits in the clear.
    ///
    /// # Errors
    /// When the system's certificates cannot be used.
    pub fn new(policy: &NetworkPolicy) -> Result<Self, ClientFault> {
        Ok(Self(Clients::new(policy, CONNECT_WITHIN, ANSWER_WITHIN, "webhooks")?))
    }

    /// Posts the message.
    pub async fn post(&self, message: WebhookMessage) -> Outcome {
        let client = match self.0.for_url(&message.url) {
            Ok(client) => client,
            Err(NotPermitted) => return Outcome::failed(NotPermitted.to_string()),
        };
        let sent = client
            .post(message.url.url().clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", message.id)
            .header("webhook-timestamp", message.timestamp)
            .header("webhook-signature", message.signatures)
            .body(message.body)
            .send()
            .await;
        match sent {
            Ok(response) => judge(response).await,
            Err(error) => Outcome::failed(reason(&error)),
        }
    }
}

async fn judge(mut response: Response) -> Outcome {
    let status = response.status();
    let wait = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let mut read = 0;
    while let Ok(Some(chunk)) = response.chunk().await {
        read += chunk.len();
        if read > MAX_ANSWER_BYTES {
            break;
        }
    }
    if status.is_success() {
        Outcome::Accepted(status.as_u16())
    } else if status == StatusCode::GONE {
        Outcome::Gone
    } else {
        let error = if status.is_redirection() {
            format!("the receiver answered {}: redirects are not followed", status.as_u16())
        } else {
            format!("the receiver answered {}", status.as_u16())
        };
        Outcome::Failed { status: Some(status.as_u16()), error, retry_after_seconds: wait }
    }
}

/// Why nothing came back. The receiver's owner reads it: it must not say more of the network than that owner may know.
fn reason(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.is::<NotPermitted>() || inner.is::<Unresolved>() {
            return inner.to_string();
        }
        if let Some(tls) = tls_fault(inner) {
            return format!("the TLS handshake failed: {tls}");
        }
        cause = inner.source();
    }
    let text = if error.is_timeout() && error.is_connect() {
        "no connection within 5 s"
    } else if error.is_timeout() {
        "no answer within 15 s"
    } else if error.is_connect() {
        "the connection was refused"
    } else {
        "the connection broke"
    };
    text.to_owned()
}
