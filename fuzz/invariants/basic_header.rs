//! `oauth::basic`.

use claviger::oauth::basic::{BasicError, parse};

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Checks a header value, the header that has these bytes inside its base64, and what a client would send who has them
/// for its id and secret.
pub fn check(data: &[u8]) {
    check_header(data);
    let token = encode_base64(data);
    check_header(format!("Basic {token}").as_bytes());
    check_header(format!("Basic {}", token.trim_end_matches('=')).as_bytes());

    let visible: String = data.iter().map(|b| char::from(b' ' + b % 95)).collect();
    let at = 1 + data.first().map_or(0, |&b| usize::from(b)).min(visible.len().saturating_sub(1)).min(255);
    if let Some((client_id, client_secret)) = visible.split_at_checked(at) {
        let client_secret = &client_secret[..client_secret.len().min(1024)];
        check_round_trip(client_id, client_secret, data.iter().fold(7, |hash, &b| hash * 31 % 0xffff_fffb + u64::from(b)));
    }
}

fn check_header(header: &[u8]) {
    let expected = naive(header);
    match parse(header) {
        Ok(credentials) => {
            let read = (credentials.client_id, credentials.client_secret.to_string());
            assert_eq!(Some(&read), expected.as_ref());
            check_round_trip(&read.0, &read.1, header.len() as u64);
        }
        Err(error) => {
            assert_eq!(expected, None);
            let is_basic = header.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"basic"))
                && !header.get(5).is_some_and(|&b| is_tchar(char::from(b)));
            let expected = match (naive_has_several(header, is_basic), is_basic) {
                (true, _) => BasicError::SeveralCredentials,
                (false, true) => BasicError::Malformed,
                (false, false) => BasicError::OtherScheme,
            };
            assert_eq!(error, expected);
        }
    }
}

/// Encodes a pair as a client would, in one of many legal spellings, and reads it back.
pub fn check_round_trip(client_id: &str, client_secret: &str, mut spelling: u64) {
    let mut choose = |of: u64| {
        spelling = spelling.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (spelling >> 33) % of
    };
    let mut spell = |text: &str, is_id: bool| -> String {
        text.bytes()
            .map(|b| match (b, choose(3)) {
                (b' ', 0) => "+".to_owned(),
                (b'%' | b'+', 0) => format!("%{b:02X}"),
                (b':', 0) if is_id => "%3a".to_owned(),
                (b, 0) => char::from(b).to_string(),
                (b, 1) => format!("%{b:02X}"),
                (b, _) => format!("%{b:02x}"),
            })
            .collect()
    };
    let user_pass = format!("{}:{}", spell(client_id, true), spell(client_secret, false));
    let mut token = encode_base64(user_pass.as_bytes());
    if choose(2) == 0 {
        token.truncate(token.trim_end_matches('=').len());
    }
    let scheme = ["Basic", "basic", "BASIC", "bAsIc"][choose(4) as usize];
    let header = format!("{scheme}{}{token}", " ".repeat(1 + choose(3) as usize));
    let credentials = parse(header.as_bytes()).unwrap();
    assert_eq!((credentials.client_id.as_str(), credentials.client_secret.as_str()), (client_id, client_secret), "{header}");
    assert_eq!(format!("{credentials:?}"), "BasicCredentials([redacted])");
}

/// RFC 7617, then RFC 6749 appendix B, over strings of bits.
fn naive(header: &[u8]) -> Option<(String, String)> {
    let header = str::from_utf8(header).ok()?;
    let (scheme, token) = header.split_once(' ')?;
    if scheme.to_lowercase() != "basic" || !scheme.is_ascii() {
        return None;
    }
    let token = token.trim_start_matches(' ');
    let bare = token.trim_end_matches('=');
    if token != bare && (token.len() % 4 != 0 || token.len() - bare.len() > 2) {
        return None;
    }
    let mut bits = Vec::new();
    for c in bare.bytes() {
        let sextet = ALPHABET.bytes().position(|a| a == c)?;
        bits.extend((0..6).rev().map(|at| sextet >> at & 1));
    }
    let stray = bits.split_off(bits.len() - bits.len() % 8);
    if stray.len() == 6 || stray.contains(&1) {
        return None;
    }
    let bytes = bits.chunks(8).map(|byte| byte.iter().fold(0, |value, &bit| value << 1 | bit as u8)).collect();
    let text = String::from_utf8(bytes).ok()?;
    let (client_id, client_secret) = text.split_once(':')?;
    let (client_id, client_secret) = (naive_form_decode(client_id)?, naive_form_decode(client_secret)?);
    (1..=256).contains(&client_id.len()).then_some(())?;
    (client_secret.len() <= 1024).then_some((client_id, client_secret))
}

fn naive_form_decode(text: &str) -> Option<String> {
    let mut pieces = text.split('%');
    let mut decoded = pieces.next()?.replace('+', " ");
    for piece in pieces {
        let digits = piece.get(..2).filter(|digits| digits.chars().all(|c| c.is_ascii_hexdigit()))?;
        decoded.push(char::from(u8::from_str_radix(digits, 16).unwrap()));
        decoded.push_str(&piece[2..].replace('+', " "));
    }
    decoded.chars().all(|c| (' '..='~').contains(&c)).then_some(decoded)
}

/// Whether another credential is joined by a comma. With quoted strings out of the way, what follows a comma is a
/// parameter when it is `name=…`, and a credential when it is a scheme, alone or with something behind a space.
fn naive_has_several(header: &[u8], is_basic: bool) -> bool {
    let text: String = header.iter().map(|&b| char::from(b)).collect();
    if is_basic {
        return text.split(',').skip(1).any(|member| !member.trim_matches([' ', '\t']).is_empty());
    }
    let mut unquoted = String::new();
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        unquoted.push(c);
        if c == '"' {
            loop {
                match characters.next() {
                    Some('\\') => _ = characters.next(),
                    Some('"') | None => break,
                    Some(_) => {}
                }
            }
        }
    }
    unquoted.split(',').skip(1).any(|member| {
        let member = member.trim_matches([' ', '\t']);
        let (scheme, rest) = member.split_once(' ').unwrap_or((member, ""));
        !scheme.is_empty() && scheme.chars().all(is_tchar) && !rest.trim_start_matches([' ', '\t']).starts_with('=')
    })
}

fn encode_base64(bytes: &[u8]) -> String {
    let mut token = String::new();
    for three in bytes.chunks(3) {
        let mut bits: Vec<u8> = three.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1)).collect();
        bits.resize(bits.len().next_multiple_of(6), 0);
        for six in bits.chunks(6) {
            let sextet = six.iter().fold(0, |value, &bit| value << 1 | usize::from(bit));
            token.push(char::from(ALPHABET.as_bytes()[sextet]));
        }
        token.push_str(&"=".repeat(3 - three.len()));
    }
    token
}

fn is_tchar(c: char) -> bool {
    c.is_ascii_graphic() && !"\"(),/:;<=>?@[\\]{}".contains(c)
}
