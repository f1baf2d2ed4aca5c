//! The only caller of the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::domain::time::Timestamp;

/// The present, in whole seconds. A clock before 1970 reads as 1970.
pub fn now() -> Timestamp {
    Timestamp::from_unix(i64::try_from(unix_milliseconds() / 1000).unwrap_or(i64::MAX))
}

/// The present in milliseconds since 1970, for identifiers.
pub fn unix_milliseconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
