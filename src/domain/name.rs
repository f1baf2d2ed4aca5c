//! Names that people give to things.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::Invalid;

/// A display name: 1 to 64 characters, no control characters, no white space at its ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Name(String);

/// The longest name, in characters.
pub const MAX_NAME_CHARACTERS: usize = 64;

const COPY_SUFFIX: &str = " (copy)";

impl Name {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of a duplicate: this one, cut so that " (copy)" still fits.
    pub fn of_copy(&self) -> Self {
        let room = MAX_NAME_CHARACTERS - COPY_SUFFIX.len();
        let kept: String = self.0.chars().take(room).collect();
        Self(format!("{}{COPY_SUFFIX}", kept.trim_end()))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Name {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.is_empty() || text.chars().count() > MAX_NAME_CHARACTERS {
            return Err(Invalid::new("name", "invalid_length", "must have 1 to 64 characters"));
        }
        if text.chars().any(char::is_control) {
            return Err(Invalid::new("name", "invalid_character", "must not contain control characters"));
        }
        if text.trim() != text {
            return Err(Invalid::new("name", "invalid_character", "must not begin or end with white space"));
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_is_counted_in_characters() {
        assert!("é".repeat(64).parse::<Name>().is_ok());
        assert!("é".repeat(65).parse::<Name>().is_err());
        assert!("".parse::<Name>().is_err());
    }

    #[test]
    fn line_breaks_and_outer_white_space_are_refused() {
        for text in ["a\r\nb", "\u{0}", " a", "a ", " "] {
            assert!(text.parse::<Name>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_copy_is_cut_to_fit() {
        let copy = "é".repeat(64).parse::<Name>().unwrap().of_copy();
        assert_eq!(copy.as_str().chars().count(), 64);
        assert!(copy.as_str().ends_with(" (copy)"));
        assert_eq!("Refunds".parse::<Name>().unwrap().of_copy().as_str(), "Refunds (copy)");
    }
}
