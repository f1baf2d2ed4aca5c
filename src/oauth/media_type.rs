//! Whether a body is a form: the `Content-Type` that OAuth endpoints take (RFC 6749 section 4.4.2, RFC 9110 section 8.3.1).

use super::http_grammar::{is_ows, split_token, trim_ows, trim_ows_start};

/// Whether a `Content-Type` says `application/x-www-form-urlencoded`, in any case, with any well-formed parameters.
///
/// A `charset` must be UTF-8, the only one that the format has; under another name the same bytes would be another text.
/// Whatever breaks RFC 9110's grammar is not a form.
pub fn is_form(content_type: &[u8]) -> bool {
    is_form_or_malformed(content_type).unwrap_or(false)
}

/// `None` when malformed.
fn is_form_or_malformed(content_type: &[u8]) -> Option<bool> {
    let (kind, rest) = split_token(trim_ows(content_type));
    let (subtype, mut rest) = split_token(rest.strip_prefix(b"/")?);
    let mut is_form = kind.eq_ignore_ascii_case(b"application") && subtype.eq_ignore_ascii_case(b"x-www-form-urlencoded");
    while !rest.is_empty() {
        // parameters = *( OWS ";" OWS [ parameter ] ): a lone semicolon is legal.
        rest = trim_ows_start(trim_ows_start(rest).strip_prefix(b";")?);
        let (name, behind) = split_token(rest);
        if name.is_empty() {
            continue;
        }
        let (is_utf_8, behind) = value_is_utf_8(behind.strip_prefix(b"=")?)?;
        is_form &= is_utf_8 || !name.eq_ignore_ascii_case(b"charset");
        rest = behind;
    }
    Some(is_form)
}

/// Reads a parameter's value, a token or a quoted string: whether it spells `utf-8`, and what follows it.
fn value_is_utf_8(text: &[u8]) -> Option<(bool, &[u8])> {
    let Some(mut rest) = text.strip_prefix(b"\"") else {
        let (value, behind) = split_token(text);
        return (!value.is_empty()).then_some((value.eq_ignore_ascii_case(b"utf-8"), behind));
    };
    let mut expected = b"utf-8".iter();
    let mut is_utf_8 = true;
    loop {
        let (byte, behind) = match rest {
            [b'"', behind @ ..] => return Some((is_utf_8 && expected.next().is_none(), behind)),
            [] | [b'\\'] => return None,
            [b'\\', byte, behind @ ..] | [byte, behind @ ..] => (*byte, behind),
        };
        if !is_quotable(byte) {
            return None;
        }
        rest = behind;
        is_utf_8 &= expected.next().is_some_and(|e| *e == byte.to_ascii_lowercase());
    }
}

/// What may stand in a quoted string: HTAB, SP, visible ASCII and obs-text.
const fn is_quotable(byte: u8) -> bool {
    is_ows(byte) || matches!(byte, 0x21..=0x7e | 0x80..=0xff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz_invariants;
    use proptest::prelude::*;

    #[test]
    fn tl4_the_type_in_any_case_and_with_white_space() {
        for good in [
            "application/x-www-form-urlencoded",
            "Application/X-WWW-Form-URLEncoded",
            " \tapplication/x-www-form-urlencoded \t",
            "application/x-www-form-urlencoded;",
            "application/x-www-form-urlencoded ; ",
            "application/x-www-form-urlencoded;;charset=utf-8",
        ] {
            assert!(is_form(good.as_bytes()), "{good:?}");
        }
    }

    #[test]
    fn tl4_a_charset_must_be_utf_8() {
        for good in [
            "charset=UTF-8",
            "CHARSET=utf-8",
            "charset=\"Utf-8\"",
            "charset=\"u\\tf-8\"",
            "charset=utf-8 ; charset=utf-8",
            "x=y;charset=utf-8",
        ] {
            assert!(is_form(format!("application/x-www-form-urlencoded;{good}").as_bytes()), "{good}");
        }
        for bad in [
            "charset=ISO-8859-1",
            "charset=utf8",
            "charset=utf-16",
            "charset=\"\"",
            "charset=\"utf-8 \"",
            "charset=\"utf-\"",
            "charset=utf-8;charset=latin1",
            "charset='utf-8'",
        ] {
            assert!(!is_form(format!("application/x-www-form-urlencoded;{bad}").as_bytes()), "{bad}");
        }
    }

    #[test]
    fn tl4_other_parameters_do_not_matter() {
        for good in
            ["boundary=x", "charsee=x", "charset*=x", "xcharset=x", "a=b;c=d", "a=\"; charset=latin1\"", "a=\"\\\"\"", "a=\"\""]
        {
            assert!(is_form(format!("application/x-www-form-urlencoded; {good}").as_bytes()), "{good}");
        }
    }

    #[test]
    fn tl4_other_types_and_malformed_values_are_no_forms() {
        for bad in [
            "",
            " ",
            "/",
            "application",
            "application/",
            "application/json",
            "multipart/form-data",
            "text/plain",
            "text/x-www-form-urlencoded",
            "application/x-www-form-urlencoded-2",
            "application /x-www-form-urlencoded",
            "application/ x-www-form-urlencoded",
            "application/x-www-form-urlencoded charset=utf-8",
            "application/x-www-form-urlencoded, application/json",
            "application/x-www-form-urlencoded;charset",
            "application/x-www-form-urlencoded;charset=",
            "application/x-www-form-urlencoded;charset =utf-8",
            "application/x-www-form-urlencoded;charset= utf-8",
            "application/x-www-form-urlencoded;=utf-8",
            "application/x-www-form-urlencoded;a=\"",
            "application/x-www-form-urlencoded;a=\"\\",
            "application/x-www-form-urlencoded;a=\"\\\"",
            "application/x-www-form-urlencoded;a=\"b\"c",
            "application/x-www-form-urlencoded;a=\"\u{1}\"",
            "application/x-www-form-urlencoded;a=b c",
            "application/x-www-form-urlencoded;a=é",
            "application/x-www-form-urlencoded\n",
            "application/x-www-form-urlencoded\u{0}",
        ] {
            assert!(!is_form(bad.as_bytes()), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn tl4_reading_agrees_with_a_naive_reader(value in proptest::collection::vec(any::<u8>(), 0..80)) {
            fuzz_invariants::media_type::check(&value);
        }

        #[test]
        fn tl4_reading_agrees_with_a_naive_reader_on_what_looks_like_types(
            value in "[ \t]?[aA]pplication/[xX]-www-form-urlencoded([ \t;\",=\\\\\u{1}é]|[cC]harset|utf-8|UTF-8|x|=\"|\";|;charset=\"?[uU]tf-8\"?|\\\\t){0,8}"
        ) {
            fuzz_invariants::media_type::check(value.as_bytes());
        }
    }
}
