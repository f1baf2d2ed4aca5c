//! Points in time, as the database and the tokens hold them: whole Unix seconds, UTC.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use super::Invalid;

/// Seconds since 1970-01-01T00:00:00Z. Shown and read as RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The last second of the year 9999: RFC 3339 has no way to write a later one.
const LATEST: i64 = 253_402_300_799;

impl Timestamp {
    /// The moment `seconds` after the epoch, clamped to the years 1970 to 9999.
    pub const fn from_unix(seconds: i64) -> Self {
        if seconds < 0 {
            Self(0)
        } else if seconds > LATEST {
            Self(LATEST)
        } else {
            Self(seconds)
        }
    }

    /// Seconds since the epoch.
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// Whether something that began at `beginning` and takes `seconds` is over now; also when the clock was set back behind
    /// its beginning, which would make it last.
    pub fn ends(self, beginning: Self, seconds: i64) -> bool {
        self < beginning || self.unix().saturating_sub(beginning.unix()) >= seconds
    }

    /// The last multiple of `step` seconds, at least 1, since 1970 that is not after this moment.
    pub const fn in_steps_of(self, step: i64) -> Self {
        Self::from_unix(self.0 - self.0 % step)
    }

    /// This moment moved by `seconds` (which may be negative), within the years 1970 to 9999.
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self::from_unix(self.0.saturating_add(seconds))
    }
}

const MILLISECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// Unix milliseconds as RFC 3339, with three digits after the point.
pub fn in_milliseconds(unix_milliseconds: i64) -> String {
    let nanoseconds = i128::from(unix_milliseconds) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok().and_then(|t| t.format(MILLISECONDS).ok()).unwrap_or_default()
}

/// An hour of the clock, UTC, by its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hour(i64);

impl Hour {
    /// The hour that `time` lies in.
    pub const fn of(time: Timestamp) -> Self {
        Self(time.unix() - time.unix() % 3_600)
    }

    /// Its first second.
    pub const fn start(self) -> Timestamp {
        Timestamp::from_unix(self.0)
    }

    /// The first second of its day.
    pub const fn day(self) -> Timestamp {
        Timestamp::from_unix(self.0 - self.0 % 86_400)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = OffsetDateTime::from_unix_timestamp(self.0).ok().and_then(|t| t.format(&Rfc3339).ok());
        f.write_str(text.as_deref().unwrap_or("-"))
    }
}

impl FromStr for Timestamp {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        OffsetDateTime::parse(text, &Rfc3339)
            .ok()
            .map(OffsetDateTime::unix_timestamp)
            .filter(|seconds| (0..=LATEST).contains(seconds))
            .map(Self)
            .ok_or_else(|| Invalid::new("time", "invalid_time", "must be a time such as 2030-01-31T12:00:00Z (RFC 3339)"))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_reads_back_as_it_was_written() {
        let t: Timestamp = "2030-01-31T12:00:00Z".parse().unwrap();
        assert_eq!(t.to_string(), "2030-01-31T12:00:00Z");
        assert_eq!("2030-01-31T13:00:00+01:00".parse::<Timestamp>().unwrap(), t);
    }

    #[test]
    fn milliseconds_are_written_out() {
        assert_eq!(in_milliseconds(1_700_000_000_007), "2023-11-14T22:13:20.007Z");
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "tomorrow", "2030-01-31", "1969-12-31T23:59:59Z", "2030-13-01T00:00:00Z"] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn arithmetic_never_overflows() {
        assert_eq!(Timestamp::from_unix(i64::MAX).plus_seconds(i64::MAX).unix(), LATEST);
        assert_eq!(Timestamp::from_unix(5).plus_seconds(i64::MIN).unix(), 0);
    }
}
