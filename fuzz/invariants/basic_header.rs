//! `oauth::basic`.

use claviger::oauth::basic::{BasicError, parse};

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Checks one header value, and what a client would send that encodes these bytes.
pub(crate) fn check(header: &[u8]) {
    let expected = naive(header);
    match parse(header) {
        Ok(credentials) => {
            let read = (credentials.client_id, credentials.client_secret.to_string());
            assert_eq!(Some(&read), expected.as_ref());
            check_round_trip(&read.0, &read.1, header.len() as u64);
        }
        Err(error) => {
            assert_eq!(expected, None);
            let is_basic = header.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"basic"));
            match error {
                BasicError::OtherScheme => assert!(!is_basic || header.len() > 5 && is_tchar(header[5])),
                BasicError::SeveralCredentials => assert!(header.contains(&b',')),
                BasicError::Malformed => assert!(is_basic),
            }
        }
    }

    let visible: String = header.iter().map(|b| char::from(b' ' + b % 95)).collect();
    let at = 1 + header.first().map_or(0, |&b| usize::from(b)).min(visible.len().saturating_sub(1)).min(255);
    if let Some((client_id, client_secret)) = visible.split_at_checked(at) {
        let client_secret = &client_secret[..client_secret.len().min(1024)];
        check_round_trip(client_id, client_secret, header.iter().fold(7, |hash, &b| hash * 31 % 0xffff_fffb + u64::from(b)));
    }
}

/// Encodes a pair as a client would, in one of many legal spellings, and reads it back.
pub(crate) fn check_round_trip(client_id: &str, client_secret: &str, mut spelling: u64) {
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
    let mut token = String::new();
    for three in user_pass.as_bytes().chunks(3) {
        let bits: String = three.iter().map(|b| format!("{b:08b}")).collect();
        for six in bits.as_bytes().chunks(6) {
            let six = format!("{:0<6}", str::from_utf8(six).unwrap());
            token.push(char::from(ALPHABET.as_bytes()[usize::from_str_radix(&six, 2).unwrap()]));
        }
    }
    if choose(2) == 0 {
        while !token.len().is_multiple_of(4) {
            token.push('=');
        }
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
    let mut bits = String::new();
    for c in bare.chars() {
        bits.push_str(&format!("{:06b}", ALPHABET.find(c)?));
    }
    let stray = bits.split_off(bits.len() - bits.len() % 8);
    if stray.len() == 6 || stray.contains('1') {
        return None;
    }
    let bytes: Vec<u8> =
        bits.as_bytes().chunks(8).map(|byte| u8::from_str_radix(str::from_utf8(byte).unwrap(), 2).unwrap()).collect();
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

fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]{}".contains(&byte)
}
