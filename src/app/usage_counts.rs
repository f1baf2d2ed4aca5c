//! What tokens were issued for: counted in memory, written in batches.
//!
//! A token costs one look-up in a map. Few counts are written soon, many together every two minutes and in the order of the
//! table, where neighbours share the writing of a page. Memory is bounded; when more is going on than can be written, counts
//! stay in memory for longer and grow instead of becoming more. A crash loses what was not written yet.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use foldhash::fast::RandomState as QuickHasher;

use crate::crypto::digest::fingerprint;
use crate::domain::id::ClientId;
use crate::domain::time::{Hour, Timestamp};
use crate::store::usage::{self, MAX_SETS_A_DAY, OTHER_SETS, ScopeSet, TokenCount};
use crate::store::{Db, StoreError};

/// What is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Counter {
    client_id: ClientId,
    hour: Hour,
    /// Of what was granted and requested; 0 for sets that are not kept apart.
    set: u64,
}

#[derive(Debug)]
struct Count {
    set: Arc<ScopeSet>,
    tokens: u64,
}

/// Of a counter nothing but the set comes from outside, and that is a keyed hash already: a quick one does here.
type Shard = HashMap<Counter, Count, QuickHasher>;

const SHARDS: usize = 64;

/// Counters in one shard: 1.8 million in all, which take 100 MB.
const MAX_COUNTERS: usize = 28_672;

/// As many counts as are written at once, without waiting for others.
const FEW: usize = 1_000;

/// As many as do not wait any longer.
const MANY: usize = 400_000;

/// How long those in between wait, in seconds.
const GATHERED_SECONDS: i64 = 120;

/// Rows in one transaction: the writer's lock is not held for long.
const BATCH: usize = 500;

/// What was taken out of the shards.
#[derive(Debug, Default)]
struct Queue {
    /// When it was last.
    since: Option<Timestamp>,
    /// The first in order last.
    counts: Vec<TokenCount>,
}

/// See the module's documentation.
#[derive(Debug)]
pub struct UsageCounts {
    shards: [Mutex<Shard>; SHARDS],
    sets: Mutex<Sets>,
    /// Chooses shards.
    quick_hasher: QuickHasher,
    /// Names sets, whose texts come from outside: two must not be made to look like one.
    set_hasher: RandomState,
    /// What is being written.
    queue: Mutex<Queue>,
    /// Tokens that were not counted because memory was full.
    lost: AtomicU64,
}

impl Default for UsageCounts {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            sets: Mutex::default(),
            quick_hasher: QuickHasher::default(),
            set_hasher: RandomState::new(),
            queue: Mutex::default(),
            lost: AtomicU64::new(0),
        }
    }
}

impl UsageCounts {
    /// Counts a token. `granted`: its scopes, in order of name with spaces between them; `requested`: the request's
    /// parameter, found good.
    pub fn count(&self, client_id: ClientId, now: Timestamp, granted: &str, requested: Option<&[u8]>) {
        let mut counter = Counter { client_id, hour: Hour::of(now), set: self.set_key(granted, requested) };
        let Some(Ok(mut shard)) = self.shards.get(self.shard_of(client_id)).map(Mutex::lock) else { return };
        if let Some(count) = shard.get_mut(&counter) {
            count.tokens += 1;
            return;
        }
        let Ok(set) = self.sets.lock().map(|mut sets| sets.find(&counter, granted, requested)) else { return };
        if set.id == OTHER_SETS {
            counter.set = 0;
        }
        self.add(&mut shard, counter, set, 1);
    }

    fn add(&self, shard: &mut Shard, counter: Counter, set: Arc<ScopeSet>, tokens: u64) {
        if let Some(count) = shard.get_mut(&counter) {
            count.tokens += tokens;
        } else if shard.len() < MAX_COUNTERS {
            shard.insert(counter, Count { set, tokens });
        } else {
            self.lost.fetch_add(tokens, Ordering::Relaxed);
        }
    }

    fn shard_of(&self, client_id: ClientId) -> usize {
        usize::try_from(self.quick_hasher.hash_one(client_id) % SHARDS as u64).unwrap_or(0)
    }

    /// A number for what was granted and requested, the order of the requested names aside.
    fn set_key(&self, granted: &str, requested: Option<&[u8]>) -> u64 {
        let granted = self.set_hasher.hash_one(granted);
        let names = requested.into_iter().flat_map(|text| text.split(|byte| *byte == b' '));
        let requested = names.fold(u64::from(requested.is_some()), |sum, name| sum.wrapping_add(self.set_hasher.hash_one(name)));
        // Odd: never the 0 that stands for the sets that are not kept apart.
        (granted.rotate_left(17) ^ requested) | 1
    }

