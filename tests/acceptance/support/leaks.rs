//! Looks for secrets where none may be: logs, tables, write-ahead logs. Whatever any test has made is found, because an
//! API secret can be told by its own checksum: in the clear, percent-encoded, in base64 and in hexadecimal.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

const PREFIX: &[u8] = b"clv_";
/// Characters of a secret, prefix included.
const LENGTH: usize = 53;

/// Fails when `bytes` hold an API secret or an access token.
#[track_caller]
pub(crate) fn assert_none(bytes: &[u8], place: &str) {
    if let Some(found) = find(bytes) {
        panic!("{place} holds {found}");
    }
}

fn find(bytes: &[u8]) -> Option<&'static str> {
    if holds_secret(bytes) {
        return Some("an API secret");
    }
    for run in runs(bytes, |b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_')) {
        if holds_secret_in_base64(run) {
            return Some("an API secret in base64");
        }
    }
    for run in runs(bytes, |b| b.is_ascii_hexdigit()) {
        if holds_secret_in_hex(run) {
            return Some("an API secret in hexadecimal");
        }
    }
    if holds_secret_of_people(bytes) {
        return Some("a session's or a link's token");
    }
    if holds_webhook_secret(bytes) {
        return Some("a webhook's secret");
    }
    holds_token(bytes).then_some("an access token")
}

/// `whsec_` and the base64 of 32 bytes.
fn holds_webhook_secret(bytes: &[u8]) -> bool {
    let base64 = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    bytes.windows(6 + 43).any(|window| window.starts_with(b"whsec_") && window[6..].iter().all(base64))
}

fn holds_secret(bytes: &[u8]) -> bool {
    let spelled = bytes.windows(LENGTH).any(|w| w.starts_with(PREFIX) && is_secret(w));
    // `clv%5F…`
    spelled
        || bytes
            .windows(LENGTH + 2)
            .any(|w| w.to_ascii_lowercase().starts_with(b"clv%5f") && is_secret(&[PREFIX, &w[6..]].concat()))
}

/// `ses_…` and `lnk_…`: what cookies and links in mails hold.
fn holds_secret_of_people(bytes: &[u8]) -> bool {
    let is_one = |w: &[u8]| (w.starts_with(b"ses_") || w.starts_with(b"lnk_")) && w[4..].iter().all(u8::is_ascii_alphanumeric);
    bytes.windows(47).any(is_one)
}

/// Prefix, alphabet and length; the checksum would only spare this test a false alarm that never comes.
fn is_secret(text: &[u8]) -> bool {
    text.len() == LENGTH && text[PREFIX.len()..].iter().all(u8::is_ascii_alphanumeric)
}

fn holds_secret_in_base64(run: &[u8]) -> bool {
    let plain: Vec<u8> = run
        .iter()
        .map(|b| {
            if *b == b'-' {
                b'+'
            } else if *b == b'_' {
                b'/'
            } else {
                *b
            }
        })
        .collect();
    (0..4).any(|start| {
        let mut text = plain[start.min(plain.len())..].to_vec();
        text.resize(text.len().next_multiple_of(4), b'A');
        STANDARD_NO_PAD.decode(text).is_ok_and(|decoded| decoded.windows(LENGTH).any(|w| w.starts_with(PREFIX) && is_secret(w)))
    })
}

fn holds_secret_in_hex(run: &[u8]) -> bool {
    let needle = PREFIX.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let text = String::from_utf8_lossy(run).to_ascii_lowercase();
    text.match_indices(&needle).any(|(at, _)| {
        let digits: Vec<u8> = text[at..].bytes().take(2 * LENGTH).collect();
        let decoded: Vec<u8> =
            digits.chunks_exact(2).filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect();
        is_secret(&decoded)
    })
}

/// The header of every token begins alike; three segments and a signature of some length follow.
fn holds_token(bytes: &[u8]) -> bool {
    bytes.windows(3).enumerate().filter(|(_, w)| *w == b"eyJ").any(|(at, _)| {
        let run: Vec<u8> = bytes[at..]
            .iter()
            .copied()
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
            .take(4_096)
            .collect();
        let segments: Vec<&[u8]> = run.split(|b| *b == b'.').collect();
        matches!(segments[..], [header, claims, signature, ..] if header.len() > 20 && claims.starts_with(b"eyJ") && signature.len() > 60)
    })
}

/// The stretches of at least 70 bytes that `belongs` allows.
fn runs(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> impl Iterator<Item = &[u8]> {
    bytes.split(move |b| !belongs(*b)).filter(|run| run.len() >= 70)
}

#[test]
fn a_secret_is_found_in_every_spelling() {
    let secret = format!("clv_{}", "a1B2".repeat(13))[..LENGTH].to_owned();
    let hex: String = secret.bytes().map(|b| format!("{b:02X}")).collect();
    let spellings = [
        secret.clone(),
        secret.replace('_', "%5F"),
        hex,
        STANDARD_NO_PAD.encode(format!("key_x:{secret}")),
        STANDARD_NO_PAD.encode(format!("xkey_x:{secret}")),
        STANDARD_NO_PAD.encode(format!("xykey_x:{secret}")),
    ];
    for spelling in &spellings {
        assert!(find(format!("before \"{spelling}\" after").as_bytes()).is_some(), "{spelling}");
    }
    let token = format!("eyJ{}.eyJ{}.{}", "a".repeat(40), "b".repeat(100), "c".repeat(86));
    assert!(find(token.as_bytes()).is_some());
    assert!(find(format!("whsec_{}=", "aB3/".repeat(11)).as_bytes()).is_some());
    for harmless in ["clv_...x4f2", "whsec_...Ab1=", "nothing", &secret[..50], "eyJhbGciOiJSUzI1NiJ9"] {
        assert!(find(harmless.as_bytes()).is_none(), "{harmless}");
    }
}
