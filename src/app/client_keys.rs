//! The public keys of clients and of the issuers that vouch for workloads, where they publish them: fetched when they are
//! needed, kept for a while, never more often than is good for whoever serves them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use crate::crypto::client_jwk::ClientJwks;
use crate::crypto::strict_json;
use crate::domain::network_policy::NetworkPolicy;
use crate::domain::outbound_url::OutboundUrl;
use crate::domain::public_credential::TrustedIssuer;
use crate::outbound::{ClientFault, DocumentClient};

/// How long a document is taken as it is.
const FRESH: Duration = Duration::from_secs(300);
/// How soon it may be fetched again when a key is looked for that it lacks, or after a failure.
const AGAIN_AFTER: Duration = Duration::from_secs(10);
/// How long it serves on while it can't be fetched.
const STALE: Duration = Duration::from_secs(24 * 3_600);
/// Addresses kept; past that the memory of them starts anew.
const MAX_KEPT: usize = 10_000;

/// Fetches and keeps published keys.
#[derive(Debug)]
pub struct ClientKeys {
    client: DocumentClient,
    networks: NetworkPolicy,
    kept: Mutex<HashMap<String, Slot>>,
}

/// What is known of one address. Whoever fetches holds the lock: the others wait for what it finds.
type Slot = Arc<tokio::sync::Mutex<Kept>>;

#[derive(Debug, Default)]
struct Kept {
    document: Option<(Arc<Map<String, Value>>, Instant)>,
    tried_at: Option<Instant>,
}

/// Keys that were published, and how to look whether there are newer ones.
#[derive(Debug)]
pub struct PublishedKeys {
    /// The keys.
    pub keys: ClientJwks,
    fetched_at: Instant,
}

impl PublishedKeys {
    /// Whether another look may show other keys.
    pub fn may_be_outdated(&self) -> bool {
        self.fetched_at.elapsed() >= AGAIN_AFTER
    }
}

impl ClientKeys {
    /// Connects to what `networks` permits.
    ///
    /// # Errors
    /// When the system's certificates cannot be used.
    pub fn new(networks: NetworkPolicy) -> Result<Self, ClientFault> {
        Ok(Self { client: DocumentClient::new(&networks)?, networks, kept: Mutex::default() })
    }

    /// The keys at an address; `None` when there are none to be had. `anew`: not what was kept, unless that is of this very
    /// moment.
    pub async fn at(&self, url: &OutboundUrl, anew: bool) -> Option<PublishedKeys> {
        let (set, fetched_at) = self.document(url, anew).await?;
        match ClientJwks::read_leniently(&set) {
            Ok(keys) => Some(PublishedKeys { keys, fetched_at }),
            Err(error) => {
                log::warn!(url = url.destination(); "published keys are of no use: {error}");
                None
            }
        }
    }

    /// The keys of an issuer.
    pub async fn of_issuer(&self, issuer: &TrustedIssuer, anew: bool) -> Option<PublishedKeys> {
        if let Some(url) = &issuer.jwks_uri {
            return self.at(url, anew).await;
        }
        let metadata_url = OutboundUrl::parse(&issuer.issuer.metadata_url(), &self.networks).ok()?;
        let (metadata, _) = self.document(&metadata_url, false).await?;
        // OpenID Connect Discovery section 4.3: another issuer's document is none.
        if metadata.get("issuer").and_then(Value::as_str) != Some(issuer.issuer.as_str()) {
            log::warn!(url = metadata_url.destination(); "the metadata of a trusted issuer names another issuer");
            return None;
        }
        let url = metadata.get("jwks_uri").and_then(Value::as_str)?;
        self.at(&OutboundUrl::parse(url, &self.networks).ok()?, anew).await
    }

    async fn document(&self, url: &OutboundUrl, anew: bool) -> Option<(Arc<Map<String, Value>>, Instant)> {
        let slot = self.slot(url);
        let mut kept = slot.lock().await;
        let age = kept.document.as_ref().map(|(_, at)| at.elapsed());
        let is_good = age.is_some_and(|age| age < if anew { AGAIN_AFTER } else { FRESH });
        let was_just_tried = kept.tried_at.is_some_and(|at| at.elapsed() < AGAIN_AFTER);
        if !is_good && !was_just_tried {
            kept.tried_at = Some(Instant::now());
            match self.client.fetch(url).await {
                Err(error) => log::warn!(url = url.destination(); "published keys could not be fetched: {error}"),
                Ok(bytes) => match strict_json::object(&bytes) {
                    Ok(document) => kept.document = Some((Arc::new(document), Instant::now())),
                    Err(_) => log::warn!(url = url.destination(); "published keys are not a JSON object"),
                },
            }
        }
        kept.document.clone().filter(|(_, at)| at.elapsed() < STALE)
    }

    fn slot(&self, url: &OutboundUrl) -> Slot {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let url = url.to_string();
        if kept.len() >= MAX_KEPT && !kept.contains_key(&url) {
            kept.clear();
        }
        Arc::clone(kept.entry(url).or_default())
    }
}
