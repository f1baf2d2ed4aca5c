//! The only caller of the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::domain::time::Timestamp;

/// The present, in whole seconds. A clock before 1970 reads as 1970.
pub fn now() -> Timestamp {
    Timestamp::from_unix(i64::try_from(unix_milliseconds() / 1000).unwrap_or(i64::MAX))
}

const MILLISECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// The present as RFC 3339 with milliseconds, for the log.
pub fn now_in_words() -> String {
    let nanoseconds = i128::from(unix_milliseconds()) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok().and_then(|t| t.format(MILLISECONDS).ok()).unwrap_or_default()
}

/// The present in milliseconds since 1970, for identifiers.
pub fn unix_milliseconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
