//! Cursors: where a page ended, in a form that callers hand back and do not read.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The longest cursor that is looked at, in bytes.
const LONGEST: usize = 512;

/// The cursor of the place behind `last`.
pub fn encode(last: &str) -> String {
    URL_SAFE_NO_PAD.encode(last)
}

/// The place that a cursor names; `None` when it is not one of ours.
pub fn decode(cursor: &str) -> Option<String> {
    if cursor.is_empty() || cursor.len() > LONGEST {
        return None;
    }
    String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::fuzz_invariants;

    proptest! {
        #[test]
        fn mg8_what_is_read_is_what_was_handed_out(text in "[A-Za-z0-9_=/+-]{0,24}|\\PC{0,24}") {
            fuzz_invariants::cursor::check(text.as_bytes());
        }
    }
}
