//! `crypto::foreign_hash`.

use claviger::crypto::foreign_hash::{ForeignHash, MAX_BCRYPT_COST, MAX_HASH_BYTES, MAX_PBKDF2_ITERATIONS};

use super::base64::{self, BCRYPT, STANDARD};

/// Checks the text of a hash.
pub fn check(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let expected = if text.len() > MAX_HASH_BYTES { None } else { naive(text) };
    match text.parse::<ForeignHash>() {
        Ok(hash) => {
            let shown = format!("{hash:?}");
            assert_eq!(Some(shown.as_str()), expected, "{text:?}");
            assert_eq!(hash.is_slow(), shown.contains("PBKDF2") || shown.contains("bcrypt"));
            // What no client can send is never right, and is told so at once.
            assert!(!hash.matches(b"") && !hash.matches(b"\0") && !hash.matches("ä".as_bytes()));
        }
        Err(invalid) => {
            assert_eq!(expected, None, "{text:?}: {invalid}");
            // It may be a secret, put there by mistake; words that are told of any text are none of it.
            let told_of_another = "no hash".parse::<ForeignHash>().unwrap_err().to_string();
            assert!(text.len() < 12 || told_of_another.contains(text) || !invalid.to_string().contains(text), "{invalid}");
        }
    }
}

fn naive(text: &str) -> Option<&'static str> {
    if let Some(rest) = text.strip_prefix("$pbkdf2-") {
        return naive_phc(rest);
    }
    if text.starts_with('$') {
        return naive_bcrypt(text);
    }
    let bytes = base64::decode_padded(text)?;
    match bytes.len() {
        32 => return Some("ForeignHash(SHA-256 [redacted])"),
        64 => return Some("ForeignHash(SHA-512 [redacted])"),
        0..13 => return None,
        _ => {}
    }
    let number = |at: usize| bytes[at..at + 4].iter().fold(0_u64, |number, byte| number * 256 + u64::from(*byte));
    let (prf, iterations, salt) = (number(1), number(5), number(9));
    let subkey = (bytes.len() as u64 - 13).checked_sub(salt)?;
    if bytes[0] == 1 && prf <= 2 { naive_pbkdf2(iterations, salt, subkey) } else { None }
}

fn naive_phc(rest: &str) -> Option<&'static str> {
    let parts: Vec<&str> = rest.split('$').collect();
    let [prf, parameters, salt, subkey] = parts.as_slice() else { return None };
    if !["sha1", "sha256", "sha512"].contains(prf) {
        return None;
    }
    let number = |text: &str| -> Option<u64> {
        // What does not fit into 32 bits is no number here.
        text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten().filter(|n| *n <= u64::from(u32::MAX))
    };
    let (mut iterations, mut length) = (Vec::new(), Vec::new());
    for parameter in parameters.split(',') {
        match parameter.split_once('=')? {
            ("i", digits) => iterations.push(number(digits)?),
            ("l", digits) => length.push(number(digits)?),
            _ => return None,
        }
    }
    let decode = |text: &str| match text.trim_end_matches('=') {
        digits if text.len() == digits.len() => base64::decode(digits, STANDARD, false),
        _ => base64::decode_padded(text),
    };
    let (salt, subkey) = (decode(salt)?.len() as u64, decode(subkey)?.len() as u64);
    if length.len() > 1 || length.iter().any(|length| *length != subkey) || iterations.len() != 1 {
        return None;
    }
    naive_pbkdf2(iterations[0], salt, subkey)
}

fn naive_pbkdf2(iterations: u64, salt: u64, subkey: u64) -> Option<&'static str> {
    let fits =
        (1..=u64::from(MAX_PBKDF2_ITERATIONS)).contains(&iterations) && (8..=128).contains(&salt) && (16..=64).contains(&subkey);
    fits.then_some("ForeignHash(PBKDF2 [redacted])")
}

fn naive_bcrypt(text: &str) -> Option<&'static str> {
    // Prefix, cost, and 53 digits: 22 of salt, 31 of hash.
    if text.len() != 60 || !text.is_ascii() || !["$2a$", "$2b$", "$2y$"].contains(&&text[..4]) || &text[6..7] != "$" {
        return None;
    }
    let cost: u32 = text[4..6].bytes().all(|b| b.is_ascii_digit()).then(|| text[4..6].parse().ok()).flatten()?;
    base64::decode(&text[7..29], BCRYPT, true)?;
    base64::decode(&text[29..], BCRYPT, true)?;
    (4..=MAX_BCRYPT_COST).contains(&cost).then_some("ForeignHash(bcrypt [redacted])")
}
