//! The public keys of clients and of the issuers that vouch for workloads, where they publish them: fetched when they are
//! needed, kept for a while, never more often than is good for whoever serves them.

mod documents;
mod fetcher;

use std::sync::Arc;
use std::time::Instant;

use serde_json::{Map, Value};

use self::documents::{AGAIN_AFTER, Documents};
use self::fetcher::Fetcher;
use crate::crypto::client_jwk::ClientJwks;
use crate::domain::id::OrganizationId;
use crate::domain::network_policy::NetworkPolicy;
use crate::domain::outbound_url::OutboundUrl;
use crate::domain::public_credential::{PublicCredential, TrustedIssuer};
use crate::oauth::error::ClientRefusal;
use crate::outbound::ClientFault;

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

/// Keys that were published, and when they were fetched.
#[derive(Debug)]
struct PublishedKeys {
    keys: Arc<ClientJwks>,
    fetched_at: Instant,
}

impl PublishedKeys {
    /// Whether another look may show other keys.
    fn may_be_outdated(&self) -> bool {
        self.fetched_at.elapsed() >= AGAIN_AFTER
    }
}

/// Where keys are published.
#[derive(Clone, Copy, Debug)]
enum Published<'a> {
    At(&'a OutboundUrl),
    OfIssuer(&'a TrustedIssuer),
}

impl ClientKeys {
    /// Connects to what `networks` permits.
    ///
    /// # Errors
    /// When the system's certificates cannot be used.
    pub fn new(networks: NetworkPolicy) -> Result<Self, ClientFault> {
        Ok(Self { fetcher: Arc::new(Fetcher::new(&networks)?), networks, keys: Documents::new(), metadata: Documents::new() })
    }

    /// What `check` says of the keys that a client of that organization has registered, or publishes. Where it refuses with
    /// `unless_newer`, the client may have published others since, and is looked at once more.
    ///
    /// # Errors
    /// What `check` says; [`ClientRefusal::KeysUnavailable`] when there are no keys to be had.
    pub async fn check_registered<T>(
        &self,
        credential: &PublicCredential,
        organization: OrganizationId,
        unless_newer: ClientRefusal,
        check: impl Fn(&ClientJwks) -> Result<T, ClientRefusal>,
    ) -> Result<T, ClientRefusal> {
        match credential {
            PublicCredential::Jwks(jwks) => check(&ClientJwks::read(jwks.set()).map_err(|_| ClientRefusal::KeysUnavailable)?),
            PublicCredential::JwksUri(url) => self.check_published(Published::At(url), organization, unless_newer, check).await,
            PublicCredential::TrustedIssuer(_) | PublicCredential::Certificate(_) => Err(ClientRefusal::OtherMethod),
        }
    }

    /// The same of the keys of an issuer that a key of that organization trusts.
    ///
    /// # Errors
    /// As [`check_registered`](Self::check_registered).
    pub async fn check_of_issuer<T>(
        &self,
        issuer: &TrustedIssuer,
        organization: OrganizationId,
        unless_newer: ClientRefusal,
        check: impl Fn(&ClientJwks) -> Result<T, ClientRefusal>,
    ) -> Result<T, ClientRefusal> {
        self.check_published(Published::OfIssuer(issuer), organization, unless_newer, check).await
    }

    async fn check_published<T>(
        &self,
        published: Published<'_>,
        organization: OrganizationId,
        unless_newer: ClientRefusal,
        check: impl Fn(&ClientJwks) -> Result<T, ClientRefusal>,
    ) -> Result<T, ClientRefusal> {
        let look = async |anew| self.look(published, organization, anew).await.ok_or(ClientRefusal::KeysUnavailable);
        let found = look(false).await?;
        match check(&found.keys) {
            Err(refusal) if refusal == unless_newer && found.may_be_outdated() => check(&look(true).await?.keys),
            checked => checked,
        }
    }

    /// The keys that are published there; `None` when there are none to be had. `anew`: not what was kept, unless that is of
    /// this very moment.
    async fn look(&self, published: Published<'_>, organization: OrganizationId, anew: bool) -> Option<PublishedKeys> {
        let issuer = match published {
            Published::At(url) => return self.at(url, organization, anew).await,
            Published::OfIssuer(issuer) => issuer,
        };
        if let Some(url) = &issuer.jwks_uri {
            return self.at(url, organization, anew).await;
        }
        let read = |document: &Map<String, Value>| {
            let text = |name| document.get(name).and_then(Value::as_str).map(str::to_owned);
            Some(Arc::new(IssuerMetadata { issuer: text("issuer")?, jwks_uri: text("jwks_uri")? }))
        };
        let metadata_url = OutboundUrl::parse(&issuer.issuer.metadata_url(), &self.networks).ok()?;
        let (metadata, _) = self.metadata.get(&self.fetcher, &metadata_url, organization, false, read).await?;
        // OpenID Connect Discovery section 4.3: another issuer's document is none.
        if metadata.issuer != issuer.issuer.as_str() {
            log::warn!(url = metadata_url.destination(); "the metadata of a trusted issuer names another issuer");
            return None;
        }
        self.at(&OutboundUrl::parse(&metadata.jwks_uri, &self.networks).ok()?, organization, anew).await
    }

    async fn at(&self, url: &OutboundUrl, organization: OrganizationId, anew: bool) -> Option<PublishedKeys> {
        let read = |document: &Map<String, Value>| ClientJwks::read_leniently(document).ok().map(Arc::new);
        let (keys, fetched_at) = self.keys.get(&self.fetcher, url, organization, anew, read).await?;
        Some(PublishedKeys { keys, fetched_at })
    }
}
