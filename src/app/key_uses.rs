//! When each key was last used, for its own row, by which lists are ordered.
//!
//! While few keys are in use, that is written soon, though not again within a minute. With many it is written rarely and in the
//! order of the table, with times in steps: neighbours share the writing of a page, which costs more than a row.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Duration;

use foldhash::fast::RandomState;

use super::uses::work_off;
use crate::domain::id::ClientId;
use crate::domain::time::Timestamp;
use crate::store::last_uses::LastUse;
use crate::store::{Db, StoreError, key_uses};

/// As many keys as are written at once, without waiting for others.
const FEW: usize = 1_000;

/// As many as are written when they have waited for [`SHORT`]; more wait for [`LONG`].
const SOME: usize = 10_000;

/// As many as do not wait at all: memory has to end somewhere.
const MANY: usize = 500_000;

/// A minute, in seconds.
const SHORT: i64 = 60;

/// Ten minutes, in seconds.
const LONG: i64 = 600;

/// How long rows are written before other work gets its turn; what is left over waits in memory.
const WRITING: Duration = Duration::from_millis(500);

type Uses = HashMap<ClientId, (Timestamp, IpAddr), RandomState>;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct KeyUses(Mutex<Gathered>);

#[derive(Debug, Default)]
struct Gathered {
    /// When it was last that everything was taken.
    since: Option<Timestamp>,
    /// Of keys whose rows were not written since then.
    fresh: Uses,
    /// Of those whose rows were.
    again: Uses,
    /// Those keys.
    written: HashSet<ClientId, RandomState>,
    /// What is being written, the first in order last.
    queue: Vec<LastUse<ClientId>>,
}

impl KeyUses {
    /// Notes that keys were used.
    pub(super) fn note(&self, uses: impl Iterator<Item = LastUse<ClientId>>) {
        if let Ok(mut gathered) = self.0.lock() {
            uses.for_each(|new| gathered.note(new));
        }
    }

    /// Writes what is due; everything, when it is the `last` time. What could not be written is kept for the next time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) fn flush(&self, db: &Db, now: Timestamp, last: bool) -> Result<(), StoreError> {
        let Ok(mut gathered) = self.0.lock() else { return Ok(()) };
        gathered.take_due(now, last);
        work_off(&mut gathered.queue, if last { Duration::MAX } else { WRITING }, |batch| key_uses::record(db, batch, now))
    }
}

impl Gathered {
    fn note(&mut self, new: LastUse<ClientId>) {
        let of = if self.written.contains(&new.id) { &mut self.again } else { &mut self.fresh };
        let known = of.entry(new.id).or_insert((new.at, new.ip));
        if known.0 <= new.at {
            *known = (new.at, new.ip);
        }
    }

    fn take_due(&mut self, now: Timestamp, last: bool) {
        if !self.queue.is_empty() && !last {
            return;
        }
        let all = self.fresh.len() + self.again.len();
        let (wait, step) = if all <= SOME { (SHORT, 1) } else { (LONG, LONG) };
        let over = self.since.is_none_or(|since| now.ends(since, wait));
        let taken = if over || last || all >= MANY {
            self.since = Some(now);
            self.written.clear();
            let mut all = std::mem::take(&mut self.again);
            all.extend(std::mem::take(&mut self.fresh));
            all
        } else if self.fresh.len() <= FEW {
            std::mem::take(&mut self.fresh)
        } else {
            return;
        };
        self.written.extend(taken.keys());
        // In steps, neighbours in the table are neighbours in the index of lists by last use, too.
        let row = |(id, (at, ip)): (ClientId, (Timestamp, IpAddr))| LastUse { id, at: at.in_steps_of(step), ip };
        self.queue.extend(taken.into_iter().map(row));
        // The newest of a key's comes first, and stays.
        self.queue.sort_unstable_by_key(|new| Reverse((new.id, new.at)));
        self.queue.dedup_by_key(|new| new.id);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const NOON: Timestamp = Timestamp::from_unix(1_700_049_600);

    fn key(number: usize) -> ClientId {
        ClientId::from_parts(0, number as u128)
    }

    fn used(number: usize, at: Timestamp) -> LastUse<ClientId> {
        LastUse { id: key(number), at, ip: Ipv4Addr::LOCALHOST.into() }
    }

    /// What is written next, in order.
    fn due(gathered: &mut Gathered, now: Timestamp) -> Vec<(ClientId, Timestamp)> {
        gathered.take_due(now, false);
        std::mem::take(&mut gathered.queue).into_iter().rev().map(|row| (row.id, row.at)).collect()
    }

    #[test]
    fn a_few_keys_are_written_at_once_but_each_once_a_minute() {
        let (mut gathered, later) = (Gathered::default(), NOON.plus_seconds(4));
        assert_eq!(due(&mut gathered, NOON), []);
        gathered.note(used(2, NOON));
        gathered.note(used(1, NOON));
        assert_eq!(due(&mut gathered, NOON), [(key(1), NOON), (key(2), NOON)]);
        gathered.note(used(2, later));
        gathered.note(used(3, later));
        assert_eq!(due(&mut gathered, later), [(key(3), later)], "the other's row is young");
        assert_eq!(due(&mut gathered, NOON.plus_seconds(59)), []);
        let over = NOON.plus_seconds(60);
        assert_eq!(due(&mut gathered, over), [(key(2), later)]);
        gathered.note(used(2, over));
        assert_eq!(due(&mut gathered, over), [], "a minute from then on");
        let earlier = NOON.plus_seconds(-3_600);
        assert_eq!(due(&mut gathered, earlier), [(key(2), over)], "the clock was set back");
    }

    #[test]
    fn many_keys_are_written_together_in_order() {
        for (keys, wait, at) in [(FEW + 1, SHORT, NOON.plus_seconds(59)), (SOME + 1, LONG, NOON)] {
            let mut gathered = Gathered::default();
            due(&mut gathered, NOON);
            (0..keys).rev().for_each(|number| gathered.note(used(number, NOON)));
            assert_eq!(due(&mut gathered, NOON.plus_seconds(wait - 1)), []);
            gathered.note(used(7, NOON.plus_seconds(59)));
            gathered.note(used(7, NOON.plus_seconds(58)));
            let written = due(&mut gathered, NOON.plus_seconds(wait));
            assert_eq!(written.len(), keys);
            assert!(written.is_sorted());
            assert_eq!(written.get(7), Some(&(key(7), at)));
            (0..MANY).for_each(|number| gathered.note(used(number, NOON)));
            let written = due(&mut gathered, NOON.plus_seconds(wait + 1));
            assert_eq!(written.len(), MANY, "they wait for no longer than memory has room");
        }
    }

    #[test]
    fn the_last_time_everything_is_taken() {
        let mut gathered = Gathered::default();
        due(&mut gathered, NOON);
        gathered.note(used(1, NOON));
        gathered.take_due(NOON, false);
        (0..=FEW).for_each(|number| gathered.note(used(number, NOON.plus_seconds(1))));
        gathered.take_due(NOON, true);
        assert_eq!(gathered.queue.len(), FEW + 1);
        assert!(gathered.queue.iter().all(|row| row.at == NOON.plus_seconds(1)), "the newer of two uses of a key");
    }
}
