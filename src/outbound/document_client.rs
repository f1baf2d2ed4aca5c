//! Fetches small JSON documents that clients and issuers publish: their keys and metadata.

use std::fmt;
use std::time::Duration;

use reqwest::header::ACCEPT;

use super::clients::{ClientFault, Clients};
use crate::domain::network_policy::NetworkPolicy;
use crate::domain::outbound_url::OutboundUrl;

const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// From the look-up of the name to the end of the document: a request waits for it.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// The longest document.
const MAX_DOCUMENT_BYTES: usize = 64 * 1024;

/// A document could not be had; says why, for the operator, and holds nothing of what was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotFetched(&'static str);

impl fmt::Display for NotFetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for NotFetched {}

/// Fetches documents.
#[derive(Clone, Debug)]
pub struct DocumentClient(Clients);

impl DocumentClient {
    /// Connects to what `policy` permits, in the clear only to what it permits in the clear.
    ///
    /// # Errors
    /// When the system's certificates cannot be used.
    pub fn new(policy: &NetworkPolicy) -> Result<Self, ClientFault> {
        Ok(Self(Clients::new(policy, CONNECT_WITHIN, ANSWER_WITHIN, "client keys")?))
    }

    /// The document at an address: what is answered with 200, of 64 KiB at most.
    ///
    /// # Errors
    /// [`NotFetched`].
    pub async fn fetch(&self, url: &OutboundUrl) -> Result<Vec<u8>, NotFetched> {
        let client = self.0.for_url(url).map_err(|_| NotFetched("the host leads into a private network"))?;
        let request = client.get(url.url().clone()).header(ACCEPT, "application/json, application/jwk-set+json");
        let mut response = request.send().await.map_err(|error| NotFetched(reason(&error)))?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(NotFetched("the answer was not 200"));
        }
        let mut document = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| NotFetched(reason(&error)))? {
            document.extend_from_slice(&chunk);
            if document.len() > MAX_DOCUMENT_BYTES {
                return Err(NotFetched("the document is longer than 64 KiB"));
            }
        }
        Ok(document)
    }
}

fn reason(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "no answer within 3 s"
    } else if error.is_connect() {
        "no connection, or one into a private network"
    } else {
        "the connection broke"
    }
}
