//! What a client was called at the server that it came from.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::Invalid;
use super::id::ClientId;

/// A client id that another server gave out: 1 to 255 of `%x20-7E` (RFC 6749 appendix A.1), and never of the form of
/// our own ids, so that no text can mean two keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ForeignClientId(Box<str>);

/// The longest, in bytes.
pub const MAX_FOREIGN_CLIENT_ID_BYTES: usize = 255;

impl ForeignClientId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ForeignClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ForeignClientId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = |code, detail: &'static str| Err(Invalid::new("foreign_client_id", code, detail));
        if !(1..=MAX_FOREIGN_CLIENT_ID_BYTES).contains(&text.len()) {
            return invalid("invalid_length", "must have 1 to 255 characters");
        }
        if !text.bytes().all(|b| matches!(b, 0x20..=0x7e)) {
            return invalid("invalid_character", "must be printable ASCII: nothing else can be sent (RFC 6749 appendix A.1)");
        }
        if text.starts_with(ClientId::PREFIX) {
            return invalid("reserved", "must not begin with key_: this server's own ids do");
        }
        Ok(Self(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ca2_what_a_client_can_send_is_accepted() {
        for good in ["c+1 %&:", "billing-worker", " ", "~", &"x".repeat(255)] {
            assert_eq!(good.parse::<ForeignClientId>().unwrap().as_str(), good);
        }
        for bad in ["", "é", "a\n", "\u{7f}", "key_", "key_01arz3ndektsv4rrffq69g5fav", &"x".repeat(256)] {
            assert!(bad.parse::<ForeignClientId>().is_err(), "{bad:?}");
        }
    }
}
