//! `application/x-www-form-urlencoded`, strictly and over bytes: request bodies and query strings.
//!
//! Values stay bytes. Invalid UTF-8, NUL and control characters reach whoever reads the parameter and refuses them
//! with that parameter's own error code; replaced by U+FFFD they would be lost. What cannot be a form at all, or is
//! larger than any honest one, is refused here.

use std::borrow::Cow;
use std::fmt;

/// The most parameters of one form, empty pairs not counted.
pub const MAX_PARAMETERS: usize = 64;

/// The longest decoded name or value, in bytes.
pub const MAX_VALUE_BYTES: usize = 4096;

/// The parameters of one body or query string, decoded, in the order in which they came.
#[derive(Clone)]
pub struct Form<'a>(Vec<Parameter<'a>>);

#[derive(Clone)]
struct Parameter<'a> {
    name: Cow<'a, [u8]>,
    value: Cow<'a, [u8]>,
}

/// Why bytes are not a form that is read any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormError {
    /// More than [`MAX_PARAMETERS`].
    TooManyParameters,
    /// A name or value that is too long after decoding: of more than [`MAX_VALUE_BYTES`] unless said otherwise.
    ValueTooLong,
    /// A `%` without two hexadecimal digits behind it.
    BadEscape,
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooManyParameters => "more than 64 parameters",
            Self::ValueTooLong => "a parameter of more than 4096 bytes",
            Self::BadEscape => "a percent sign without two hexadecimal digits behind it",
        })
    }
}

impl std::error::Error for FormError {}

/// A parameter that may stand once stands several times (RFC 6749 section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeated;

impl fmt::Display for Repeated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a parameter is repeated")
    }
}

impl std::error::Error for Repeated {}

impl<'a> Form<'a> {
    /// Reads a body or a query string. Empty pairs (`a=1&&b=2`) are skipped; a pair without `=` has an empty value.
    ///
    /// # Errors
    /// The first of [`FormError`]'s that is met from the left.
    pub fn parse(body: &'a [u8]) -> Result<Self, FormError> {
        Self::parse_up_to(body, MAX_VALUE_BYTES)
    }

    /// The same with another limit for names and values, for forms that carry a whole token.
    ///
    /// # Errors
    /// The first of [`FormError`]'s that is met from the left.
    pub fn parse_up_to(body: &'a [u8], max_value_bytes: usize) -> Result<Self, FormError> {
        let mut parameters = Vec::new();
        for pair in body.split(|&b| b == b'&').filter(|pair| !pair.is_empty()) {
            if parameters.len() == MAX_PARAMETERS {
                return Err(FormError::TooManyParameters);
            }
            let mut halves = pair.splitn(2, |&b| b == b'=');
            let name = decode(halves.next().unwrap_or_default(), max_value_bytes)?;
            let value = decode(halves.next().unwrap_or_default(), max_value_bytes)?;
            parameters.push(Parameter { name, value });
        }
        Ok(Self(parameters))
    }

    /// Every parameter, empty ones included, as (name, value).
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|Parameter { name, value }| (name.as_ref(), value.as_ref()))
    }

    /// Every value of a parameter that may repeat; empty ones count as omitted.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.sent(name).filter(|value| !value.is_empty())
    }

    /// The value of a parameter that may stand once; an empty one counts as omitted (RFC 6749 section 3.2).
    ///
    /// # Errors
    /// [`Repeated`] when it stands more often, also with equal or empty values.
    pub fn one(&self, name: &str) -> Result<Option<&[u8]>, Repeated> {
        let mut values = self.sent(name);
        let first = values.next();
        if values.next().is_some() {
            return Err(Repeated);
        }
        Ok(first.filter(|value| !value.is_empty()))
    }

    fn sent(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.iter().filter(move |(sent, _)| *sent == name.as_bytes()).map(|(_, value)| value)
    }
}

/// Says how many there are and no more: values may be secrets, and names are whatever a stranger sent.
impl fmt::Debug for Form<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Form([{} parameters])", self.0.len())
    }
}

fn decode(raw: &[u8], max_bytes: usize) -> Result<Cow<'_, [u8]>, FormError> {
    let decoded = if raw.iter().any(|b| matches!(b, b'%' | b'+')) {
        let mut bytes = Vec::with_capacity(raw.len());
        for byte in decoded_bytes(raw) {
            bytes.push(byte.map_err(|BadEscape| FormError::BadEscape)?);
        }
        Cow::Owned(bytes)
    } else {
        Cow::Borrowed(raw)
    };
    if decoded.len() > max_bytes { Err(FormError::ValueTooLong) } else { Ok(decoded) }
}

/// A `%` without two hexadecimal digits behind it.
pub(super) struct BadEscape;

