//! The only caller of the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::domain::time::{Timestamp, in_milliseconds};

/// The present, in whole seconds. A clock before 1970 reads as 1970.
pub fn now() -> Timestamp {
    Timestamp::from_unix(i64::try_from(unix_milliseconds() / 1000).unwrap_or(i64::MAX))
}

/// The present as RFC 3339 with milliseconds, for the log.
pub fn now_in_words() -> String {
    in_milliseconds(i64::try_from(unix_milliseconds()).unwrap_or(i64::MAX))
}

/// The present in milliseconds since 1970, for identifiers.
pub fn unix_milliseconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
