//! `Authorization: Basic`, by RFC 6749 section 2.3.1: base64 of `form(client_id) ":" form(client_secret)`.
//!
//! In order: the scheme, a second credential behind a comma, base64, the first colon, then each half form-decoded and
//! held to appendix A's `VSCHAR`. Whether anyone has such a secret is not known here.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use zeroize::Zeroizing;

use super::form::decoded_bytes;
use super::http_grammar::{is_ows, split_token, trim_ows, trim_ows_start};

/// The longest client id that is read, decoded, in bytes.
pub const MAX_CLIENT_ID_BYTES: usize = 256;

/// The longest client secret that is read, decoded, in bytes.
pub const MAX_CLIENT_SECRET_BYTES: usize = 1024;

/// Every byte spelled `%41`, and the colon. Longer input can't fit and is refused before it costs anything.
const MAX_USER_PASS_BYTES: usize = 3 * (MAX_CLIENT_ID_BYTES + MAX_CLIENT_SECRET_BYTES) + 1;

/// What a client says it is and knows. Both are visible ASCII and spaces; the id is not empty, the secret may be.
pub struct BasicCredentials {
    /// As sent; whether it names a key is not known here.
    pub client_id: String,
    /// In the clear, erased when dropped.
    pub client_secret: Zeroizing<String>,
}

impl fmt::Debug for BasicCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BasicCredentials([redacted])")
    }
}

/// Why an `Authorization` header gives no credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BasicError {
    /// Another scheme than `Basic`.
    OtherScheme,
    /// A second credential behind a comma, as intermediaries join two headers: two ways of authentication at once.
    SeveralCredentials,
    /// Anything else that is wrong.
    Malformed,
}

impl fmt::Display for BasicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherScheme => "another scheme than Basic",
            Self::SeveralCredentials => "several credentials in one header",
            Self::Malformed => "malformed Basic credentials",
        })
    }
}

impl std::error::Error for BasicError {}

/// Reads the value of an `Authorization` header, without white space around it.
///
/// # Errors
/// See [`BasicError`]; several credentials are named before anything else that may be wrong.
pub fn parse(header: &[u8]) -> Result<BasicCredentials, BasicError> {
    let (scheme, rest) = split_token(header);
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return Err(if has_second_credential(header) { BasicError::SeveralCredentials } else { BasicError::OtherScheme });
    }
    if holds_a_second_member(rest) {
        return Err(BasicError::SeveralCredentials);
    }
    parse_token68(rest).ok_or(BasicError::Malformed)
}

fn parse_token68(rest: &[u8]) -> Option<BasicCredentials> {
    let mut token = rest.strip_prefix(b" ")?;
    while let Some(behind) = token.strip_prefix(b" ") {
        token = behind;
    }
    let user_pass = decode_base64(token)?;
    let mut halves = user_pass.splitn(2, |&b| b == b':');
    let client_id = decode_half(halves.next()?, MAX_CLIENT_ID_BYTES)?;
    let client_secret = decode_half(halves.next()?, MAX_CLIENT_SECRET_BYTES)?;
    if client_id.is_empty() {
        return None;
    }
    Some(BasicCredentials { client_id: client_id.to_string(), client_secret })
}

/// Standard alphabet; all of the padding or none; no stray bits behind the last byte.
fn decode_base64(token: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if token.len() > MAX_USER_PASS_BYTES.div_ceil(3) * 4 {
        return None;
    }
    // Sized up front: a buffer that grows would leave a copy behind.
    let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(token.len())]);
    let engine = if token.ends_with(b"=") { &STANDARD } else { &STANDARD_NO_PAD };
    let length = engine.decode_slice(token, &mut bytes).ok()?;
    bytes.truncate(length);
    Some(bytes)
}

/// Form-decodes one half.
fn decode_half(raw: &[u8], max_bytes: usize) -> Option<Zeroizing<String>> {
    if stands_for_itself(raw) {
        return str::from_utf8(raw).ok().filter(|text| text.len() <= max_bytes).map(|text| Zeroizing::new(text.to_owned()));
    }
    let mut text = Zeroizing::new(String::with_capacity(max_bytes.min(raw.len())));
    for byte in decoded_bytes(raw) {
        let byte = byte.ok().filter(|b| matches!(b, 0x20..=0x7e))?;
        if text.len() == max_bytes {
            return None;
        }
        text.push(char::from(byte));
    }
    Some(text)
}

