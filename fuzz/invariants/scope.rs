//! `oauth::scope_parameter`.

use std::collections::BTreeSet;

use claviger::oauth::scope_parameter::{ScopeParameterError, parse};

/// Checks one value.
pub fn check(value: &[u8]) {
    let tokens: Vec<&[u8]> = value.split(|&b| b == b' ').collect();
    let is_token = |token: &&[u8]| {
        !token.is_empty() && token.len() <= 128 && token.iter().all(|&b| b > b' ' && b < 0x7f && b != b'"' && b != b'\\')
    };
    match parse(value) {
        Ok(names) => {
            assert!(value.len() <= 4096 && tokens.len() <= 100 && tokens.iter().all(is_token));
            let expected: BTreeSet<&[u8]> = tokens.into_iter().collect();
            assert!(names.iter().map(|name| name.as_bytes()).eq(expected));
            assert_eq!(parse(names.join(" ").as_bytes()), Ok(names));
        }
        Err(ScopeParameterError::TooLong) => assert!(value.len() > 4096 || tokens.len() > 100),
        Err(ScopeParameterError::Malformed) => assert!(!tokens.iter().all(is_token)),
    }
}
