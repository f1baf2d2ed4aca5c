//! Rate plans: how much an API key may ask in a minute and in a day, and how many requests it may have in progress.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::Serialize;
use utoipa::ToSchema;

use super::Invalid;

/// The name of a rate plan: 1 to 64 of `a-z`, `0-9`, `-` and `_`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct PlanName(String);

/// The plan whose limits are set for each organization.
const ENTERPRISE: &str = "enterprise";
/// The default of a server that is not told another.
const UNLIMITED: &str = "unlimited";

impl PlanName {
    /// The plan whose limits are set for each organization.
    pub fn enterprise() -> Self {
        Self(ENTERPRISE.to_owned())
    }

    /// The plan without limits, the default of a server that is not told another.
    pub fn unlimited() -> Self {
        Self(UNLIMITED.to_owned())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the limits are set for each organization.
    pub fn is_enterprise(&self) -> bool {
        self.0 == ENTERPRISE
    }
}

impl fmt::Display for PlanName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PlanName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let well_formed = (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'));
        if well_formed {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new("plan", "invalid_name", "must be a plan's name, e.g. \"growth\""))
        }
    }
}

/// One limit: 1..=1,000,000,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Limit(NonZeroU32);

impl Limit {
    /// The highest limit there can be.
    pub const MAX: u32 = 1_000_000_000;

    /// The limit as a number.
    pub const fn get(self) -> u32 {
        self.0.get()
    }

    /// A limit from a number of any size; `field` names it when it does not fit.
    ///
    /// # Errors
    /// Outside 1..=[`Limit::MAX`].
    pub fn new(field: &'static str, number: i64) -> Result<Self, Invalid> {
        let fits = u32::try_from(number).ok().filter(|number| *number <= Self::MAX).and_then(NonZeroU32::new);
        fits.map(Self).ok_or_else(|| Invalid::new(field, "out_of_range", "must be 1 to 1000000000, or null for no limit"))
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Limit {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::new("limit", text.parse().unwrap_or(0))
    }
}

/// The limits of a plan; `None` means without limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlanLimits {
    /// Requests within one minute of the clock.
    pub requests_per_minute: Option<Limit>,
    /// Requests within one day, UTC.
    pub requests_per_day: Option<Limit>,
    /// Requests in progress at the same time.
    pub concurrent_connections: Option<Limit>,
}

impl PlanLimits {
    /// Whether there is no limit at all.
    pub const fn is_unlimited(&self) -> bool {
        self.requests_per_minute.is_none() && self.requests_per_day.is_none() && self.concurrent_connections.is_none()
    }
}

impl PlanLimits {
    /// Whether none of these limits allows more than `other` does.
    pub fn is_within(&self, other: &Self) -> bool {
        let within = |own: Option<Limit>, other: Option<Limit>| match (own, other) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(own), Some(other)) => own <= other,
        };
        within(self.requests_per_minute, other.requests_per_minute)
            && within(self.requests_per_day, other.requests_per_day)
            && within(self.concurrent_connections, other.concurrent_connections)
    }
}

/// A rate plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Plan {
    /// Unique.
    pub name: PlanName,
    /// What it allows; nothing is set for `enterprise`, whose limits are the organization's.
    #[serde(flatten)]
    pub limits: PlanLimits,
    /// Whether it is counted and reported, but refuses nothing.
    pub dry_run: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_within_each_other_when_none_is_wider() {
        let limits = |minute: Option<i64>, day: Option<i64>| PlanLimits {
            requests_per_minute: minute.map(|n| Limit::new("x", n).unwrap()),
            requests_per_day: day.map(|n| Limit::new("x", n).unwrap()),
            concurrent_connections: None,
        };
        let unlimited = PlanLimits::default();
        assert!(unlimited.is_within(&unlimited) && limits(Some(1), None).is_within(&unlimited));
        assert!(limits(Some(5), Some(9)).is_within(&limits(Some(5), Some(10))));
        assert!(!limits(Some(5), Some(11)).is_within(&limits(Some(5), Some(10))));
        assert!(!limits(None, Some(1)).is_within(&limits(Some(5), None)) && !unlimited.is_within(&limits(None, Some(1))));
    }

    #[test]
    fn a_limit_is_one_to_a_milliard() {
        for good in [1, 60, 1_000_000_000] {
            assert_eq!(i64::from(Limit::new("x", good).unwrap().get()), good);
        }
        for bad in [0, -1, 1_000_000_001, i64::MAX, i64::MIN, 1 << 32] {
            assert_eq!(Limit::new("x", bad).unwrap_err().field, "x");
        }
        assert!("60".parse::<Limit>().is_ok());
        assert!("".parse::<Limit>().is_err() && "-1".parse::<Limit>().is_err() && "1e3".parse::<Limit>().is_err());
    }
}
