//! One event on its way to one recipient: its states, and when it is tried again.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::Invalid;

/// How a delivery reaches its recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// By e-mail to an owner of the organization.
    Email,
    /// By HTTP to a webhook.
    Webhook,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 2] = [Self::Email, Self::Webhook];

    /// `email` or `webhook`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Webhook => "webhook",
        }
    }
}

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// To be tried, for the first time or again.
    Pending,
    /// The recipient has confirmed it.
    Delivered,
    /// Given up; can be sent again by hand.
    Dead,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Dead];

    /// `pending`, `delivered` or `dead`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }

    /// The state of this name.
    pub fn from_name(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

impl fmt::Display for DeliveryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for DeliveryState {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::from_name(text).ok_or_else(|| Invalid::new("state", "unknown_state", "must be pending, delivered or dead"))
    }
}

impl Serialize for DeliveryState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// How often a delivery is tried before it is given up.
pub const MAX_ATTEMPTS: i64 = 10;
/// The mean wait after the first failure; each later one is four times as long, until a day.
const FIRST_WAIT_SECONDS: i64 = 10;
const LONGEST_WAIT_SECONDS: i64 = 86_400;

/// How long after the `failures`th failure (1..) the next attempt is: any moment from at once to twice the mean wait,
/// as `random` decides, so that a receiver that comes back does not get everything at once. In the mean the ten
/// attempts span 2.6 days. A receiver that asks for a longer wait gets it, up to a day.
///
/// `None` when there is no next attempt.
pub fn wait_after(failures: i64, random: u64, asked_for_seconds: Option<i64>) -> Option<i64> {
    if failures >= MAX_ATTEMPTS {
        return None;
    }
    let growth = u32::try_from(failures.saturating_sub(1)).unwrap_or(0).min(16);
    let mean = FIRST_WAIT_SECONDS.saturating_mul(4_i64.saturating_pow(growth)).min(LONGEST_WAIT_SECONDS);
    let jittered = i64::try_from(random % u64::try_from(2 * mean).unwrap_or(1)).unwrap_or(mean) + 1;
    Some(jittered.max(asked_for_seconds.unwrap_or(0).min(LONGEST_WAIT_SECONDS)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ten_attempts_span_about_three_days() {
        let mut total = 0;
        for failures in 1..MAX_ATTEMPTS {
            let longest = wait_after(failures, u64::MAX, None).unwrap().max(wait_after(failures, 0, None).unwrap());
            assert!(longest >= 1);
            // The mean of a uniform wait is half of its bound.
            let bound = (0..2_000).map(|n| wait_after(failures, n * 7_919_999, None).unwrap()).max().unwrap();
            total += bound / 2;
        }
        assert!((2 * 86_400..4 * 86_400).contains(&total), "{total} s");
        assert_eq!(wait_after(MAX_ATTEMPTS, 5, None), None);
        assert_eq!(wait_after(MAX_ATTEMPTS, 5, Some(60)), None);
    }

    #[test]
    fn a_receiver_may_ask_for_more_time_up_to_a_day() {
        assert_eq!(wait_after(1, 0, Some(120)), Some(120));
        assert_eq!(wait_after(1, 0, Some(i64::MAX)), Some(86_400));
        assert_eq!(wait_after(1, 0, Some(-5)), Some(1));
    }

    proptest! {
        #[test]
        fn a_wait_is_never_zero_nor_longer_than_two_days(failures in 1_i64..10, random: u64) {
            let mean = (10 * 4_i64.pow(u32::try_from(failures - 1).unwrap())).min(86_400);
            let wait = wait_after(failures, random, None).unwrap();
            prop_assert!((1..=2 * mean).contains(&wait), "{wait}");
        }
    }
}
