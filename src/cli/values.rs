//! Values that need reading: arguments, and what must not be one.

use std::io::{IsTerminal, Read};

use zeroize::Zeroizing;

use super::{Failure, output};
use crate::domain::api_key::{MAX_GRACE_PERIOD_SECONDS, TokenLifetime};

/// The most that is read of a secret, in bytes.
const LONGEST_SECRET: u64 = 4_096;

/// Reads a secret from standard input: a line from a person, else everything. Line ends at its end do not belong to it.
pub(super) fn from_standard_input(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    if std::io::stdin().is_terminal() {
        output::message(prompt);
        std::io::stdin().read_line(&mut text)?;
    } else {
        std::io::stdin().take(LONGEST_SECRET).read_to_string(&mut text)?;
    }
    let end = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(end);
    Ok(text)
}

/// Reads `30s`, `5m`, `24h` or `7d` as seconds.
fn duration_seconds(text: &str) -> Result<i64, String> {
    let wrong = || "must be a duration such as 30s, 5m, 24h or 7d".to_owned();
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (digits, unit) = text.split_at_checked(unit_at).ok_or_else(wrong)?;
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    digits.parse::<i64>().ok().and_then(|n| n.checked_mul(factor)).ok_or_else(wrong)
}

/// Reads for how long an old secret goes on working.
pub(super) fn grace_period(text: &str) -> Result<i64, String> {
    match duration_seconds(text)? {
        seconds if seconds > MAX_GRACE_PERIOD_SECONDS => Err("must be at most 7d".to_owned()),
        seconds => Ok(seconds),
    }
}

/// Reads a token's lifetime.
pub(super) fn token_lifetime(text: &str) -> Result<TokenLifetime, String> {
    let seconds: i64 = text.parse().map_err(|_| "must be a number of seconds".to_owned())?;
    TokenLifetime::from_seconds(seconds).map_err(|error| error.detail.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        for (text, seconds) in [("30s", 30), ("5m", 300), ("24h", 86_400), ("7d", 604_800), ("0s", 0)] {
            assert_eq!(duration_seconds(text), Ok(seconds));
        }
        for text in ["", "h", "90", "1w", "-1s", "1.5h", "1 h", "99999999999999999999d", "1é"] {
            assert!(duration_seconds(text).is_err(), "{text}");
        }
    }
}