/// The bytes that a form-encoded name or value stands for. Yields no more than `raw` has.
pub(super) fn decoded_bytes(raw: &[u8]) -> impl Iterator<Item = Result<u8, BadEscape>> {
    let mut rest = raw;
    std::iter::from_fn(move || {
        let (byte, behind) = match rest {
            [] => return None,
            [b'+', behind @ ..] => (Ok(b' '), behind),
            [b'%', high, low, behind @ ..] => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (Ok(high << 4 | low), behind),
                _ => (Err(BadEscape), &[][..]),
            },
            [b'%', ..] => (Err(BadEscape), &[][..]),
            [byte, behind @ ..] => (Ok(*byte), behind),
        };
        rest = behind;
        Some(byte)
    })
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz_invariants;
    use proptest::prelude::*;

    fn pairs(body: &str) -> Vec<(String, String)> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Form::parse(body.as_bytes()).unwrap().iter().map(|(name, value)| (text(name), text(value))).collect()
    }

    fn error(body: &[u8]) -> FormError {
        Form::parse(body).unwrap_err()
    }

    #[test]
    fn sc5_a_plus_is_a_space_and_an_escaped_one_a_plus() {
        assert_eq!(pairs("scope=a+b%2Bc%2bd"), [("scope".to_owned(), "a b+c+d".to_owned())]);
    }

    #[test]
    fn gt4_names_are_decoded_before_they_are_compared() {
        let form = Form::parse(b"grant%5Ftype=a&grant_type=a").unwrap();
        assert_eq!(form.one("grant_type"), Err(Repeated));
        let form = Form::parse(b"gr%61nt%5ftype=a").unwrap();
        assert_eq!(form.one("grant_type"), Ok(Some(&b"a"[..])));
        assert_eq!(form.one("Grant_type"), Ok(None));
    }

    #[test]
    fn gt4_a_repeated_parameter_is_an_error_even_when_equal_or_empty() {
        for body in ["a=1&a=1", "a=1&a=2", "a=&a=", "a=1&a=", "a&a=1", "a&a", "a=1&b=2&a=1"] {
            assert_eq!(Form::parse(body.as_bytes()).unwrap().one("a"), Err(Repeated), "{body}");
        }
    }

    #[test]
    fn gt5_an_empty_parameter_counts_as_omitted() {
        for body in ["a=", "a", "b=1", "", "A=1"] {
            assert_eq!(Form::parse(body.as_bytes()).unwrap().one("a"), Ok(None), "{body}");
        }
        let form = Form::parse(b"resource=x&resource=&resource=y&resource").unwrap();
        assert_eq!(form.all("resource").collect::<Vec<_>>(), [b"x", b"y"]);
    }

    #[test]
    fn gt5_unknown_parameters_may_repeat() {
        assert_eq!(Form::parse(b"x=1&a=1&x=1").unwrap().one("a"), Ok(Some(&b"1"[..])));
    }

    #[test]
    fn pairs_are_split_at_ampersands_and_the_first_equals_sign() {
        let expected = [("a", "b=c"), ("d", ""), ("", "e"), ("", "")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(pairs("&a=b=c&&d&=e&=&"), expected);
        assert_eq!(pairs("a%26b%3D=c;d"), [("a&b=".to_owned(), "c;d".to_owned())]);
    }

    #[test]
    fn sc5_invalid_utf8_and_controls_reach_the_consumer_as_they_are() {
        let form = Form::parse(b"a=%FF%00%0d%0A\xfe\x01").unwrap();
        assert_eq!(form.one("a"), Ok(Some(&b"\xff\x00\r\n\xfe\x01"[..])));
    }

    #[test]
    fn ca3_a_bad_escape_is_refused_wherever_it_stands() {
        for body in
            ["a=%", "a=%4", "a=%zz", "a=%4z", "a=%z4", "a=%+4", "a=% 4", "%=1", "a=1&b=%", "a=%%41", "a=%u0041", "a=%4%31"]
        {
            assert_eq!(error(body.as_bytes()), FormError::BadEscape, "{body}");
        }
    }

    #[test]
    fn tl5_at_most_64_parameters() {
        let body = |count: usize| vec!["x=1"; count].join("&&");
        assert_eq!(Form::parse(body(64).as_bytes()).unwrap().iter().count(), 64);
        assert_eq!(error(body(65).as_bytes()), FormError::TooManyParameters);
        assert_eq!(error(vec!["="; 65].join("&").as_bytes()), FormError::TooManyParameters);
        assert_eq!(Form::parse(&[b'&'; 16_384]).unwrap().iter().count(), 0);
    }

    #[test]
    fn tl5_names_and_values_of_at_most_4096_bytes_after_decoding() {
        for byte in ["a", "+", "%41", "%ff"] {
            let (fits, too_long) = (byte.repeat(4096), byte.repeat(4097));
            assert_eq!(Form::parse(format!("x={fits}").as_bytes()).unwrap().one("x").unwrap().unwrap().len(), 4096);
            assert_eq!(error(format!("x={too_long}").as_bytes()), FormError::ValueTooLong);
            assert!(Form::parse(format!("{fits}=x").as_bytes()).is_ok());
            assert_eq!(error(format!("{too_long}=x").as_bytes()), FormError::ValueTooLong);
        }
    }

    #[test]
    fn ca3_a_form_never_prints_its_values() {
        let form = Form::parse(b"client_secret=hunter2&hunter3=a%62").unwrap();
        assert_eq!(format!("{form:?}"), "Form([2 parameters])");
    }

    proptest! {
        #[test]
        fn gt4_reading_agrees_with_a_naive_reader(body in proptest::collection::vec(any::<u8>(), 0..400)) {
            fuzz_invariants::form::check(&body);
        }

        #[test]
        fn gt4_reading_agrees_with_a_naive_reader_on_what_looks_like_forms(body in "([ab]{0,2}|%[0-9a-gA-G]{2}|[=&=&+;%]|\u{e9}|\u{0}){0,120}") {
            fuzz_invariants::form::check(body.as_bytes());
        }

        #[test]
        fn tl5_limits_agree_with_a_naive_reader(count in 60_usize..68, length in 4090_usize..4100, unit in "a|%41|\\+|%4") {
            fuzz_invariants::form::check(vec!["x"; count].join("&").as_bytes());
            fuzz_invariants::form::check(format!("x={}", unit.repeat(length)).as_bytes());
            fuzz_invariants::form::check(unit.repeat(length).as_bytes());
        }
    }
}
