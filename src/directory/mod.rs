//! What requests need, in memory: keys, accounts, the catalogue and the signing keys.
//!
//! Read through, bounded, and kept true by the change feed. A write of this process is forgotten before its answer
//! leaves; a write of another within the feed's interval. A node that could not read the feed for too long says so
//! instead of trusting its memory.

mod changed;
mod follower;
mod foreign_client_ids;
mod loader;
mod lookup;
mod revoked_tokens;
mod signing_keys;
mod status_lists;
mod warm_up;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use quick_cache::sync::Cache;
use tokio::sync::Semaphore;

use crate::clock;
use crate::crypto::master_key::MasterKey;
use crate::domain::catalogue::Catalogue;
use crate::domain::id::{AccountId, ClientId, OrganizationId};
use crate::domain::key_entry::{KeyEntry, Sharing};
use crate::domain::plan::PlanName;
use crate::domain::profile::Profile;
use crate::domain::rate_plans::{ActivePlan, RatePlans};
use crate::domain::time::Timestamp;
use crate::domain::token_id::TokenId;
use crate::store::{Db, StoreError, accounts, changes, revoked_tokens as revoked_tokens_table};

use changed::{read_catalogue, read_fapi2_organizations, read_plans};
use foreign_client_ids::ForeignIds;
use loader::Loader;
use revoked_tokens::RevokedTokens;
use status_lists::StatusLists;

pub use follower::Follower;
pub use lookup::{AbsentKey, CachedKey, DirectoryCounts, LoadedKey, LookupError};
pub use signing_keys::{SigningKeys, load as load_signing_keys};
pub use status_lists::StatusListState;

/// How the directory is to be.
#[derive(Clone, Debug)]
pub struct DirectoryOptions {
    /// The most API keys in memory (and as many unknown ids as a tenth of it).
    pub max_keys: usize,
    /// How long memory is trusted without having read the feed.
    pub max_staleness: Duration,
    /// The rate plan of keys that neither have one nor belong to an organization that has.
    pub default_plan: PlanName,
}

/// How long a request waits for the database before it is told to come again.
const DATABASE_WAIT: Duration = Duration::from_millis(900);

/// See the module's documentation.
pub struct Directory {
    db: Db,
    master_key: MasterKey,
    options: DirectoryOptions,
    keys: Cache<ClientId, CachedKey>,
    /// Ids that are no key's: a flood of one must not reach the database each time, nor of many push keys out.
    absent: Cache<ClientId, AbsentKey>,
    foreign_ids: ForeignIds,
    accounts: Cache<AccountId, Option<OrganizationId>>,
    catalogue: ArcSwap<Catalogue>,
    signing_keys: ArcSwap<SigningKeys>,
    plans: ArcSwap<RatePlans>,
    /// The organizations that are stricter than the server may be; mostly none.
    fapi2_organizations: ArcSwap<HashSet<OrganizationId>>,
    revoked_tokens: RevokedTokens,
    status_lists: StatusLists,
    loader: Loader,
    sharing: Sharing,
    /// Raised by every change: a value read before a change and stored after it would be stale for ever.
    epoch: AtomicU64,
    /// One reload at a time, so that an older one cannot overwrite a newer.
    reload: Mutex<()>,
    /// Milliseconds between `started` and the last time that the feed was read to its end.
    fresh_at: AtomicU64,
    started: Instant,
    database_permits: Arc<Semaphore>,
    hits: AtomicU64,
    misses: AtomicU64,
    /// Whether memory was filled after the start.
    warm: AtomicBool,
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Directory").finish_non_exhaustive()
    }
}

impl Directory {
    /// Loads the catalogue and the signing keys, and follows this process's own writes from now on. Returns the number
    /// of the change up to which memory is true, for the [`Follower`].
    ///
    /// # Errors
    /// [`StoreError`], also when a signing key cannot be decrypted.
    pub fn open(db: &Db, master_key: &MasterKey, options: DirectoryOptions) -> Result<(Arc<Self>, i64), StoreError> {
        // First the number, then the contents: what changes in between is read twice, not missed.
        let seq = db.read(changes::newest)?;
        let max_keys = options.max_keys.max(100);
        let directory = Arc::new(Self {
            db: db.clone(),
            master_key: master_key.clone(),
            keys: Cache::new(max_keys),
            absent: Cache::new((max_keys / 10).max(1_000)),
            foreign_ids: ForeignIds::new(db, max_keys)?,
            accounts: Cache::new((max_keys / 10).max(1_000)),
            catalogue: ArcSwap::from_pointee(read_catalogue(db)?),
            signing_keys: ArcSwap::from_pointee(load_signing_keys(db, master_key)?),
            plans: ArcSwap::from_pointee(read_plans(db, &options.default_plan)?),
            fapi2_organizations: ArcSwap::from_pointee(read_fapi2_organizations(db)?),
            revoked_tokens: RevokedTokens::of(db.read(|connection| revoked_tokens_table::live(connection, clock::now()))?),
            status_lists: StatusLists::default(),
            loader: Loader::default(),
            sharing: Sharing::default(),
            epoch: AtomicU64::new(0),
            reload: Mutex::new(()),
            fresh_at: AtomicU64::new(0),
            started: Instant::now(),
            database_permits: Arc::new(Semaphore::new(usize::try_from(db.pool_size()).unwrap_or(1))),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            warm: AtomicBool::new(false),
            options,
        });
        directory.reload_status_lists()?;
        let own_writes = Arc::downgrade(&directory);
        db.on_commit(move |changes| {
            if let Some(directory) = own_writes.upgrade()
                && let Err(error) = directory.forget(changes)
            {
                // The feed brings the same changes again.
                log::warn!("a change could not be followed at once: {error}");
            }
        });
        Ok((directory, seq))
    }

