//! The payout limit that a key carries and a resource server applies.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::Invalid;

/// A decimal number above zero, at most 15 digits before and 8 after the point, kept as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct MaxPayout(Box<str>);

impl MaxPayout {
    /// The amount as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this amount is not above `other`, whatever zeros either was written with.
    pub fn is_at_most(&self, other: &Self) -> bool {
        self.comparable() <= other.comparable()
    }

    /// In units of the eighth digit after the point; 23 digits at most.
    fn comparable(&self) -> u128 {
        let (whole, fraction) = self.0.split_once('.').unwrap_or((&self.0, ""));
        format!("{whole}{fraction:0<8}").parse().unwrap_or(u128::MAX)
    }
}

impl fmt::Display for MaxPayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for MaxPayout {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (text, None),
        };
        let digits = |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        let well_formed = digits(whole, 15) && fraction.is_none_or(|f| digits(f, 8));
        if !well_formed || !text.bytes().any(|b| matches!(b, b'1'..=b'9')) {
            return Err(Invalid::new(
                "max_payout",
                "invalid_amount",
                "must be a decimal string above zero with at most 15 digits before and 8 after the point, e.g. \"55.00\"",
            ));
        }
        Ok(Self(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_kept_as_written() {
        for text in ["55.00", "1", "0.00000001", "999999999999999.99999999"] {
            assert_eq!(text.parse::<MaxPayout>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn amounts_compare_by_value() {
        let at_most = |a: &str, b: &str| a.parse::<MaxPayout>().unwrap().is_at_most(&b.parse().unwrap());
        assert!(at_most("55", "55.00") && at_most("055.0", "55") && at_most("9.99", "10"));
        assert!(!at_most("10", "9.99") && !at_most("0.00000002", "0.00000001"));
    }

    #[test]
    fn what_is_not_an_amount_above_zero_is_refused() {
        for text in
            ["", "0", "0.00", "-1", "+1", "1.", ".5", "1e3", "1,00", "1000000000000000", "0.000000001", " 1", "١", "1.2.3"]
        {
            assert!(text.parse::<MaxPayout>().is_err(), "{text}");
        }
    }
}
