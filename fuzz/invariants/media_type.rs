//! `oauth::media_type`.

use claviger::oauth::media_type::is_form;

/// Checks one `Content-Type`.
pub fn check(value: &[u8]) {
    assert_eq!(is_form(value), naive(value), "{:?}", String::from_utf8_lossy(value));
}

/// Latin-1, so that every byte is one character; then cut at the semicolons outside quotes.
fn naive(value: &[u8]) -> bool {
    let text: String = value.iter().map(|&b| char::from(b)).collect();
    let ows = |c: char| c == ' ' || c == '\t';
    let mut parts = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for c in text.trim_matches(ows).chars() {
        if c == ';' && !quoted {
            parts.push(String::new());
            continue;
        }
        if escaped {
            escaped = false;
        } else if c == '"' {
            quoted = !quoted;
        } else if c == '\\' && quoted {
            escaped = true;
        }
        parts.last_mut().unwrap().push(c);
    }
    if quoted || !parts[0].trim_end_matches(ows).eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return false;
    }
    parts[1..].iter().all(|part| {
        let part = part.trim_matches(ows);
        if part.is_empty() {
            return true;
        }
        let Some((name, value)) = part.split_once('=') else { return false };
        let Some(value) = naive_value(value) else { return false };
        is_token(name) && (!name.eq_ignore_ascii_case("charset") || value.eq_ignore_ascii_case("utf-8"))
    })
}

fn naive_value(text: &str) -> Option<String> {
    if is_token(text) {
        return Some(text.to_owned());
    }
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    let mut value = String::new();
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        let c = match c {
            '"' => return None,
            '\\' => characters.next()?,
            c => c,
        };
        if (c < ' ' && c != '\t') || c == '\u{7f}' {
            return None;
        }
        value.push(c);
    }
    Some(value)
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c > ' ' && c < '\u{7f}' && !"\"(),/:;<=>?@[\\]{}".contains(c))
}
