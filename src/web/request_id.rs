//! A name for each request, in its answer and in every line that the log has of it.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU32, Ordering};

use actix_web::HttpResponse;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

/// Gives names: what the caller sent, when it is one, else one of our own.
#[derive(Debug)]
pub(super) struct RequestIds {
    start: [u8; DIGITS],
    count: AtomicU32,
}

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST: usize = 64;
/// Hexadecimal digits of our own names: those of this start, and those of the request.
const DIGITS: usize = 24;
const DIGITS_OF_REQUEST: usize = 8;

impl RequestIds {
    pub(super) fn new() -> Self {
        let mut start = [b'0'; DIGITS];
        put_hexadecimal(RandomState::new().hash_one(std::process::id()), start.iter_mut().rev().skip(DIGITS_OF_REQUEST));
        Self { start, count: AtomicU32::new(0) }
    }

    /// A request's name. A proxy's own is kept, so that its log and ours can be read together.
    pub(super) fn of(&self, headers: &HeaderMap) -> RequestId {
        let sent = headers.get(HEADER).and_then(|value| value.to_str().ok());
        match sent.filter(|text| is_well_formed(text)) {
            Some(text) => RequestId::Sent(text.to_owned()),
            None => self.made(),
        }
    }

    /// Without a formatter, which would take longer for it than the search for a key.
    fn made(&self) -> RequestId {
        let mut name = self.start;
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        put_hexadecimal(count.into(), name.iter_mut().rev().take(DIGITS_OF_REQUEST));
        RequestId::Made(name)
    }
}

/// Writes the lowest digits of `number`, the last one first.
fn put_hexadecimal<'d>(mut number: u64, digits: impl Iterator<Item = &'d mut u8>) {
    for digit in digits {
        *digit = match (number % 16) as u8 {
            value @ 0..10 => b'0' + value,
            value => b'a' + (value - 10),
        };
        number /= 16;
    }
}

/// The name of a request.
#[derive(Clone, Debug)]
pub(super) enum RequestId {
    Sent(String),
    Made([u8; DIGITS]),
}

impl RequestId {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Sent(text) => text,
            // Digits always are text.
            Self::Made(digits) => str::from_utf8(digits).unwrap_or_default(),
        }
    }

    /// Puts the name on the answer.
    pub(super) fn attach(&self, response: &mut HttpResponse) {
        if let Ok(value) = HeaderValue::from_str(self.as_str()) {
            response.headers_mut().insert(HEADER, value);
        }
    }
}

fn is_well_formed(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_well_formed_id_is_kept_and_others_are_replaced() {
        let ids = RequestIds::new();
        let of = |value: &str| {
            let request = TestRequest::default().insert_header((HEADER, value)).to_http_request();
            ids.of(request.headers()).as_str().to_owned()
        };
        assert_eq!(of("abc-1_2"), "abc-1_2");
        for bad in ["", "a b", "a\"b", &"a".repeat(65), "<x>"] {
            assert_ne!(of(bad), bad);
        }
        assert_ne!(of(""), of(""));
    }

    #[test]
    fn names_of_our_own_count_in_hexadecimal() {
        let ids = RequestIds::new();
        let names: Vec<String> = (0..0x1b).map(|_| ids.made().as_str().to_owned()).collect();
        let (start, _) = names[0].split_at(16);
        assert_ne!(start, "0000000000000000");
        for (count, name) in names.iter().enumerate() {
            assert_eq!(*name, format!("{start}{count:08x}"));
        }
    }
}
