//! Key epochs: the tokens that a key gets between two revocations share one place in a status list.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use super::Invalid;

/// How many places a new list has: a list is 16 KiB before it is compressed, and 100,000 keys are in one.
pub const STATUS_LIST_SIZE: u32 = 131_072;

/// The number of a status list, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatusListId(NonZeroU32);

impl StatusListId {
    /// The first list.
    pub const FIRST: Self = Self(NonZeroU32::MIN);

    /// The list after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// As a number.
    pub const fn number(self) -> u32 {
        self.0.get()
    }
}

impl TryFrom<i64> for StatusListId {
    type Error = Invalid;

    fn try_from(number: i64) -> Result<Self, Invalid> {
        let number = u32::try_from(number).ok().and_then(NonZeroU32::new);
        number.map(Self).ok_or_else(|| Invalid::new("status_list", "out_of_range", "must be 1 to 4294967295"))
    }
}

impl fmt::Display for StatusListId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Only the one spelling without sign and leading zeros.
impl FromStr for StatusListId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let id: Option<NonZeroU32> = text.parse().ok();
        let id = id.filter(|id| id.to_string() == text);
        id.map(Self).ok_or_else(|| Invalid::new("status_list", "invalid_id", "must be the number of a status list"))
    }
}

/// An epoch of a key: a list and a place in it, which no other epoch ever has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyEpoch {
    /// The list.
    pub list: StatusListId,
    /// The place, from 0.
    pub index: u32,
}

impl KeyEpoch {
    /// The epoch as two columns hold it.
    ///
    /// # Errors
    /// When it is none.
    pub fn from_columns(list: i64, index: i64) -> Result<Self, Invalid> {
        let index = u32::try_from(index).map_err(|_| Invalid::new("status_index", "out_of_range", "must be 0 or more"))?;
        Ok(Self { list: list.try_into()?, index })
    }
}

impl fmt::Display for KeyEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.list, self.index)
    }
}

impl FromStr for KeyEpoch {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::new("epoch", "invalid_id", "must be a list and a place in it");
        let (list, index) = text.split_once('/').ok_or_else(invalid)?;
        Ok(Self { list: list.parse()?, index: index.parse().map_err(|_| invalid())? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_is_small_and_has_one_spelling() {
        assert_eq!(size_of::<Option<KeyEpoch>>(), 8);
        let epoch = KeyEpoch { list: StatusListId::FIRST.next(), index: 70_000 };
        assert_eq!(epoch.to_string(), "2/70000");
        assert_eq!("2/70000".parse::<KeyEpoch>().unwrap(), epoch);
        for wrong in ["", "2", "2/", "/1", "0/1", "2/-1", "02/1", "+2/1", "4294967296/1"] {
            assert!(wrong.parse::<KeyEpoch>().is_err(), "{wrong}");
        }
        assert!(KeyEpoch::from_columns(1, -1).is_err() && KeyEpoch::from_columns(0, 1).is_err());
        assert_eq!(KeyEpoch::from_columns(2, 70_000).unwrap(), epoch);
    }
}
