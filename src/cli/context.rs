//! What every command works with.

use crate::app::AppError;
use crate::app::{Management, Work, bootstrap};
use crate::config::{CommonArguments, CommonSettings};
use crate::crypto::master_key::MasterKey;
use crate::domain::actor::{Actor, Principal};
use crate::domain::role::RolePolicy;
use crate::store::{Db, Patience};

use super::{Failure, output, usage};

/// The common settings and how to print.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) common: CommonArguments,
    pub(super) json: bool,
}

/// A database with its master key.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) db: Db,
    pub(super) master_key: MasterKey,
    pub(super) settings: CommonSettings,
    pub(super) management: Management,
}

impl Opened {
    /// Changes something as whoever runs this command.
    pub(super) fn change<T>(&self, work: impl FnOnce(&mut Work<'_, '_>) -> Result<T, AppError>) -> Result<T, Failure> {
        Ok(self.management.change(&Actor::local(Principal::CommandLine), work)?)
    }
}

impl Context {
    /// The settings, checked.
    pub(super) fn settings(&self) -> Result<CommonSettings, Failure> {
        self.common.clone().check().map_err(usage)
    }

    /// Opens the database; one that is not there yet is made, as the first start of the server would make it.
    pub(super) fn open_or_create(&self) -> Result<Opened, Failure> {
        self.open_with(true)
    }

    /// Opens a database that is there.
    pub(super) fn open(&self) -> Result<Opened, Failure> {
        self.open_with(false)
    }

    fn open_with(&self, create: bool) -> Result<Opened, Failure> {
        let settings = self.settings()?;
        let before = settings.master_key.existing_file();
        let (db, master_key) = bootstrap::open(&settings.db_options(Patience::Command, create), &settings.master_key, create)?;
        if let (None, Some(made)) = (before, settings.master_key.existing_file()) {
            output::message(&format!("Made a new master key in {}: keep a copy of it apart from the database.", made.display()));
        }
        let management = Management::new(db.clone(), &master_key, RolePolicy::default())?;
        Ok(Opened { db, master_key, settings, management })
    }
}
