//! What the first operator's link holds.

use std::fmt;

use zeroize::Zeroizing;

use super::time::Timestamp;

/// How long the link of a start works.
pub const SETUP_SECONDS: i64 = 86_400;

const PREFIX: &str = "setup_";
const TAG_BYTES: usize = 32;

/// `setup_`, the Unix time at which it dies, `_`, and 32 bytes in hexadecimal digits that prove whose it is. Never prints
/// itself.
#[derive(Clone)]
pub struct SetupToken {
    text: Zeroizing<String>,
    expires_at: Timestamp,
}

impl SetupToken {
    /// Spells one.
    pub fn of(expires_at: Timestamp, tag: &[u8]) -> Self {
        let digits: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { text: Zeroizing::new(format!("{PREFIX}{}_{digits}", expires_at.unix())), expires_at }
    }

    /// Reads what somebody sent; `None` when it has not the form of one.
    pub fn parse(text: &str) -> Option<Self> {
        let (time, tag) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let is_plain = (1..=12).contains(&time.len()) && time.bytes().all(|b| b.is_ascii_digit());
        let is_tag = tag.len() == 2 * TAG_BYTES && tag.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let expires_at = Timestamp::from_unix(time.parse().ok().filter(|_| is_plain && is_tag)?);
        Some(Self { text: Zeroizing::new(text.to_owned()), expires_at })
    }

    /// The time that it names, whether or not it is what it says.
    pub const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// The bytes that prove it.
    pub fn tag(&self) -> Option<Vec<u8>> {
        let (_, digits) = self.text.rsplit_once('_')?;
        (0..TAG_BYTES).map(|at| u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()).collect()
    }

    /// The token itself, for the link.
    pub fn expose(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for SetupToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SetupToken([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_the_form_is_read() {
        let token = SetupToken::of(Timestamp::from_unix(1_900_000_000), &[0xa5; 32]);
        let read = SetupToken::parse(token.expose()).unwrap();
        assert_eq!((read.expires_at(), read.tag()), (token.expires_at(), Some(vec![0xa5; 32])));
        let tag = "a5".repeat(32);
        for wrong in [
            String::new(),
            "setup_".to_owned(),
            format!("setup_{tag}"),
            format!("setup_-1_{tag}"),
            format!("setup_+1_{tag}"),
            format!("setup__{tag}"),
            format!("setup_1234567890123_{tag}"),
            format!("setup_1_{}", &tag[1..]),
            format!("setup_1_{tag}0"),
            format!("setup_1_{}", tag.to_uppercase()),
            format!("lnk_1_{tag}"),
        ] {
            assert!(SetupToken::parse(&wrong).is_none(), "{wrong}");
        }
        assert_eq!(format!("{token:?}"), "SetupToken([redacted])");
    }
}
