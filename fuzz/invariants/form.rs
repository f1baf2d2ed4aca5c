//! `oauth::form`.

use claviger::oauth::form::{Form, FormError, Repeated};

/// Checks one body.
pub fn check(body: &[u8]) {
    let pairs = naive_pairs(body);
    let is_long = |(name, value): &(Decoded, Decoded)| name.bytes.len() > 4096 || value.bytes.len() > 4096;
    match Form::parse(body) {
        Ok(form) => {
            assert!(pairs.len() <= 64 && !pairs.iter().any(is_long));
            assert!(pairs.iter().all(|(name, value)| !name.is_bad && !value.is_bad));
            let read: Vec<_> = form.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
            let expected: Vec<_> = pairs.into_iter().map(|(name, value)| (name.bytes, value.bytes)).collect();
            assert_eq!(read, expected);
            check_look_ups(&form, &read);
            check_round_trip(&read);
        }
        Err(FormError::TooManyParameters) => assert!(pairs.len() > 64),
        Err(FormError::ValueTooLong) => assert!(pairs.iter().any(is_long)),
        Err(FormError::BadEscape) => assert!(pairs.iter().any(|(name, value)| name.is_bad || value.is_bad)),
    }
}

fn check_look_ups(form: &Form<'_>, pairs: &[(Vec<u8>, Vec<u8>)]) {
    let names = pairs.iter().filter_map(|(name, _)| str::from_utf8(name).ok());
    for name in names.chain(["grant_type", ""]) {
        let sent: Vec<&[u8]> = pairs.iter().filter(|(n, _)| n == name.as_bytes()).map(|(_, value)| value.as_slice()).collect();
        let expected = match sent.as_slice() {
            [] | [[]] => Ok(None),
            [value] => Ok(Some(*value)),
            _ => Err(Repeated),
        };
        assert_eq!(form.one(name), expected);
        let mut values = sent;
        values.retain(|value| !value.is_empty());
        assert_eq!(form.all(name).collect::<Vec<_>>(), values);
    }
}

/// Parsed, spelled with every byte escaped or only the special ones, and parsed again: the same.
fn check_round_trip(pairs: &[(Vec<u8>, Vec<u8>)]) {
    for is_literal in [|_: u8| false, |b: u8| !b"&=%+ ".contains(&b)] {
        let spell = |bytes: &[u8]| -> Vec<u8> {
            bytes.iter().flat_map(|&b| if is_literal(b) { vec![b] } else { format!("%{b:02X}").into_bytes() }).collect()
        };
        let spelled: Vec<Vec<u8>> =
            pairs.iter().map(|(name, value)| [spell(name), b"=".to_vec(), spell(value)].concat()).collect();
        let body = spelled.join(&b'&');
        let form = Form::parse(&body).unwrap();
        assert!(form.iter().eq(pairs.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))));
    }
}

struct Decoded {
    bytes: Vec<u8>,
    is_bad: bool,
}

/// All pairs, without any limit; bad escapes are kept and marked.
fn naive_pairs(body: &[u8]) -> Vec<(Decoded, Decoded)> {
    let mut pairs = Vec::new();
    for pair in body.split(|&b| b == b'&') {
        if pair.is_empty() {
            continue;
        }
        let at = pair.iter().position(|&b| b == b'=').unwrap_or(pair.len());
        pairs.push((naive_decode(&pair[..at]), naive_decode(if at < pair.len() { &pair[at + 1..] } else { &[] })));
    }
    pairs
}

fn naive_decode(raw: &[u8]) -> Decoded {
    let digit = |at: usize| raw.get(at).and_then(|&b| char::from(b).to_digit(16));
    let mut decoded = Decoded { bytes: Vec::new(), is_bad: false };
    let mut at = 0;
    while at < raw.len() {
        match raw[at] {
            b'%' => match (digit(at + 1), digit(at + 2)) {
                (Some(high), Some(low)) => {
                    decoded.bytes.push((high * 16 + low) as u8);
                    at += 2;
                }
                _ => {
                    decoded.bytes.push(b'%');
                    decoded.is_bad = true;
                }
            },
            b'+' => decoded.bytes.push(b' '),
            byte => decoded.bytes.push(byte),
        }
        at += 1;
    }
    decoded
}
