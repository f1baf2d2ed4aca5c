//! The pieces of RFC 9110's grammar that several parsers of header values need.

/// `tchar` (RFC 9110 section 5.6.2): what names of schemes, types and parameters are made of.
pub(crate) const fn is_tchar(byte: u8) -> bool {
    matches!(byte, b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~')
        || byte.is_ascii_alphanumeric()
}

/// `OWS` is SP and HTAB alone (RFC 9110 section 5.6.3); `trim_ascii` would take line ends too.
pub(crate) const fn is_ows(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// `text` without the white space before it.
pub(crate) fn trim_ows_start(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text
        && is_ows(*first)
    {
        text = rest;
    }
    text
}

/// `text` without the white space around it.
pub(crate) fn trim_ows(text: &[u8]) -> &[u8] {
    let mut text = trim_ows_start(text);
    while let [rest @ .., last] = text
        && is_ows(*last)
    {
        text = rest;
    }
    text
}

/// [`is_tchar`] of each byte: headers are looked through byte by byte.
#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler, which would refuse an index that is out of bounds")]
static TCHARS: [bool; 256] = {
    let (mut table, mut byte) = ([false; 256], 0_u8);
    while byte < 0x7f {
        table[byte as usize] = is_tchar(byte);
        byte += 1;
    }
    table
};

/// The longest token that `text` begins with, possibly empty, and what follows it.
pub(crate) fn split_token(text: &[u8]) -> (&[u8], &[u8]) {
    let length = text.iter().take_while(|&&b| TCHARS.get(usize::from(b)).is_some_and(|is_tchar| *is_tchar)).count();
    text.split_at_checked(length).unwrap_or((text, &[]))
}
