//! What may be set of a verifier, and what it is when nothing is said.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use url::Url;

use super::algorithm::Algorithm;
use super::cached::Policy;
use super::clock::{Clock, SystemClock};
use super::http::Client;
use super::issuer::Issuer;
use super::status::StatusLists;
use super::{Inner, Verifier, dpop};
use crate::metadata::ResourceMetadata;
use crate::refusal::Realm;

/// What is done about revoked tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusCheck {
    /// Nothing: a revoked token is good until it expires.
    Off,
    /// A token with a `status` is held against its list. A list that can't be fetched again is used for `stale_for` more, but
    /// not after its own `exp`; then requests are answered `503`.
    On {
        /// How long a list may be used after its `ttl`, at most; zero: not at all.
        stale_for: Duration,
    },
    /// The same, and a token without a `status` is refused.
    Required {
        /// As in [`StatusCheck::On`].
        stale_for: Duration,
    },
}

/// Why there can be no verifier.
#[derive(Debug)]
pub enum Unusable {
    /// The issuer is not an `https` address (or `http` on loopback) without query and fragment.
    Issuer,
    /// The resource server's identifier is empty.
    ResourceServer,
    /// The list of algorithms is empty.
    Algorithms,
    /// Where proofs are made for is not an origin.
    ProofOrigin,
    /// The HTTP client can't be made, e.g. since the system has no certificates.
    Http(reqwest::Error),
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Issuer => f.write_str("the issuer must be an https address without query and fragment"),
            Self::ResourceServer => f.write_str("the resource server's identifier is empty"),
            Self::Algorithms => f.write_str("no algorithm is accepted"),
            Self::ProofOrigin => f.write_str("the origin of proofs is not an address"),
            Self::Http(error) => write!(f, "the HTTP client can't be made: {error}"),
        }
    }
}

impl std::error::Error for Unusable {}

/// The settings of a [`Verifier`].
#[derive(Clone, Debug)]
pub struct Builder {
    issuer: String,
    resource_server: String,
    algorithms: Vec<Algorithm>,
    leeway_seconds: u32,
    key_interval: Duration,
    keys_stale_for: Duration,
    status: StatusCheck,
    proof_origin: Option<String>,
    takes_proofs: bool,
    realm: Option<String>,
    metadata: ResourceMetadata,
    http_timeout: Duration,
    insecure_http: bool,
    clock: Arc<dyn Clock>,
}

impl Builder {
    pub(super) fn new(issuer: String, resource_server: String) -> Self {
        Self {
            metadata: ResourceMetadata::new(resource_server.clone(), issuer.clone()),
            issuer,
            resource_server,
            algorithms: Algorithm::ALL.to_vec(),
            leeway_seconds: 10,
            key_interval: Duration::from_secs(10),
            keys_stale_for: Duration::from_secs(15 * 60),
            status: StatusCheck::On { stale_for: Duration::from_secs(5 * 60) },
            proof_origin: None,
            takes_proofs: true,
            realm: None,
            http_timeout: Duration::from_secs(3),
            insecure_http: false,
            clock: Arc::new(SystemClock::default()),
        }
    }

    /// The algorithms that are accepted, all of [`Algorithm`] unless said. A key is used with its own alone in any case.
    #[must_use]
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    /// How far the issuer's clock may be off, in seconds; 10 unless said.
    #[must_use]
    pub const fn leeway_seconds(mut self, seconds: u32) -> Self {
        self.leeway_seconds = seconds;
        self
    }

    /// The issuer is asked for keys at most once in this time, however many tokens name keys that nobody knows; 10 s unless
    /// said.
    #[must_use]
    pub const fn key_interval(mut self, interval: Duration) -> Self {
        self.key_interval = interval;
        self
    }

    /// For how long keys that are due to be fetched again may be used while the issuer does not answer; 15 minutes unless said.
    #[must_use]
    pub const fn keys_stale_for(mut self, time: Duration) -> Self {
        self.keys_stale_for = time;
        self
    }

    /// What is done about revoked tokens; on, with 5 minutes, unless said.
    #[must_use]
    pub const fn status(mut self, check: StatusCheck) -> Self {
        self.status = check;
        self
    }

    /// Where clients reach the API, for proofs of possession: `https://payments.example.com`. The origin of the resource
    /// server's identifier unless said; when that has none, proofs are refused.
    #[must_use]
    pub fn proof_origin(mut self, origin: impl Into<String>) -> Self {
        self.proof_origin = Some(origin.into());
        self
    }

