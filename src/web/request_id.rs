//! A name for each request, in its answer and in every line that the log has of it.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use std::rc::Rc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, web};

use super::connections::Connections;
use super::state::State;

/// Gives names: what the caller sent, when it is one, else one of our own.
#[derive(Debug)]
pub(super) struct RequestIds {
    start: u64,
    count: AtomicU64,
}

const HEADER: &str = "x-request-id";
const LONGEST: usize = 64;

impl RequestIds {
    pub(super) fn new() -> Self {
        Self { start: RandomState::new().hash_one(std::process::id()), count: AtomicU64::new(0) }
    }

    /// A request's name. A proxy's own is kept, so that its log and ours can be read together.
    fn of(&self, headers: &HeaderMap) -> RequestId {
        let sent = headers.get(HEADER).and_then(|value| value.to_str().ok());
        RequestId(match sent.filter(|text| is_well_formed(text)) {
            Some(text) => text.into(),
            None => format!("{:016x}{:08x}", self.start, self.count.fetch_add(1, Ordering::Relaxed)).into(),
        })
    }
}

/// The name of a request.
#[derive(Clone, Debug)]
pub(super) struct RequestId(Rc<str>);

impl RequestId {
    /// The name that [`attach`] gave.
    pub(super) fn given_to(request: &HttpRequest) -> Self {
        request.extensions().get::<Self>().cloned().unwrap_or_else(|| Self("".into()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Names a request before it is handled, and its answer; and tells the watch over connections of it.
pub(super) async fn attach(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let Some(state) = request.app_data::<web::Data<State>>().cloned() else { return next.call(request).await };
    let id = state.request_ids.of(request.headers());
    request.extensions_mut().insert(id.clone());
    Connections::request_started(request.request());
    let mut response = next.call(request).await?;
    state.connections.request_finished(response.request());
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(HeaderName::from_static(HEADER), value);
    }
    Ok(response)
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
