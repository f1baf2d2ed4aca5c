//! Status lists (draft-ietf-oauth-status-list-21): the compressed array of section 4.1, the claims of a Status List Token
//! (section 5.1), and what a token says of its place in a list (section 6.2).

use std::fmt;
use std::io::{Read, Write};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde::Serialize;
use serde_json::{Map, Value};

use super::metadata::paths;
use crate::domain::key_epoch::{KeyEpoch, StatusListId};

/// The `typ` of a Status List Token.
pub const STATUS_LIST_TYPE: &str = "statuslist+jwt";
/// Its media type.
pub const STATUS_LIST_MEDIA_TYPE: &str = "application/statuslist+jwt";
/// The status of a token that is not revoked (section 7.1).
pub const VALID: u8 = 0;
/// That of one that is.
pub const INVALID: u8 = 1;

/// Why a list cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListRefused {
    /// `bits` is not 1, 2, 4 or 8.
    Bits,
    /// `lst` is not base64url.
    NotBase64,
    /// What it holds is not in the ZLIB format, or there is something behind it.
    NotZlib,
    /// It is larger than was allowed.
    TooLarge,
}

impl fmt::Display for ListRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bits => "bits is not 1, 2, 4 or 8",
            Self::NotBase64 => "lst is not base64url",
            Self::NotZlib => "lst is not compressed in the ZLIB format",
            Self::TooLarge => "the list is too large",
        })
    }
}

/// An array of statuses, each of 1, 2, 4 or 8 bits, the lowest bits of a byte first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusList {
    bits: u8,
    bytes: Vec<u8>,
}

impl StatusList {
    /// A list of at least `size` places, all valid.
    ///
    /// # Errors
    /// [`ListRefused::Bits`].
    pub fn new(bits: u8, size: u32) -> Result<Self, ListRefused> {
        if !matches!(bits, 1 | 2 | 4 | 8) {
            return Err(ListRefused::Bits);
        }
        let bytes = (u64::from(size) * u64::from(bits)).div_ceil(8);
        Ok(Self { bits, bytes: vec![0; usize::try_from(bytes).map_err(|_| ListRefused::TooLarge)?] })
    }

    /// Reads `lst` of at most `max_bytes` once it is decompressed.
    ///
    /// # Errors
    /// [`ListRefused`].
    pub fn decode(bits: u8, lst: &str, max_bytes: usize) -> Result<Self, ListRefused> {
        let mut list = Self::new(bits, 0)?;
        let compressed = URL_SAFE_NO_PAD.decode(lst).map_err(|_| ListRefused::NotBase64)?;
        let mut decoder = ZlibDecoder::new(compressed.as_slice());
        let limit = u64::try_from(max_bytes).unwrap_or(u64::MAX).saturating_add(1);
        decoder.by_ref().take(limit).read_to_end(&mut list.bytes).map_err(|_| ListRefused::NotZlib)?;
        if list.bytes.len() > max_bytes {
            return Err(ListRefused::TooLarge);
        }
        if decoder.total_in() != u64::try_from(compressed.len()).unwrap_or(u64::MAX) {
            return Err(ListRefused::NotZlib);
        }
        Ok(list)
    }

    /// `lst`: compressed as far as it goes, in base64url.
    pub fn encode(&self) -> String {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        // Writing to memory does not fail.
        let compressed = encoder.write_all(&self.bytes).and_then(|()| encoder.finish()).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(compressed)
    }

    /// The status at a place; `None`: the list is not so long.
    pub fn get(&self, index: u32) -> Option<u8> {
        let (byte, shift, mask) = self.place(index);
        self.bytes.get(byte).map(|byte| byte >> shift & mask)
    }

    /// Sets the status at a place that is there, cut to the bits that there are.
    pub fn set(&mut self, index: u32, status: u8) {
        let (byte, shift, mask) = self.place(index);
        if let Some(byte) = self.bytes.get_mut(byte) {
            *byte = *byte & !(mask << shift) | (status & mask) << shift;
        }
    }

    fn place(&self, index: u32) -> (usize, u32, u8) {
        let each = u32::from(8 / self.bits);
        let byte = usize::try_from(index / each).unwrap_or(usize::MAX);
        (byte, index % each * u32::from(self.bits), u8::MAX >> (8 - self.bits))
    }
}

/// The claims of a Status List Token.
#[derive(Debug, Serialize)]
pub struct StatusListClaims<'a> {
    /// The issuer; not asked for by the draft, but whoever has it can check it.
    pub iss: &'a str,
    /// Where the list is: the `uri` of the tokens.
    pub sub: &'a str,
    /// When it was true.
    pub iat: i64,
    /// From when on it must not be relied upon.
    pub exp: i64,
    /// For how many seconds it may be kept.
    pub ttl: u32,
    /// The list.
    pub status_list: EncodedList,
}

/// `status_list`.
#[derive(Debug, Serialize)]
pub struct EncodedList {
    bits: u8,
    lst: String,
}

impl From<&StatusList> for EncodedList {
    fn from(list: &StatusList) -> Self {
        Self { bits: list.bits, lst: list.encode() }
    }
}

/// Where a list of an issuer is.
pub fn list_uri(issuer: &str, id: StatusListId) -> String {
    format!("{}{}/{id}", issuer.trim_end_matches('/'), paths::STATUS_LISTS)
}

/// The list and the place in it that a token names; `None`: it names none.
pub fn place_of(claims: &Map<String, Value>) -> Option<(&str, u32)> {
    let status = claims.get("status")?.get("status_list")?;
    let index = status.get("idx").and_then(Value::as_u64).and_then(|index| u32::try_from(index).ok())?;
    Some((status.get("uri").and_then(Value::as_str)?, index))
}

/// The epoch that a token of ours belongs to; `None`: it was issued before there were epochs.
pub fn epoch_of(claims: &Map<String, Value>) -> Option<KeyEpoch> {
    let (uri, index) = place_of(claims)?;
    let (_, list) = uri.rsplit_once('/')?;
    Some(KeyEpoch { list: list.parse().ok()?, index })
}

#[cfg(test)]
mod tests;
