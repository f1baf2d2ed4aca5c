//! The hash chain of the audit log: HMAC-SHA-256 under a key that the database does not have, so that whoever can write
//! to the database can neither alter a row nor leave one out without its being seen.

use std::fmt;

use ring::hmac;

/// The hash of a row, which covers the hash of the row before it.
pub type Link = [u8; 32];

/// What the first row is chained to.
pub const GENESIS: Link = [0; 32];

/// The key of the chain, derived from the master key.
#[derive(Clone)]
pub struct AuditChain(hmac::Key);

impl AuditChain {
    pub(crate) fn from_key(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The hash of a row with these columns after a row with the hash `previous`. Each column goes in with its length,
    /// so that nothing can be moved from one into the next.
    pub fn link<'a>(&self, previous: &Link, columns: impl IntoIterator<Item = Option<&'a [u8]>>) -> Link {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(b"row");
        context.update(previous);
        for column in columns {
            match column {
                None => context.update(&[0]),
                Some(bytes) => {
                    context.update(&[1]);
                    context.update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
                    context.update(bytes);
                }
            }
        }
        copied(context.sign().as_ref())
    }

    /// What proves that the chain ended with row `seq` of hash `last`.
    pub fn seal(&self, seq: i64, last: &Link) -> Link {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(b"head");
        context.update(&seq.to_be_bytes());
        context.update(last);
        copied(context.sign().as_ref())
    }
}

fn copied(tag: &[u8]) -> Link {
    let mut bytes = GENESIS;
    for (to, from) in bytes.iter_mut().zip(tag) {
        *to = *from;
    }
    bytes
}

impl fmt::Debug for AuditChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuditChain([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_row_matters() {
        let chain = AuditChain::from_key(&[7; 32]);
        let of = |columns: &[Option<&str>]| chain.link(&GENESIS, columns.iter().map(|c| c.map(str::as_bytes)));
        let row = of(&[Some("ab"), Some("c"), None]);
        for other in [&[Some("a"), Some("bc"), None][..], &[Some("ab"), Some("c"), Some("")], &[Some("ab"), Some("c")]] {
            assert_ne!(of(other), row);
        }
        assert_ne!(chain.link(&row, [Some(&b"ab"[..]), Some(b"c"), None]), row);
        assert_ne!(AuditChain::from_key(&[8; 32]).link(&GENESIS, [Some(&b"ab"[..]), Some(b"c"), None]), row);
        assert_ne!(chain.seal(1, &row), chain.seal(2, &row));
    }
}
