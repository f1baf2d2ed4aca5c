//! The public keys of clients and of the issuers that vouch for workloads, where they publish them: fetched when they are
//! needed, kept for a while, never more often than is good for whoever serves them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;
use serde_json::{Map, Value};
use tokio::sync::{Semaphore, TryAcquireError};

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
/// Addresses kept of each kind; past that those go that nobody has asked for longest.
const MAX_KEPT: usize = 10_000;
/// Fetches at once: names are resolved on threads that others need too.
const AT_ONCE: usize = 8;
/// A fetch that took so long was given up.
const LONG: Duration = Duration::from_millis(2_900);
/// How long the resolving of a name may go on after nobody waits for it any more.
const RESOLVING: Duration = Duration::from_secs(10);

/// Fetches and keeps published keys.
#[derive(Debug)]
pub struct ClientKeys {
    fetcher: Arc<Fetcher>,
    networks: NetworkPolicy,
    keys: Documents<Arc<ClientJwks>>,
    metadata: Documents<Arc<IssuerMetadata>>,
}

/// What is needed of an issuer's metadata.
#[derive(Debug)]
struct IssuerMetadata {
    issuer: String,
    jwks_uri: String,
}

/// Keys that were published, and how to look whether there are newer ones.
#[derive(Debug)]
pub struct PublishedKeys {
    /// The keys.
    pub keys: Arc<ClientJwks>,
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
        let fetcher = Fetcher { client: DocumentClient::new(&networks)?, permits: Arc::new(Semaphore::new(AT_ONCE)) };
        Ok(Self {
            fetcher: Arc::new(fetcher),
            networks,
            keys: Documents(Cache::new(MAX_KEPT)),
            metadata: Documents(Cache::new(MAX_KEPT)),
        })
    }

    /// The keys at an address; `None` when there are none to be had. `anew`: not what was kept, unless that is of this very
    /// moment.
    pub async fn at(&self, url: &OutboundUrl, anew: bool) -> Option<PublishedKeys> {
        let read = |document: &Map<String, Value>| ClientJwks::read_leniently(document).ok().map(Arc::new);
        let (keys, fetched_at) = self.keys.get(&self.fetcher, url, anew, read).await?;
        Some(PublishedKeys { keys, fetched_at })
    }

    /// The keys of an issuer.
    pub async fn of_issuer(&self, issuer: &TrustedIssuer, anew: bool) -> Option<PublishedKeys> {
        if let Some(url) = &issuer.jwks_uri {
            return self.at(url, anew).await;
        }
        let read = |document: &Map<String, Value>| {
            let text = |name| document.get(name).and_then(Value::as_str).map(str::to_owned);
            Some(Arc::new(IssuerMetadata { issuer: text("issuer")?, jwks_uri: text("jwks_uri")? }))
        };
        let metadata_url = OutboundUrl::parse(&issuer.issuer.metadata_url(), &self.networks).ok()?;
        let (metadata, _) = self.metadata.get(&self.fetcher, &metadata_url, false, read).await?;
        // OpenID Connect Discovery section 4.3: another issuer's document is none.
        if metadata.issuer != issuer.issuer.as_str() {
            log::warn!(url = metadata_url.destination(); "the metadata of a trusted issuer names another issuer");
            return None;
        }
        self.at(&OutboundUrl::parse(&metadata.jwks_uri, &self.networks).ok()?, anew).await
    }
}

#[derive(Debug)]
struct Fetcher {
    client: DocumentClient,
    permits: Arc<Semaphore>,
}

impl Fetcher {
    /// The document at an address, unless too many are being fetched.
    async fn fetch(&self, url: &OutboundUrl) -> Option<Map<String, Value>> {
        let permit = match Arc::clone(&self.permits).try_acquire_owned() {
            Ok(permit) => permit,
            Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => {
                log::warn!(url = url.destination(); "published keys could not be fetched: too many are being fetched");
                return None;
            }
        };
        let started = Instant::now();
        let fetched = self.client.fetch(url).await;
        if started.elapsed() >= LONG {
            // What was given up may still hold a thread that resolves a name.
            tokio::spawn(async move {
                tokio::time::sleep(RESOLVING).await;
                drop(permit);
            });
        }
        match fetched {
            Ok(bytes) => strict_json::object(&bytes).ok(),
            Err(error) => {
                log::warn!(url = url.destination(); "published keys could not be fetched: {error}");
                None
            }
        }
    }
}

/// Documents of one kind by their addresses.
#[derive(Debug)]
struct Documents<T>(Cache<String, Arc<Slot<T>>>);

/// What is known of one address.
#[derive(Debug)]
struct Slot<T> {
    kept: Mutex<Option<(T, Instant)>>,
    /// When somebody has tried last; held while somebody tries.
    tried_at: tokio::sync::Mutex<Option<Instant>>,
}

impl<T: Clone + Send + 'static> Documents<T> {
    /// A document that is fresh enough, or another look at its address; when that shows nothing that `read` can use, what was
    /// there before.
    async fn get(
        &self,
        fetcher: &Arc<Fetcher>,
        url: &OutboundUrl,
        anew: bool,
        read: impl Fn(&Map<String, Value>) -> Option<T> + Send + 'static,
    ) -> Option<(T, Instant)> {
        let slot = self.slot(url)?;
        let good_for = if anew { AGAIN_AFTER } else { FRESH };
        if let Some(kept) = slot.kept().filter(|(_, at)| at.elapsed() < good_for) {
            return Some(kept);
        }
        let (fetcher, url, theirs) = (Arc::clone(fetcher), url.clone(), Arc::clone(&slot));
        // A task of its own: a caller who goes away takes nothing away from the others who wait.
        let look = tokio::spawn(async move {
            let mut tried_at = theirs.tried_at.lock().await;
            if tried_at.is_some_and(|at| at.elapsed() < AGAIN_AFTER) {
                return;
            }
            if let Some(document) = fetcher.fetch(&url).await {
                match read(&document) {
                    Some(document) => theirs.keep(document),
                    None => log::warn!(url = url.destination(); "what is published there are no keys that are of use"),
                }
            }
            *tried_at = Some(Instant::now());
        });
        let _ = look.await;
        slot.kept().filter(|(_, at)| at.elapsed() < STALE)
    }

    fn slot(&self, url: &OutboundUrl) -> Option<Arc<Slot<T>>> {
        let new = || {
            Ok::<_, std::convert::Infallible>(Arc::new(Slot { kept: Mutex::default(), tried_at: tokio::sync::Mutex::default() }))
        };
        self.0.get_or_insert_with(&url.to_string(), new).ok()
    }
}

impl<T: Clone> Slot<T> {
    fn kept(&self) -> Option<(T, Instant)> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, document: T) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some((document, Instant::now()));
    }
}