    /// The database that memory is filled from.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Whether memory may be trusted: the feed was read within `max_staleness`.
    pub fn is_fresh(&self) -> bool {
        self.staleness() <= self.options.max_staleness
    }

    /// How long ago the feed was read to its end.
    pub fn staleness(&self) -> Duration {
        self.started.elapsed().saturating_sub(Duration::from_millis(self.fresh_at.load(Ordering::Relaxed)))
    }

    /// Whether memory was filled after the start.
    pub fn is_warm(&self) -> bool {
        self.warm.load(Ordering::Relaxed)
    }

    fn mark_fresh(&self) {
        let elapsed = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.fresh_at.store(elapsed, Ordering::Relaxed);
    }

    /// The scopes and resource servers.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        self.catalogue.load_full()
    }

    /// The signing keys.
    pub fn signing_keys(&self) -> Arc<SigningKeys> {
        self.signing_keys.load_full()
    }

    /// Whether this very token was revoked.
    pub fn is_token_revoked(&self, id: TokenId) -> bool {
        self.revoked_tokens.has(id)
    }

    /// Forgets revoked tokens, and closed epochs of such, that are dead by themselves.
    pub fn forget_ended_tokens(&self, now: Timestamp) {
        self.revoked_tokens.forget_ended(now);
        self.status_lists.forget_ended(now);
    }

    /// The rate plan that holds for a key; `None`: it has no limit.
    pub fn plan_of(&self, key: &KeyEntry) -> Option<ActivePlan> {
        self.plans.load().of(key)
    }

    /// What an organization demands of its keys besides what the server does.
    pub fn profile_of(&self, organization: OrganizationId) -> Profile {
        let strict = self.fapi2_organizations.load();
        if !strict.is_empty() && strict.contains(&organization) { Profile::Fapi2 } else { Profile::Standard }
    }

    /// Look-ups so far.
    pub fn counts(&self) -> DirectoryCounts {
        DirectoryCounts {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            keys: u64::try_from(self.keys.len()).unwrap_or(u64::MAX),
        }
    }

    /// What memory knows of this id; `None` when the database must say.
    pub fn key_in_memory(&self, id: ClientId) -> Option<LoadedKey> {
        let found = match self.keys.get(&id) {
            Some(key) => Some(LoadedKey::Known(key)),
            None => self.absent.get(&id).map(LoadedKey::Absent),
        };
        if found.is_some() {
            self.hits.fetch_add(1, Ordering::Relaxed);
        }
        found
    }

    /// Keeps `entry`, read when the epoch was `epoch`, unless something has changed since.
    fn keep(&self, entry: KeyEntry, epoch: u64) -> CachedKey {
        let id = entry.client_id;
        let key = CachedKey { entry: Arc::new(entry), loaded_at: Instant::now() };
        if self.epoch.load(Ordering::SeqCst) != epoch {
            return key;
        }
        self.keys.insert(id, key.clone());
        if self.epoch.load(Ordering::SeqCst) != epoch {
            self.keys.remove(&id);
        }
        key
    }

    /// The organization of an account, `None` when there is no such account.
    ///
    /// # Errors
    /// [`LookupError`].
    pub async fn organization_of_account(self: &Arc<Self>, id: AccountId) -> Result<Option<OrganizationId>, LookupError> {
        if let Some(known) = self.accounts.get(&id) {
            return Ok(known);
        }
        let directory = Arc::clone(self);
        self.ask_database(move || {
            let epoch = directory.epoch.load(Ordering::SeqCst);
            let account = directory.db.read(|connection| accounts::find(connection, id))?;
            let organization = account.map(|account| account.organization_id);
            directory.accounts.insert(id, organization);
            if directory.epoch.load(Ordering::SeqCst) != epoch {
                directory.accounts.remove(&id);
            }
            Ok(organization)
        })
        .await
    }

    /// Runs blocking `work` when one of the pool's connections is free, and gives up in time.
    async fn ask_database<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce() -> Result<T, LookupError> + Send + 'static,
    ) -> Result<T, LookupError> {
        let asked = async {
            let permit = Arc::clone(&self.database_permits).acquire_owned().await;
            // The permit goes with the work: what is given up waiting for still holds its connection.
            let answer = tokio::task::spawn_blocking(move || {
                let _permit = permit;
                work()
            })
            .await;
            answer.map_err(|error| LookupError::Unavailable(format!("a look-up was cut short: {error}")))?
        };
        match tokio::time::timeout(DATABASE_WAIT, asked).await {
            Ok(answer) => answer,
            Err(_) => Err(LookupError::too_slow()),
        }
    }
}
