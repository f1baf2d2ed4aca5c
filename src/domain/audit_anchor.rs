//! Anchors: a row's number and hash, kept where whoever can write to the database cannot.

use std::fmt;
use std::str::FromStr;

use super::Invalid;

/// What the audit log said once: that its row `seq` has this hash.
///
/// Spelled `SEQ:HASH`, the hash as 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditAnchor {
    /// The row's number, 1 or more.
    pub seq: i64,
    /// Its hash, which covers every row before it too.
    pub hash: [u8; 32],
}

impl fmt::Display for AuditAnchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.seq)?;
        self.hash.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for AuditAnchor {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let read = || {
            let (seq, hash) = text.split_once(':')?;
            let seq = seq.parse().ok().filter(|seq| *seq > 0)?;
            Some(Self { seq, hash: read_hash(hash)? })
        };
        read().ok_or_else(|| {
            Invalid::new("anchor", "invalid_anchor", "must be a row's number, a colon and its hash in 64 hexadecimal digits")
        })
    }
}

/// 64 hexadecimal digits as 32 bytes.
fn read_hash(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    let mut digits = text.bytes().map(|digit| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok()));
    for byte in &mut hash {
        *byte = digits.next()?? << 4 | digits.next()??;
    }
    digits.next().is_none().then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_reads_back_as_it_was_written() {
        let anchor = AuditAnchor { seq: 7, hash: std::array::from_fn(|at| u8::try_from(at * 8).unwrap()) };
        assert_eq!(anchor.to_string().parse::<AuditAnchor>().unwrap(), anchor);
        let hash = "ab".repeat(32);
        for wrong in ["", "7", ":", "0:", &hash, &format!("0:{hash}"), &format!("-1:{hash}"), &format!("1:{hash}0"), "1:zz"] {
            assert!(wrong.parse::<AuditAnchor>().is_err(), "{wrong}");
        }
    }
}
