//! The session's cookie among the others that a browser sends (RFC 6265 section 5.4).

use crate::domain::session::SessionToken;

/// `__Host-`: browsers take it only over TLS (or from this machine), for this host alone and every path, so that no
/// sister domain can plant one (RFC 6265bis section 4.1.3.2).
pub const NAME: &str = "__Host-claviger_session";

/// Why a request has no session, though it has such a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadCookie {
    /// More than one: a sign that somebody has planted one.
    Several,
    /// Not of the form of a session's token, so nobody's.
    Malformed,
}

/// The token in the lines of the header `Cookie`; `None` when there is no such cookie, or an empty one.
///
/// # Errors
/// [`BadCookie`].
pub fn read<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Result<Option<SessionToken>, BadCookie> {
    let mut found = None;
    for pair in lines.into_iter().flat_map(|line| line.split(|&b| b == b';')) {
        let Some((name, value)) = str::from_utf8(pair).ok().and_then(|pair| pair.trim().split_once('=')) else { continue };
        if name == NAME && found.replace(value).is_some() {
            return Err(BadCookie::Several);
        }
    }
    match found {
        None | Some("") => Ok(None),
        Some(text) => SessionToken::parse(text).map(Some).ok_or(BadCookie::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::NAME;
    use crate::fuzz_invariants;

    proptest! {
        #[test]
        fn mg5_a_cookie_is_read_as_a_second_reader_does(
            pairs in proptest::collection::vec((0..4_usize, "(ses_)?[0-9A-Za-z]{42,44}|[ -~]{0,8}", "[; \t\n]{1,3}"), 0..4),
        ) {
            let names = [NAME, "claviger_session", "__host-claviger_session", " "];
            let lines: String = pairs.iter().map(|(name, value, end)| format!("{}={value}{end}", names[*name])).collect();
            fuzz_invariants::session_cookie::check(lines.as_bytes());
        }
    }
}