    /// Writes what is due for about as long as `within`; what is left over then, or could not be written, is kept for the
    /// next time. Everything that has gathered is due when it is the `last` time. Returns the number of rows.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn flush(&self, db: &Db, now: Timestamp, within: Duration, last: bool) -> Result<usize, StoreError> {
        let Ok(mut queue) = self.queue.lock() else { return Ok(0) };
        let (started, mut written) = (Instant::now(), 0);
        if queue.counts.is_empty() || last {
            self.take_due(&mut queue, now, last);
        }
        while !queue.counts.is_empty() && started.elapsed() < within {
            let rest = queue.counts.len().saturating_sub(BATCH);
            // In one order on every node: two that write the same rows must not wait for each other.
            let batch: Vec<TokenCount> = queue.counts.iter().skip(rest).rev().cloned().collect();
            write_batch(db, now, &batch)?;
            queue.counts.truncate(rest);
            written += batch.len();
        }
        if let Ok(mut sets) = self.sets.lock() {
            sets.tidy();
        }
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            log::warn!(lost; "more keys are in use than usage can be counted for: tokens are missing in it");
        }
        Ok(written)
    }

    fn take_due(&self, queue: &mut Queue, now: Timestamp, last: bool) {
        let gathered: usize = self.shards.iter().map(|shard| shard.lock().map_or(0, |shard| shard.len())).sum();
        let over = queue.since.is_none_or(|since| now.ends(since, GATHERED_SECONDS));
        if over || last || gathered <= FEW || gathered >= MANY {
            queue.since = Some(now);
            queue.counts.extend((0..SHARDS).flat_map(|at| self.take(at)));
            queue.counts.sort_unstable_by_key(|count| Reverse((count.client_id, count.hour, count.set.id)));
        }
    }

    fn take(&self, at: usize) -> Vec<TokenCount> {
        let Some(Ok(mut shard)) = self.shards.get(at).map(Mutex::lock) else { return Vec::new() };
        if shard.is_empty() {
            return Vec::new();
        }
        // As large as before, so that counting does not have to make room again.
        let fresh = Shard::with_capacity_and_hasher(shard.len(), shard.hasher().clone());
        let taken = std::mem::replace(&mut *shard, fresh);
        drop(shard);
        let counts = taken.into_iter();
        counts
            .map(|(Counter { client_id, hour, .. }, Count { set, tokens })| TokenCount { client_id, hour, set, tokens })
            .collect()
    }
}

/// Another node may make the same rows at the same moment; then they are there.
fn write_batch(db: &Db, now: Timestamp, counts: &[TokenCount]) -> Result<(), StoreError> {
    for _ in 0..3 {
        match db.write(now, |transaction| usage::add_tokens(transaction, counts)) {
            Err(StoreError::UniqueViolation(_)) => {}
            outcome => return outcome,
        }
    }
    db.write(now, |transaction| usage::add_tokens(transaction, counts))
}

/// The sets in use: most keys of a platform ask for one of a few.
#[derive(Debug)]
struct Sets {
    known: HashMap<u64, Arc<ScopeSet>>,
    bytes: usize,
    others: Arc<ScopeSet>,
    /// How many sets each key has brought in this hour.
    brought: HashMap<ClientId, usize>,
    hour: Option<Hour>,
}

/// Texts of sets in memory, past which further sets are not kept apart.
const MAX_BYTES: usize = 64 << 20;
/// Texts of sets in memory, past which those that are not in use are forgotten.
const TIDY_BYTES: usize = 16 << 20;

impl Default for Sets {
    fn default() -> Self {
        let others = ScopeSet { id: OTHER_SETS, granted: String::new(), requested: None };
        Self { known: HashMap::new(), bytes: 0, others: Arc::new(others), brought: HashMap::new(), hour: None }
    }
}

impl Sets {
    fn find(&mut self, counter: &Counter, granted: &str, requested: Option<&[u8]>) -> Arc<ScopeSet> {
        if let Some(set) = self.known.get(&counter.set) {
            return Arc::clone(set);
        }
        if self.hour != Some(counter.hour) {
            self.hour = Some(counter.hour);
            self.brought.clear();
        }
        let brought = self.brought.entry(counter.client_id).or_default();
        if *brought >= MAX_SETS_A_DAY || self.bytes >= MAX_BYTES {
            return Arc::clone(&self.others);
        }
        *brought += 1;
        let set = Arc::new(set_of(granted, requested));
        self.bytes += bytes_of(&set);
        self.known.insert(counter.set, Arc::clone(&set));
        set
    }

    fn tidy(&mut self) {
        if self.bytes > TIDY_BYTES {
            self.known.retain(|_, set| Arc::strong_count(set) > 1);
            self.bytes = self.known.values().map(bytes_of).sum();
        }
    }
}

fn bytes_of(set: &Arc<ScopeSet>) -> usize {
    size_of::<ScopeSet>() + set.granted.len() + set.requested.as_ref().map_or(0, String::len)
}

fn set_of(granted: &str, requested: Option<&[u8]>) -> ScopeSet {
    let requested = requested.map(|text| {
        let text = String::from_utf8_lossy(text);
        let mut names: Vec<&str> = text.split(' ').collect();
        names.sort_unstable();
        names.dedup();
        names.join(" ")
    });
    ScopeSet { id: id_of(granted, requested.as_deref()), granted: granted.to_owned(), requested }
}