/// Whether nothing has to be decoded or refused, as with every id and secret of this server. All bytes are looked at,
/// for this is quicker than stopping at the first.
fn stands_for_itself(raw: &[u8]) -> bool {
    raw.iter().fold(true, |so_far, b| so_far & matches!(b, 0x20..=0x7e) & (*b != b'%') & (*b != b'+'))
}

/// Behind `Basic`, where a comma can't belong to the credential: whether anything stands behind one.
fn holds_a_second_member(rest: &[u8]) -> bool {
    rest.contains(&b',')
        && rest
            .iter()
            .position(|&b| b == b',')
            .and_then(|at| rest.get(at..))
            .is_some_and(|behind| !behind.iter().all(|&b| b == b',' || is_ows(b)))
}

/// Under another scheme, where commas may also join parameters (`Digest a=b, c="d, e"`): whether one joins a credential.
fn has_second_credential(header: &[u8]) -> bool {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let mut members = header.split(|&b| {
        match b {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_quoted,
            b'"' => is_quoted = !is_quoted,
            b',' => return !is_quoted,
            _ => {}
        }
        false
    });
    members.next();
    members.any(|member| {
        let (scheme, rest) = split_token(trim_ows(member));
        !scheme.is_empty() && !trim_ows_start(rest).starts_with(b"=") && rest.first().is_none_or(|b| *b == b' ')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz_invariants;
    use proptest::prelude::*;

    fn header(user_pass: impl AsRef<[u8]>) -> String {
        format!("Basic {}", STANDARD.encode(user_pass))
    }

    #[track_caller]
    fn assert_reads(header: &str, client_id: &str, client_secret: &str) {
        let credentials = parse(header.as_bytes()).unwrap();
        assert_eq!((credentials.client_id.as_str(), credentials.client_secret.as_str()), (client_id, client_secret));
    }

    #[track_caller]
    fn assert_error(header: impl AsRef<[u8]>, error: BasicError) {
        let header = header.as_ref();
        assert_eq!(parse(header).unwrap_err(), error, "{:?}", String::from_utf8_lossy(header));
    }

    #[test]
    fn ca1_the_scheme_in_any_case_and_one_or_more_spaces() {
        for scheme in ["Basic ", "basic ", "BASIC ", "bAsIc  ", "Basic    "] {
            assert_reads(&format!("{scheme}a2V5OnNlY3JldA=="), "key", "secret");
        }
    }

    #[test]
    fn ca1_the_examples_of_rfc_6749() {
        assert_reads("Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW", "s6BhdRkqt3", "gX1fBat3bV");
        assert_reads("Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3", "s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw");
    }

    #[test]
    fn ca1_padded_and_unpadded_base64() {
        for (padded, secret) in [("azpz", "s"), ("azpzcw==", "ss"), ("azpzc3M=", "sss")] {
            assert_reads(&format!("Basic {padded}"), "k", secret);
            assert_reads(&format!("Basic {}", padded.trim_end_matches('=')), "k", secret);
        }
    }

    #[test]
    fn ca2_both_halves_are_form_decoded() {
        for user_pass in ["c%2B1+%25%26%3A:z%2Ft%2BZ%3A9+%25%3D", "c%2b1%20%25%26%3a:z/t%2bZ:9%20%25="] {
            assert_reads(&header(user_pass), "c+1 %&:", "z/t+Z:9 %=");
        }
    }

    #[test]
    fn ca2_the_first_colon_divides() {
        assert_reads(&header("id:a:b%3Ac"), "id", "a:b:c");
        assert_reads(&header("id::"), "id", ":");
        assert_reads(&header("id:"), "id", "");
        assert_reads(&header("a%3Ab:c"), "a:b", "c");
    }

    #[test]
    fn ca2_the_ends_of_vschar() {
        assert_reads(&header("+%20:~ %7E"), "  ", "~ ~");
        for byte in (0_u8..=0x1f).chain(0x7f..=0xff) {
            assert_error(header([b"a:".as_slice(), &[byte]].concat()), BasicError::Malformed);
            assert_error(header([&[byte], b":a".as_slice()].concat()), BasicError::Malformed);
            assert_error(header(format!("a:%{byte:02x}")), BasicError::Malformed);
            assert_error(header(format!("%{byte:02X}:a")), BasicError::Malformed);
        }
    }

    #[test]
    fn ca3_what_is_not_a_pair_is_malformed() {
        for user_pass in ["", ":", ":secret", "no-colon", "a%3Ab", "a:%", "a:%4", "a:%zz", "%:b", "a%4:1", "é:b"] {
            assert_error(header(user_pass), BasicError::Malformed);
        }
    }

    #[test]
    fn ca3_bad_base64_is_malformed() {
        for token in [
            "",
            "=",
            "a",
            "a2V5O",
            "azpzcw=",
            "azpzcw===",
            "azpz=",
            "azpz====",
            "azpzcx==",
            "azpzcx",
            "azp\u{a0}z",
            "azp-",
            "azp_",
            "az pz",
            "azpz ",
            "azpz\t",
            "azpz\n",
            "\tazpz",
            "azpz=cw=",
            "az%3A",
            "key:secret",
            "\"azpz\"",
        ] {
            assert_error(format!("Basic {token}"), BasicError::Malformed);
        }
        for header in ["Basic", "Basic\tazpz", "Basic:azpz", "Basic \tazpz", "basic=azpz"] {
            assert_error(header, BasicError::Malformed);
        }
    }

    #[test]
    fn ca3_ids_of_at_most_256_and_secrets_of_at_most_1024_bytes() {
        for unit in ["a", "%41", "+", "%7e"] {
            assert!(parse(header(format!("{}:{}", unit.repeat(256), unit.repeat(1024))).as_bytes()).is_ok());
            assert_error(header(format!("{}:a", unit.repeat(257))), BasicError::Malformed);
            assert_error(header(format!("a:{}", unit.repeat(1025))), BasicError::Malformed);
        }
        assert_error(header(format!("{}:a", "a".repeat(10_240))), BasicError::Malformed);
        assert_error(header(format!("a:{}", "a".repeat(10_240))), BasicError::Malformed);
    }

    #[test]
    fn ca11_a_comma_joined_second_credential_is_named() {
        for header in [
            "Basic azpz, Basic azpz",
            "Basic azpz,Basic azpz",
            "basic azpz , bearer x",
            "Basic azpz,azpz",
            "Basic !!, Basic",
            "Basic, Bearer x",
            "Basic,Basic azpz",
            "Basic azpz,,x",
            "Bearer x, Basic azpz",
            "Bearer x,\tBearer  y",
            "Digest a=\"b, Basic c\", d=e, Basic azpz",
            "Digest a=\"\\\"\", Basic azpz",
            "Negotiate, Basic azpz",
            ", Basic azpz",
        ] {
            assert_error(header, BasicError::SeveralCredentials);
        }
    }

    #[test]
    fn ca11_another_scheme_is_named() {
        for header in [
            "Bearer x",
            "bearer",
            "Basicx azpz",
            "Digest username=\"a\", realm=\"b, Basic c\", qop = auth",
            "Digest a=\"\\\", Basic azpz\"",
            "Digest a=b, c =d,",
            "",
            " Basic azpz",
            "é",
            "azpz",
        ] {
            assert_error(header, BasicError::OtherScheme);
        }
        for header in ["Basic azpz,", "Basic azpz, ,", "Basic,"] {
            assert_error(header, BasicError::Malformed);
        }
    }

    #[test]
    fn ca3_credentials_never_print_themselves() {
        let credentials = parse(header("key:hunter2").as_bytes()).unwrap();
        assert_eq!(format!("{credentials:?}"), "BasicCredentials([redacted])");
    }

    proptest! {
        #[test]
        fn ca3_reading_agrees_with_a_naive_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            fuzz_invariants::basic_header::check(&bytes);
            fuzz_invariants::basic_header::check(&[b"Basic ", bytes.as_slice()].concat());
            fuzz_invariants::basic_header::check(header(&bytes).as_bytes());
        }

        #[test]
        fn ca3_reading_agrees_with_a_naive_reader_on_what_looks_like_headers(
            text in "([bB]asic|Bearer|Digest)([ ,=]|\t|\"|\\\\|[A-Za-z0-9+/]{2,5}|==|a=|, Basic |azpz|aTpz){0,12}",
            user_pass in "([a-c:+ ]|%[0-9a-gA-G]{2}|%|\u{7f}|é){0,40}",
        ) {
            fuzz_invariants::basic_header::check(text.as_bytes());
            fuzz_invariants::basic_header::check(header(&user_pass).as_bytes());
            fuzz_invariants::basic_header::check(header(&user_pass).trim_end_matches('=').as_bytes());
        }

        #[test]
        fn ca2_what_a_client_encodes_is_what_is_read(client_id in "[ -~]{1,256}", client_secret in "[ -~]{0,1024}", spelling: u64) {
            fuzz_invariants::basic_header::check_round_trip(&client_id, &client_secret, spelling);
        }
    }
}
