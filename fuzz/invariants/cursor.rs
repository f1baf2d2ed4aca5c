//! `web::cursor`.

use claviger::web::cursor::{decode, encode};

use super::base64::{self, URL_SAFE};

/// Checks a cursor that a caller sends, and one made of a place.
pub fn check(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let expected = match text.len() {
        1..=512 => base64::decode(text, URL_SAFE, false).and_then(|bytes| String::from_utf8(bytes).ok()),
        _ => None,
    };
    assert_eq!(decode(text), expected, "{text:?}");
    // Each place has one cursor.
    if let Some(place) = expected {
        assert_eq!(encode(&place), text);
    }
    let cursor = encode(text);
    let is_read = (1..=512).contains(&cursor.len());
    assert_eq!(decode(&cursor), is_read.then(|| text.to_owned()));
}
