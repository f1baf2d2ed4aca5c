//! What becomes of memory when something has changed.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Directory;
use super::signing_keys::load as load_signing_keys;
use crate::clock;
use crate::domain::catalogue::Catalogue;
use crate::domain::id::OrganizationId;
use crate::domain::plan::PlanName;
use crate::domain::profile::OrganizationProfile;
use crate::domain::rate_plans::RatePlans;
use crate::store::{Change, Db, StoreError, catalogue, organizations, plans, revoked_tokens};

impl Directory {
    /// Forgets what `changes` name, and reads again what must always be there.
    ///
    /// # Errors
    /// [`StoreError`] when the reading failed; nothing that was named is trusted then.
    pub(super) fn forget(&self, changes: &[Change]) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let everything = changes.contains(&Change::Unknown);
        if changes.iter().any(|change| matches!(change, Change::ApiKey(_) | Change::ForeignClientIds | Change::Account(_))) {
            self.epoch.fetch_add(1, Ordering::SeqCst);
        }
        for change in changes {
            match change {
                Change::ApiKey(id) => {
                    self.keys.remove(id);
                    self.absent.remove(id);
                }
                Change::ForeignClientIds => self.foreign_ids.added(),
                Change::Account(id) => drop(self.accounts.remove(id)),
                Change::Token(id) => self.revoked_tokens.add(*id, clock::now()),
                Change::EpochClosed(epoch) => self.status_lists.close(*epoch, clock::now()),
                Change::Organization(_)
                | Change::Catalogue
                | Change::SigningKeys
                | Change::Plans
                | Change::StatusLists
                | Change::Unknown => {}
            }
        }
        if everything {
            self.forget_everything();
            self.revoked_tokens.add_all(self.db.read(|connection| revoked_tokens::live(connection, clock::now()))?);
        }
        if everything || changes.contains(&Change::StatusLists) {
            self.reload_status_lists()?;
        }
        if everything || changes.iter().any(|change| matches!(change, Change::Organization(_))) {
            self.reload_profiles()?;
        }
        let held_whole = |change: &Change| matches!(change, Change::Catalogue | Change::SigningKeys | Change::Plans);
        if everything || changes.iter().any(held_whole) {
            self.reload()?;
        }
        Ok(())
    }

    fn forget_everything(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        self.keys.clear();
        self.absent.clear();
        self.foreign_ids.forget();
        self.accounts.clear();
    }

    fn reload_profiles(&self) -> Result<(), StoreError> {
        let _one_at_a_time = self.reload.lock();
        if let Some(organizations) = unless_damaged(read_fapi2_organizations(&self.db))? {
            self.fapi2_organizations.store(Arc::new(organizations));
        }
        Ok(())
    }

    pub(super) fn reload(&self) -> Result<(), StoreError> {
        let _one_at_a_time = self.reload.lock();
        if let Some(catalogue) = unless_damaged(read_catalogue(&self.db))? {
            self.catalogue.store(Arc::new(catalogue));
        }
        if let Some(keys) = unless_damaged(load_signing_keys(&self.db, &self.master_key))? {
            self.signing_keys.store(Arc::new(keys));
        }
        if let Some(plans) = unless_damaged(read_plans(&self.db, &self.options.default_plan))? {
            self.plans.store(Arc::new(plans));
        }
        Ok(())
    }
}

/// A damaged row must be known and mended, but it must not stop a node that has what it needs in memory.
fn unless_damaged<T>(read: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(error @ StoreError::Corrupt { .. }) => {
            log::error!("what was in memory stays in use: {error}");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

pub(super) fn read_catalogue(db: &Db) -> Result<Catalogue, StoreError> {
    db.read(|connection| {
        let servers = catalogue::resource_servers(connection)?;
        let scopes = catalogue::scopes(connection)?;
        Ok(Catalogue::new(&servers, &scopes))
    })
}

pub(super) fn read_plans(db: &Db, default: &PlanName) -> Result<RatePlans, StoreError> {
    db.read(|connection| {
        let plans = plans::all(connection)?;
        Ok(RatePlans::new(&plans, organizations::with_plan(connection)?, default))
    })
}

pub(super) fn read_fapi2_organizations(db: &Db) -> Result<HashSet<OrganizationId>, StoreError> {
    db.read(|connection| Ok(organizations::with_profile(connection, OrganizationProfile::Fapi2)?.into_iter().collect()))
}
