//! The `scope` parameter: `scope-token *( SP scope-token )` (RFC 6749 section 3.3), no stray white space.

use std::fmt;

use crate::domain::scope::is_scope_token;

/// The most tokens of one parameter, repeated ones counted.
pub const MAX_SCOPE_TOKENS: usize = 100;

/// The longest parameter, in bytes.
pub const MAX_SCOPE_PARAMETER_BYTES: usize = 4096;

/// Why a value is not a list of scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeParameterError {
    /// The grammar is broken, or a token is longer than a scope's name can be.
    Malformed,
    /// More than [`MAX_SCOPE_TOKENS`], or more than [`MAX_SCOPE_PARAMETER_BYTES`].
    TooLong,
}

impl fmt::Display for ScopeParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "scope names with one space between them are expected",
            Self::TooLong => "more than 100 scope names, or more than 4096 bytes",
        })
    }
}

impl std::error::Error for ScopeParameterError {}

/// Reads the names, in their order (by byte), each once. An empty value is malformed: the form counts it as omitted.
///
/// # Errors
/// See [`ScopeParameterError`].
pub fn parse(value: &[u8]) -> Result<Vec<&str>, ScopeParameterError> {
    if value.len() > MAX_SCOPE_PARAMETER_BYTES {
        return Err(ScopeParameterError::TooLong);
    }
    let text = str::from_utf8(value).map_err(|_| ScopeParameterError::Malformed)?;
    let mut names = Vec::new();
    for name in text.split(' ') {
        if !is_scope_token(name.as_bytes()) {
            return Err(ScopeParameterError::Malformed);
        }
        if names.len() == MAX_SCOPE_TOKENS {
            return Err(ScopeParameterError::TooLong);
        }
        names.push(name);
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz_invariants;
    use proptest::prelude::*;
    use std::time::{Duration, Instant};

    #[test]
    fn sc5_names_with_one_space_between_them() {
        assert_eq!(parse(b"payments:read fx"), Ok(vec!["fx", "payments:read"]));
        assert_eq!(parse(b"!"), Ok(vec!["!"]));
        assert_eq!(parse(b"https://x/y #[]~"), Ok(vec!["#[]~", "https://x/y"]));
    }

    #[test]
    fn sc5_what_the_grammar_does_not_have_is_refused() {
        for bad in [
            "",
            " ",
            " a",
            "a ",
            "a  b",
            "a\tb",
            "a\nb",
            "a\r\n",
            "\"a\"",
            "a\\b",
            "\u{0}",
            "a\u{7f}",
            "é",
            "\u{fffd}",
            "a\u{a0}b",
            "a\u{2028}b",
        ] {
            assert_eq!(parse(bad.as_bytes()), Err(ScopeParameterError::Malformed), "{bad:?}");
        }
        assert_eq!(parse(b"a \xff"), Err(ScopeParameterError::Malformed));
        for byte in 0_u8..=0xff {
            assert_eq!(
                parse(&[b'a', byte, b'b']).is_ok(),
                byte == b' ' || matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e),
                "{byte:#x}"
            );
        }
    }

    #[test]
    fn sc6_repeated_names_are_one() {
        assert_eq!(parse(b"a a"), Ok(vec!["a"]));
        assert_eq!(parse(b"b a B b a"), Ok(vec!["B", "a", "b"]));
    }

    #[test]
    fn sc6_at_most_100_tokens_and_4096_bytes() {
        let list = |count: usize, name: &str| vec![name; count].join(" ");
        assert_eq!(parse(list(100, "a").as_bytes()), Ok(vec!["a"]));
        assert_eq!(parse(list(101, "a").as_bytes()), Err(ScopeParameterError::TooLong));
        let name = "a".repeat(128);
        let fits = format!("{} {}", list(31, &name), "b".repeat(97));
        assert_eq!((fits.len(), parse(fits.as_bytes()).map(|names| names.len())), (4096, Ok(2)));
        assert_eq!(parse(format!("{fits}b").as_bytes()), Err(ScopeParameterError::TooLong));
        assert_eq!(parse("a".repeat(129).as_bytes()), Err(ScopeParameterError::Malformed));
    }

    #[test]
    fn sc6_four_kibibytes_are_answered_at_once() {
        let distinct = (0..100).map(|i| format!("{i:039}")).collect::<Vec<_>>().join(" ");
        for value in ["a".repeat(4096), "a ".repeat(2048), " ".repeat(4096), distinct, "a".repeat(1 << 20)] {
            let fastest = (0..20).map(|_| {
                let start = Instant::now();
                let _ = std::hint::black_box(parse(value.as_bytes()));
                start.elapsed()
            });
            assert!(fastest.min() < Some(Duration::from_millis(1)));
        }
    }

    proptest! {
        #[test]
        fn sc5_reading_agrees_with_a_naive_reader(value in proptest::collection::vec(any::<u8>(), 0..80)) {
            fuzz_invariants::scope::check(&value);
        }

        #[test]
        fn sc5_reading_agrees_with_a_naive_reader_on_what_looks_like_scopes(value in "([!-~]{1,3}|a{120,130}|[ \t\"é]| [ab] ?){0,110}") {
            fuzz_invariants::scope::check(value.as_bytes());
        }

        #[test]
        fn sc6_lists_of_names_are_read(mut names in proptest::collection::vec("[!#-\\[\\]-~]{1,20}", 1..=100)) {
            let value = names.join(" ");
            names.sort();
            names.dedup();
            prop_assert_eq!(parse(value.as_bytes()).unwrap(), names);
        }
    }
}
