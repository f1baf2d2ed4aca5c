//! How random bits are spelled where they are a secret of people: a prefix that tells what it is, and base62.

use zeroize::Zeroizing;

use super::client_secret::push_base62;

/// Enough digits for 256 bits.
const DIGITS: usize = 43;

/// Spells 256 random bits.
pub(super) fn spell(prefix: &str, bytes: &[u8; 32]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(prefix.len() + DIGITS));
    text.push_str(prefix);
    push_base62(&mut text, Zeroizing::new(*bytes).as_mut_slice(), DIGITS);
    text
}

/// Whether `text` has that form.
pub(super) fn has_form(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| rest.len() == DIGITS && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
}
