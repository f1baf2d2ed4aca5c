//! Documents by their addresses: fetched when they are needed, kept while they are fresh, and for longer while no newer one
//! can be had.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;
use serde_json::{Map, Value};

use super::fetcher::Fetcher;
use crate::domain::id::OrganizationId;
use crate::domain::outbound_url::OutboundUrl;

/// How long a document is taken as it is.
const FRESH: Duration = Duration::from_secs(300);
/// How soon it may be fetched again when a key is looked for that it lacks, or after a first failure.
pub(super) const AGAIN_AFTER: Duration = Duration::from_secs(10);
/// The longest that a failure puts the next look off: each in a row twice as long as the one before.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How long it serves on while it can't be fetched.
const STALE: Duration = Duration::from_secs(24 * 3_600);
/// Addresses kept of each kind; past that those go that nobody has asked for longest.
const MAX_KEPT: usize = 10_000;

/// Documents of one kind by their addresses.
#[derive(Debug)]
pub(super) struct Documents<T>(Cache<String, Arc<Slot<T>>>);

/// What is known of one address.
#[derive(Debug)]
struct Slot<T> {
    kept: Mutex<Option<(T, Instant)>>,
    /// Held while somebody looks; not while somebody waits for a turn to.
    looks: tokio::sync::Mutex<Looks>,
}

/// When somebody may look next.
#[derive(Debug, Default)]
struct Looks {
    not_before: Option<Instant>,
    /// How many in a row have failed.
    failures: u32,
}

impl Looks {
    fn may_look(&self, now: Instant) -> bool {
        self.not_before.is_none_or(|moment| moment <= now)
    }

    /// Notes how a look came out that ended at `now`.
    fn note(&mut self, is_found: bool, now: Instant) {
        let pause = AGAIN_AFTER.saturating_mul(2_u32.saturating_pow(self.failures)).min(LONGEST_PAUSE);
        self.failures = if is_found { 0 } else { self.failures.saturating_add(1) };
        self.not_before = Some(now + if is_found { AGAIN_AFTER } else { pause });
    }
}

impl<T: Clone + Send + 'static> Documents<T> {
    pub(super) fn new() -> Self {
        Self(Cache::new(MAX_KEPT))
    }

    /// A document that is fresh enough, or another look at its address; when that shows nothing that `read` can use, what was
    /// there before.
    pub(super) async fn get(
        &self,
        fetcher: &Arc<Fetcher>,
        url: &OutboundUrl,
        organization: OrganizationId,
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
            if !theirs.looks.lock().await.may_look(Instant::now()) {
                return;
            }
            // The turn comes before the place: whoever waits for the turn of one organization must not keep the others from
            // an address that they share.
            let Some(turn) = fetcher.turn(&url, organization).await else { return };
            let mut looks = theirs.looks.lock().await;
            if !looks.may_look(Instant::now()) {
                return;
            }
            let found = fetcher.fetch(&url, turn).await.map(|document| read(&document));
            if let Some(None) = found {
                log::warn!(url = url.destination(); "what is published there are no keys that are of use");
            }
            let found = found.flatten();
            looks.note(found.is_some(), Instant::now());
            if let Some(document) = found {
                theirs.keep(document);
            }
        });
        let _ = look.await;
        slot.kept().filter(|(_, at)| at.elapsed() < STALE)
    }

    fn slot(&self, url: &OutboundUrl) -> Option<Arc<Slot<T>>> {
        let new =
            || Ok::<_, std::convert::Infallible>(Arc::new(Slot { kept: Mutex::default(), looks: tokio::sync::Mutex::default() }));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_again_and_again_is_looked_at_less_and_less() {
        let (mut looks, now) = (Looks::default(), Instant::now());
        assert!(looks.may_look(now));
        for pause in [10, 20, 40, 60, 60] {
            looks.note(false, now);
            let pause = Duration::from_secs(pause);
            assert!(!looks.may_look(now + pause - Duration::from_millis(1)) && looks.may_look(now + pause), "{pause:?}");
        }
        looks.note(true, now);
        assert!(!looks.may_look(now + Duration::from_secs(9)) && looks.may_look(now + AGAIN_AFTER));
        looks.note(false, now);
        assert!(looks.may_look(now + AGAIN_AFTER), "what went well in between begins anew");
    }
}
