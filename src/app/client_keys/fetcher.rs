//! Fetches what others publish, so many at once: a host that hangs, or an organization with many of them, holds up nobody
//! else.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::crypto::strict_json;
use crate::domain::id::OrganizationId;
use crate::domain::network_policy::NetworkPolicy;
use crate::domain::outbound_url::OutboundUrl;
use crate::outbound::{ClientFault, DocumentClient};

/// Fetches at once: names are resolved on threads that others need too.
const AT_ONCE: usize = 8;
/// Of these for keys of one organization.
const OF_ORGANIZATION: usize = 3;
/// Of these from one host.
const FROM_HOST: usize = 2;
/// How long a fetch waits for its turn.
const TURN_WITHIN: Duration = Duration::from_secs(1);
/// A fetch that took so long was given up.
const LONG: Duration = Duration::from_millis(2_900);
/// How long the resolving of a name may go on after nobody waits for it any more.
const RESOLVING: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Fetcher {
    client: DocumentClient,
    turns: Turns,
}

impl Fetcher {
    pub(super) fn new(networks: &NetworkPolicy) -> Result<Self, ClientFault> {
        Ok(Self { client: DocumentClient::new(networks)?, turns: Turns::new() })
    }

    /// Waits for a turn to fetch from there for a key of that organization; `None` when it does not come soon.
    pub(super) async fn turn(&self, url: &OutboundUrl, organization: OrganizationId) -> Option<Turn> {
        let turn = tokio::time::timeout(TURN_WITHIN, self.turns.take(organization, url.destination())).await;
        if turn.is_err() {
            log::warn!(url = url.destination(); "published keys could not be fetched: too many are being fetched");
        }
        turn.ok()
    }

    /// The document at an address.
    pub(super) async fn fetch(&self, url: &OutboundUrl, turn: Turn) -> Option<Map<String, Value>> {
        let started = Instant::now();
        let fetched = self.client.fetch(url).await;
        if started.elapsed() >= LONG {
            // What was given up may still hold a thread that resolves a name.
            tokio::spawn(async move {
                tokio::time::sleep(RESOLVING).await;
                drop(turn);
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

/// A turn: of the organization, of the host, of all.
#[derive(Debug)]
pub(super) struct Turn(#[expect(dead_code, reason = "held until it is over")] [Option<OwnedSemaphorePermit>; 3]);

/// Whose turn it is.
#[derive(Debug)]
struct Turns {
    all: Arc<Semaphore>,
    by_organization: Shares<OrganizationId>,
    by_host: Shares<String>,
}

impl Turns {
    fn new() -> Self {
        Self {
            all: Arc::new(Semaphore::new(AT_ONCE)),
            by_organization: Shares::new(OF_ORGANIZATION),
            by_host: Shares::new(FROM_HOST),
        }
    }

    /// Waits for the organization's turn first: whoever waits for that stands in nobody else's way.
    async fn take(&self, organization: OrganizationId, host: String) -> Turn {
        let organization = self.by_organization.of(organization).acquire_owned().await.ok();
        let host = self.by_host.of(host).acquire_owned().await.ok();
        Turn([organization, host, Arc::clone(&self.all).acquire_owned().await.ok()])
    }
}

/// So many at once for each of something; nothing is kept of those for whom nothing is under way.
#[derive(Debug)]
struct Shares<K> {
    most: usize,
    shares: Mutex<HashMap<K, Weak<Semaphore>>>,
}

impl<K: Eq + Hash> Shares<K> {
    fn new(most: usize) -> Self {
        Self { most, shares: Mutex::default() }
    }

    fn of(&self, one: K) -> Arc<Semaphore> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = shares.get(&one).and_then(Weak::upgrade) {
            return share;
        }
        shares.retain(|_, share| share.strong_count() > 0);
        let share = Arc::new(Semaphore::new(self.most));
        shares.insert(one, Arc::downgrade(&share));
        share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a turn is to be had at once.
    async fn turn(turns: &Turns, organization: u128, host: &str) -> Option<Turn> {
        let turn = turns.take(OrganizationId::from_parts(0, organization), host.to_owned());
        tokio::time::timeout(Duration::from_millis(20), turn).await.ok()
    }

    #[tokio::test]
    async fn neither_a_host_nor_an_organization_takes_all_turns() {
        let turns = Turns::new();
        let mut taken = Vec::new();
        for _ in 0..FROM_HOST {
            taken.push(turn(&turns, 1, "hangs:443").await.unwrap());
        }
        assert!(turn(&turns, 2, "hangs:443").await.is_none(), "whoever asks");
        taken.push(turn(&turns, 1, "other:443").await.unwrap());
        assert!(turn(&turns, 1, "third:443").await.is_none(), "wherever it is");
        for number in 0..AT_ONCE - OF_ORGANIZATION {
            taken.push(turn(&turns, 2 + u128::try_from(number).unwrap() / 2, &format!("{number}:443")).await.unwrap());
        }
        assert!(turn(&turns, 99, "last:443").await.is_none());
        taken.clear();
        assert!(turn(&turns, 1, "hangs:443").await.is_some());
        assert!(turns.by_host.shares.lock().unwrap().len() <= 1, "nothing is kept of those that are done");
    }
}