    /// Tokens that are bound to a key are refused, whatever comes with them.
    #[must_use]
    pub const fn without_proofs(mut self) -> Self {
        self.takes_proofs = false;
        self
    }

    /// The name of the API in challenges; the resource server's identifier unless said.
    #[must_use]
    pub fn realm(mut self, name: impl Into<String>) -> Self {
        self.realm = Some(name.into());
        self
    }

    /// More to say in the document of RFC 9728.
    #[must_use]
    pub fn metadata(mut self, change: impl FnOnce(ResourceMetadata) -> ResourceMetadata) -> Self {
        self.metadata = change(self.metadata);
        self
    }

    /// How long one fetch may take; 3 s unless said.
    #[must_use]
    pub const fn http_timeout(mut self, timeout: Duration) -> Self {
        self.http_timeout = timeout;
        self
    }

    /// Takes an issuer at a plain `http` address that is not loopback's: whoever can change its answers can make tokens.
    #[must_use]
    pub const fn insecure_http(mut self) -> Self {
        self.insecure_http = true;
        self
    }

    /// Another clock, for tests.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Makes the verifier. Nothing is fetched yet.
    ///
    /// # Errors
    /// [`Unusable`].
    pub fn build(self) -> Result<Verifier, Unusable> {
        if self.resource_server.is_empty() {
            return Err(Unusable::ResourceServer);
        }
        if self.algorithms.is_empty() {
            return Err(Unusable::Algorithms);
        }
        let client = Client::new(self.http_timeout, self.insecure_http).map_err(Unusable::Http)?;
        let url: Url = self.issuer.parse().map_err(|_| Unusable::Issuer)?;
        if !client.may_fetch(&url) || url.query().is_some() || url.fragment().is_some() {
            return Err(Unusable::Issuer);
        }
        let policy = Policy { interval: self.key_interval, stale_for: self.keys_stale_for };
        let issuer = Arc::new(Issuer::new(&self.issuer, &url, client.clone(), policy, Arc::clone(&self.clock)));
        let stale_for = match self.status {
            StatusCheck::Off => None,
            StatusCheck::On { stale_for } | StatusCheck::Required { stale_for } => Some(stale_for),
        };
        let status = stale_for.map(|stale_for| {
            Arc::new(StatusLists {
                issuer: Arc::clone(&issuer),
                issuer_name: self.issuer.clone(),
                origin: url.origin(),
                client,
                algorithms: self.algorithms.clone(),
                policy: Policy { interval: LIST_INTERVAL, stale_for },
                leeway_seconds: self.leeway_seconds,
                clock: Arc::clone(&self.clock),
                lists: Mutex::new(HashMap::new()),
            })
        });
        let proof_origin = self.origin_of_proofs()?;
        let names: Vec<&str> = self.algorithms.iter().flat_map(|algorithm| algorithm.names()).copied().collect();
        let proof_names = proof_origin.is_some().then_some(names);
        let metadata = self.metadata.proof_algorithms(proof_names.clone().unwrap_or_default());
        let realm = Realm {
            name: self.realm.unwrap_or_else(|| self.resource_server.clone()),
            metadata_url: metadata.url(),
            proof_algorithms: proof_names.map(|names| names.join(" ")),
        };
        Ok(Verifier(Arc::new(Inner {
            issuer_name: self.issuer,
            resource_server: self.resource_server,
            algorithms: self.algorithms,
            leeway_seconds: self.leeway_seconds,
            clock: self.clock,
            issuer,
            status,
            status_required: matches!(self.status, StatusCheck::Required { .. }),
            proof_origin,
            proofs: dpop::Proofs::default(),
            realm: Arc::new(realm),
            metadata,
        })))
    }

    fn origin_of_proofs(&self) -> Result<Option<Url>, Unusable> {
        let origin = |text: &str| text.parse().ok().filter(|url: &Url| url.has_host() && url.scheme().starts_with("http"));
        match &self.proof_origin {
            _ if !self.takes_proofs => Ok(None),
            Some(text) => origin(text).map(Some).ok_or(Unusable::ProofOrigin),
            None => Ok(origin(&self.resource_server)),
        }
    }
}

/// A list is fetched at most once in this time, also when it says that it is old at once.
const LIST_INTERVAL: Duration = Duration::from_secs(5);
