//! The status lists in memory: which of their places belong to epochs that are closed.

use std::collections::{BTreeMap, HashMap};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::Directory;
use crate::clock;
use crate::domain::key_epoch::{KeyEpoch, StatusListId};
use crate::domain::time::Timestamp;
use crate::store::key_epochs::{self, KEEP_CLOSED_SECONDS, StoredList};
use crate::store::{Db, StoreError};

/// Every list.
#[derive(Debug, Default)]
pub(super) struct StatusLists(RwLock<BTreeMap<StatusListId, List>>);

#[derive(Debug, Default)]
struct List {
    size: u32,
    /// Closed places, each with the moment at which this node heard of it.
    closed: HashMap<u32, Timestamp>,
    /// Raised whenever a place is closed.
    version: u64,
}

impl List {
    fn close(&mut self, index: u32, now: Timestamp) {
        if self.closed.insert(index, now).is_none() {
            self.version += 1;
        }
    }
}

/// What a list says at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusListState {
    /// Another whenever a place was closed since.
    pub version: u64,
    /// How many places there are.
    pub size: u32,
    /// The places of epochs that are closed.
    pub closed: Vec<u32>,
}

impl StatusLists {
    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<StatusListId, List>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<StatusListId, List>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more closed epoch. That of a list which this node has not heard of is told with the list.
    pub(super) fn close(&self, epoch: KeyEpoch, now: Timestamp) {
        if let Some(list) = self.write().get_mut(&epoch.list) {
            list.close(epoch.index, now);
        }
    }

    /// The lists that the database has. Nothing that memory knows to be closed opens again: it may have heard of it after
    /// `stored` was read.
    pub(super) fn adopt(&self, stored: BTreeMap<StatusListId, StoredList>, now: Timestamp) {
        let mut lists = self.write();
        lists.retain(|id, _| stored.contains_key(id));
        for (id, StoredList { size, closed }) in stored {
            let list = lists.entry(id).or_default();
            list.size = size;
            for index in closed {
                if !list.closed.contains_key(&index) {
                    list.close(index, now);
                }
            }
        }
    }

    /// Forgets what no token can belong to any more.
    pub(super) fn forget_ended(&self, now: Timestamp) {
        let end = now.plus_seconds(-KEEP_CLOSED_SECONDS);
        for list in self.write().values_mut() {
            list.closed.retain(|_, heard_at| *heard_at > end);
        }
    }
}

pub(super) fn read(db: &Db, now: Timestamp) -> Result<BTreeMap<StatusListId, StoredList>, StoreError> {
    db.read(|connection| key_epochs::lists(connection, now.plus_seconds(-KEEP_CLOSED_SECONDS)))
}

impl Directory {
    /// Every status list, in order.
    pub fn status_lists(&self) -> Vec<StatusListId> {
        self.status_lists.read().keys().copied().collect()
    }

    /// The version of a list; `None`: there is no such list.
    pub fn status_list_version(&self, id: StatusListId) -> Option<u64> {
        self.status_lists.read().get(&id).map(|list| list.version)
    }

    /// What a list says; `None`: there is no such list.
    pub fn status_list(&self, id: StatusListId) -> Option<StatusListState> {
        let lists = self.status_lists.read();
        let list = lists.get(&id)?;
        Some(StatusListState { version: list.version, size: list.size, closed: list.closed.keys().copied().collect() })
    }

    pub(super) fn reload_status_lists(&self) -> Result<(), StoreError> {
        // One at a time, so that an older reading cannot overwrite a newer.
        let _one_at_a_time = self.reload.lock();
        let now = clock::now();
        self.status_lists.adopt(read(&self.db, now)?, now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn stored(lists: &[(StatusListId, &[u32])]) -> BTreeMap<StatusListId, StoredList> {
        let list = |closed: &[u32]| StoredList { size: 64, closed: closed.iter().copied().collect::<HashSet<_>>() };
        lists.iter().map(|(id, closed)| (*id, list(closed))).collect()
    }

    #[test]
    fn what_is_closed_stays_so_whatever_was_read_before() {
        let (first, second, at) = (StatusListId::FIRST, StatusListId::FIRST.next(), Timestamp::from_unix);
        let lists = StatusLists::default();
        lists.adopt(stored(&[(first, &[7])]), at(100));
        lists.close(KeyEpoch { list: first, index: 9 }, at(110));
        lists.close(KeyEpoch { list: second, index: 9 }, at(110));
        let version = lists.read()[&first].version;
        // Read before the ninth place was closed, told after.
        lists.adopt(stored(&[(first, &[7]), (second, &[9])]), at(120));
        assert_eq!((lists.read()[&first].closed.len(), lists.read()[&second].closed.len()), (2, 1));
        assert_eq!(lists.read()[&first].version, version, "nothing is new");
        lists.forget_ended(at(100 + KEEP_CLOSED_SECONDS));
        assert_eq!((lists.read()[&first].closed.len(), lists.read()[&second].closed.len()), (1, 1));
        lists.adopt(stored(&[(second, &[])]), at(130));
        assert!(!lists.read().contains_key(&first));
    }
}
