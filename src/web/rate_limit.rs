//! What a rate plan tells the client (draft-ietf-httpapi-ratelimit-headers): `RateLimit-Policy`, the plan, and
//! `RateLimit`, what is left of it. Both are lists of RFC 9651.

use std::fmt::Write;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::Bytes;

use crate::app::limits::{Admission, LimitKind, OpenConnection};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Adds the headers to the answer, and lets the request count as in progress until that has left.
pub(super) fn announce(mut response: HttpResponse, admission: Admission) -> HttpResponse {
    let (policy, state) = fields(&admission);
    for (name, value) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, state)] {
        // Digits and names only, so it always is one.
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
    match admission.into_connection() {
        None => response,
        Some(connection) => response.map_body(|_, body| BoxBody::new(Counted { body, _connection: connection })),
    }
}

/// The values of `RateLimit-Policy` and `RateLimit`.
fn fields(admission: &Admission) -> (String, String) {
    let (mut policy, mut state) = (String::with_capacity(96), String::with_capacity(96));
    let mut item = |name: LimitKind, of_policy: std::fmt::Arguments<'_>, of_state: std::fmt::Arguments<'_>| {
        let separator = if policy.is_empty() { "" } else { ", " };
        let name = name.as_str();
        // Writing to a string does not fail.
        let _ = write!(policy, "{separator}\"{name}\";{of_policy}");
        let _ = write!(state, "{separator}\"{name}\";{of_state}");
    };
    if let Some(quota) = admission.minute {
        let (q, r, t) = (quota.limit, quota.remaining, quota.reset_seconds);
        item(LimitKind::Minute, format_args!("q={q};w=60"), format_args!("r={r};t={t}"));
    }
    if let Some(quota) = admission.day {
        let (q, r, t) = (quota.limit, quota.remaining, quota.reset_seconds);
        item(LimitKind::Day, format_args!("q={q};w=86400"), format_args!("r={r};t={t}"));
    }
    if let Some(connections) = admission.connections {
        let (q, r) = (connections.limit, connections.remaining);
        item(LimitKind::Concurrent, format_args!("q={q};qu=\"concurrent-requests\""), format_args!("r={r}"));
    }
    (policy, state)
}

/// A body that is dropped, and with it the connection, when it has been handed on or the client is gone.
struct Counted {
    body: BoxBody,
    _connection: OpenConnection,
}

impl MessageBody for Counted {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_next(cx)
    }
}
