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

/// An id that is no key's.
#[derive(Clone, Copy, Debug)]
pub struct AbsentKey {
    /// There was such a key once.
    pub was_deleted: bool,
    pub(super) loaded_at: Instant,
}

/// What is known of an id.
#[derive(Clone, Debug)]
pub enum LoadedKey {
    /// Here it is.
    Known(CachedKey),
    /// There is none.
    Absent(AbsentKey),
}

impl LoadedKey {
    /// Whether the database may know something newer that the feed has not told yet. The same rule for a key and for
    /// none, or the time of a second answer would tell which it is.
    pub fn may_be_outdated(&self) -> bool {
        let (Self::Known(CachedKey { loaded_at, .. }) | Self::Absent(AbsentKey { loaded_at, .. })) = self;
        loaded_at.elapsed() > Duration::from_millis(20)
    }
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
