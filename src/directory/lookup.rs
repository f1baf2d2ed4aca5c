//! What a look-up answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::domain::key_entry::KeyEntry;
use crate::store::StoreError;

/// A key in memory.
#[derive(Clone, Debug)]
pub struct CachedKey {
    /// The key.
    pub entry: Arc<KeyEntry>,
    pub(super) loaded_at: Instant,
}

impl CachedKey {
    /// Whether the database may know something newer that the feed has not told yet.
    pub fn may_be_outdated(&self) -> bool {
        self.loaded_at.elapsed() > Duration::from_millis(20)
    }
}

/// Why an id is no key's.
#[derive(Clone, Copy, Debug)]
pub(super) enum Absent {
    Deleted,
    Unknown,
}

/// What is known of an id.
#[derive(Clone, Debug)]
pub enum LoadedKey {
    /// Here it is.
    Known(CachedKey),
    /// There was such a key.
    Deleted,
    /// There never was.
    Unknown,
}

/// Why a look-up has no answer.
#[derive(Clone, Debug)]
pub enum LookupError {
    /// The database is needed and does not answer, or memory is too old to be trusted.
    Unavailable(String),
    /// The stored row is damaged.
    Corrupt(String),
}

impl LookupError {
    pub(super) fn too_slow() -> Self {
        Self::Unavailable("the database did not answer in time".to_owned())
    }
}

impl From<StoreError> for LookupError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Corrupt { .. } => Self::Corrupt(error.to_string()),
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// How a look-up was answered, for the metrics.
#[derive(Clone, Copy, Debug, Default)]
pub struct DirectoryCounts {
    /// From memory.
    pub hits: u64,
    /// By the database.
    pub misses: u64,
    /// API keys in memory.
    pub keys: u64,
}
