//! A name for each request, in its answer and in every line that the log has of it.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::HttpResponse;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

/// Gives names: what the caller sent, when it is one, else one of our own.
#[derive(Debug)]
pub(super) struct RequestIds {
    start: u64,
    count: AtomicU64,
}

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST: usize = 64;

impl RequestIds {
    pub(super) fn new() -> Self {
        Self { start: RandomState::new().hash_one(std::process::id()), count: AtomicU64::new(0) }
    }

    /// A request's name. A proxy's own is kept, so that its log and ours can be read together.
    pub(super) fn of(&self, headers: &HeaderMap) -> RequestId {
        let sent = headers.get(HEADER).and_then(|value| value.to_str().ok());
        RequestId(match sent.filter(|text| is_well_formed(text)) {
            Some(text) => text.to_owned(),
            None => format!("{:016x}{:08x}", self.start, self.count.fetch_add(1, Ordering::Relaxed)),
        })
    }
}

/// The name of a request.
#[derive(Clone, Debug)]
pub(super) struct RequestId(String);

impl RequestId {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Puts the name on the answer.
    pub(super) fn attach(&self, response: &mut HttpResponse) {
        if let Ok(value) = HeaderValue::from_str(&self.0) {
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
}
