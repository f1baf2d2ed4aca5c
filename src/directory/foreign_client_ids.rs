//! The client ids that imported keys had elsewhere, in memory.
//!
//! A foreign id that names a key names it for ever, so only "there is no such id" can become untrue.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use quick_cache::sync::Cache;

use super::Directory;
use super::lookup::LookupError;
use crate::domain::foreign_client_id::ForeignClientId;
use crate::domain::id::ClientId;
use crate::store::{Db, StoreError, foreign_client_ids};

/// How many inventions of strangers are remembered as such.
const UNKNOWN_IDS: usize = 10_000;

/// What memory knows of foreign ids.
pub(super) struct ForeignIds {
    /// Made when it is first needed: most installations have no imported keys, and a large cache is large when empty.
    known: OnceLock<Cache<ForeignClientId, ClientId>>,
    max_keys: usize,
    unknown: Cache<ForeignClientId, ()>,
    /// Whether there are any at all: without imported keys a stranger's invention never reaches the database.
    any: AtomicBool,
}

impl ForeignIds {
    pub(super) fn new(db: &Db, max_keys: usize) -> Result<Self, StoreError> {
        Ok(Self {
            known: OnceLock::new(),
            max_keys,
            unknown: Cache::new(UNKNOWN_IDS),
            any: AtomicBool::new(db.read(foreign_client_ids::any)?),
        })
    }

    pub(super) fn learn(&self, foreign: ForeignClientId, id: ClientId) {
        self.known.get_or_init(|| Cache::new(self.max_keys)).insert(foreign, id);
    }

    /// Some have been added.
    pub(super) fn added(&self) {
        self.any.store(true, Ordering::SeqCst);
        self.unknown.clear();
    }

    /// Nothing that was known is trusted any more.
    pub(super) fn forget(&self) {
        if let Some(known) = self.known.get() {
            known.clear();
        }
        // To be safe: a stranger's invention costs a look-up then.
        self.added();
    }
}

impl Directory {
    /// What memory knows of this foreign id: its key, or that there is none. `None` when the database must say.
    pub fn foreign_id_in_memory(&self, foreign: &ForeignClientId) -> Option<Option<ClientId>> {
        let ids = &self.foreign_ids;
        if let Some(id) = ids.known.get().and_then(|known| known.get(foreign)) {
            return Some(Some(id));
        }
        (!ids.any.load(Ordering::SeqCst) || ids.unknown.get(foreign).is_some()).then_some(None)
    }

    /// The key of this foreign id from the database, kept in memory; `None` when there is none.
    ///
    /// # Errors
    /// [`LookupError`].
    pub async fn load_foreign_id(self: &Arc<Self>, foreign: ForeignClientId) -> Result<Option<ClientId>, LookupError> {
        let directory = Arc::clone(self);
        self.ask_database(move || {
            let epoch = directory.epoch.load(Ordering::SeqCst);
            let found = directory.db.read(|connection| foreign_client_ids::find(connection, &foreign))?;
            match found {
                Some(id) => directory.foreign_ids.learn(foreign, id),
                None => {
                    directory.foreign_ids.unknown.insert(foreign.clone(), ());
                    if directory.epoch.load(Ordering::SeqCst) != epoch {
                        directory.foreign_ids.unknown.remove(&foreign);
                    }
                }
            }
            Ok(found)
        })
        .await
    }
}
