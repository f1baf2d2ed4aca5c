//! A Token Status List (draft-ietf-oauth-status-list, section 4): one number of 1, 2, 4 or 8 bits for each token.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::read::ZlibDecoder;

/// The longest list that is inflated, in bytes: 32 million tokens of one bit. A small text can inflate to anything.
pub(super) const MAX_LIST_BYTES: usize = 4 * 1024 * 1024;
/// The status of a token that is not revoked (section 7.1).
pub(super) const VALID: u8 = 0;

/// The numbers of one list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct StatusList {
    bits: u8,
    bytes: Vec<u8>,
}

impl StatusList {
    /// Reads the members `bits` and `lst`.
    pub(super) fn read(bits: u64, lst: &str) -> Result<Self, &'static str> {
        let bits = u8::try_from(bits).ok().filter(|bits| matches!(bits, 1 | 2 | 4 | 8)).ok_or("bits is not 1, 2, 4 or 8")?;
        let compressed = URL_SAFE_NO_PAD.decode(lst).map_err(|_| "lst is not base64url")?;
        let mut bytes = Vec::new();
        let mut inflated = ZlibDecoder::new(&*compressed).take(MAX_LIST_BYTES as u64 + 1);
        inflated.read_to_end(&mut bytes).map_err(|_| "lst is not compressed with zlib")?;
        if bytes.len() > MAX_LIST_BYTES { Err("lst is too long") } else { Ok(Self { bits, bytes }) }
    }

    /// The status at this place; `None` when the list ends before. The first token is the lowest bits of the first byte.
    pub(super) fn get(&self, index: u64) -> Option<u8> {
        let per_byte = u64::from(8 / self.bits);
        let byte = self.bytes.get(usize::try_from(index / per_byte).ok()?)?;
        let shift = u32::try_from(index % per_byte).ok()? * u32::from(self.bits);
        let mask = u8::MAX >> (8 - self.bits);
        Some(byte.checked_shr(shift)? & mask)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::*;

    fn lst(bytes: &[u8]) -> String {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        URL_SAFE_NO_PAD.encode(encoder.finish().unwrap())
    }

    fn all(list: &StatusList) -> Vec<u8> {
        (0..).map_while(|index| list.get(index)).collect()
    }

    #[test]
    fn sl1_the_examples_of_the_draft() {
        // Section 4.1.
        let one = StatusList::read(1, "eNrbuRgAAhcBXQ").unwrap();
        assert_eq!(one.bytes, [0xb9, 0xa3]);
        assert_eq!(all(&one), [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]);
        // Section 4.2.
        let two = StatusList::read(2, "eNo76fITAAPfAgc").unwrap();
        assert_eq!(two.bytes, [0xc9, 0x44, 0xf9]);
        assert_eq!(all(&two), [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]);
    }

    #[test]
    fn sl1_every_width_is_read() {
        let list = |bits| StatusList::read(bits, &lst(&[0b1011_0110, 0x5a])).unwrap();
        assert_eq!(all(&list(1)), [0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1, 1, 0, 1, 0]);
        assert_eq!(all(&list(2)), [2, 1, 3, 2, 2, 2, 1, 1]);
        assert_eq!(all(&list(4)), [6, 11, 10, 5]);
        assert_eq!(all(&list(8)), [0b1011_0110, 0x5a]);
        assert_eq!(list(1).get(u64::MAX), None);
    }

    #[test]
    fn sl1_what_is_no_list_is_refused() {
        let good = lst(b"x");
        for bits in [0, 3, 5, 7, 9, 16, 257, u64::MAX] {
            assert!(StatusList::read(bits, &good).is_err(), "{bits}");
        }
        let cut = &good[..good.len() - 4];
        for bad in ["", "x", "eNrbuRgAAhcBXQ==", "AAAA", cut, "H4sIAAAAAAAAA6sAAIMW3IwBAAAA"] {
            assert!(StatusList::read(1, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sl1_a_text_that_inflates_without_end_is_cut_off() {
        let bomb = lst(&vec![0; 2 * MAX_LIST_BYTES]);
        assert!(bomb.len() < 20_000);
        assert_eq!(StatusList::read(1, &bomb), Err("lst is too long"));
        assert!(StatusList::read(1, &lst(&vec![0; MAX_LIST_BYTES])).is_ok());
    }
}