/// The same on every node, and above [`OTHER_SETS`].
fn id_of(granted: &str, requested: Option<&str>) -> i64 {
    // No request names the empty scope.
    let digest = fingerprint([granted.as_bytes(), requested.unwrap_or_default().as_bytes()]);
    let number = digest.iter().take(8).fold(0_i64, |number, byte| number << 8 | i64::from(*byte));
    (number & i64::MAX).max(OTHER_SETS + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u128) -> ClientId {
        ClientId::from_parts(0, number)
    }

    const NOON: i64 = 1_700_049_600;

    fn taken(counts: &UsageCounts) -> Vec<(ClientId, Hour, String, Option<String>, u64)> {
        let all = (0..SHARDS).flat_map(|at| counts.take(at));
        let mut all: Vec<_> = all
            .map(|count| (count.client_id, count.hour, count.set.granted.clone(), count.set.requested.clone(), count.tokens))
            .collect();
        all.sort();
        all
    }

    #[test]
    fn tokens_are_counted_by_key_hour_and_what_was_asked_for() {
        let counts = UsageCounts::default();
        let now = Timestamp::from_unix(NOON);
        let later = now.plus_seconds(3_600);
        for _ in 0..3 {
            counts.count(key(1), now, "a b", None);
        }
        counts.count(key(1), now, "a b", Some(b"a b"));
        counts.count(key(1), now, "a b", Some(b"b a"));
        counts.count(key(1), now, "a b", Some(b"b"));
        counts.count(key(1), later, "a b", None);
        counts.count(key(2), now, "a b", None);
        let hour = Hour::of(now);
        let of = |key_number, hour, requested: Option<&str>, tokens| {
            (key(key_number), hour, "a b".to_owned(), requested.map(str::to_owned), tokens)
        };
        assert_eq!(
            taken(&counts),
            [
                of(1, hour, None, 3),
                of(1, hour, Some("a b"), 2),
                of(1, hour, Some("b"), 1),
                of(1, Hour::of(later), None, 1),
                of(2, hour, None, 1),
            ]
        );
        assert!(taken(&counts).is_empty());
    }

    #[test]
    fn a_key_that_always_asks_for_something_else_does_not_fill_memory() {
        let counts = UsageCounts::default();
        for number in 0..10_000 {
            counts.count(key(1), Timestamp::from_unix(NOON), &format!("s{number}"), None);
        }
        counts.count(key(2), Timestamp::from_unix(NOON), "another", None);
        let taken = taken(&counts);
        assert_eq!(taken.len(), MAX_SETS_A_DAY + 2);
        assert_eq!(taken.iter().map(|(.., tokens)| tokens).sum::<u64>(), 10_001);
        assert!(taken.iter().any(|(.., granted, _, tokens)| granted.is_empty() && *tokens == 10_000 - MAX_SETS_A_DAY as u64));
        assert!(taken.iter().any(|(client_id, _, granted, ..)| *client_id == key(2) && granted == "another"));
    }

    #[test]
    fn sets_have_the_same_number_on_every_node() {
        assert_eq!(set_of("a b", Some(b"b a b")), set_of("a b", Some(b"a b")));
        let different = [set_of("a b", None), set_of("a b", Some(b"a b")), set_of("a", Some(b"a")), set_of("a b", Some(b"a"))];
        let ids: std::collections::HashSet<i64> = different.iter().map(|set| set.id).collect();
        assert_eq!(ids.len(), 4);
        assert!(ids.iter().all(|id| *id > OTHER_SETS));
    }

    #[test]
    fn few_counts_are_due_at_once_and_many_are_gathered_in_order() {
        let (counts, now) = (UsageCounts::default(), Timestamp::from_unix(NOON));
        let gather = |keys: usize| (0..keys).for_each(|number| counts.count(key(number as u128), now, "a", None));
        let due = |queue: &mut Queue, after: i64, last: bool| {
            counts.take_due(queue, now.plus_seconds(after), last);
            let taken = std::mem::take(&mut queue.counts);
            assert!(taken.iter().rev().is_sorted_by_key(|count| count.client_id));
            taken.len()
        };
        let mut queue = Queue::default();
        assert_eq!(due(&mut queue, 0, false), 0);
        gather(FEW);
        assert_eq!(due(&mut queue, 1, false), FEW);
        gather(FEW + 1);
        assert_eq!(due(&mut queue, GATHERED_SECONDS, false), 0);
        assert_eq!(due(&mut queue, 1 + GATHERED_SECONDS, false), FEW + 1);
        gather(FEW + 1);
        assert_eq!(due(&mut queue, GATHERED_SECONDS, false), FEW + 1, "the clock was set back");
        gather(FEW + 1);
        assert_eq!(due(&mut queue, 1 + GATHERED_SECONDS, true), FEW + 1, "the last time");
        gather(MANY);
        assert_eq!(due(&mut queue, 2 + GATHERED_SECONDS, false), MANY, "memory is not filled for as long as that");
    }
}
