//! Reading a request's body: the framework sets neither a deadline nor, for raw payloads, a limit.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING, UPGRADE};
use actix_web::web::{BytesMut, Payload};
use actix_web::{HttpRequest, error::PayloadError};
use futures_util::StreamExt;
use tokio::sync::watch;
use tokio::time::Instant;

use super::state::Life;

/// The largest body of an OAuth endpoint, in bytes.
pub(super) const MAX_BODY_BYTES: usize = 16_384;

/// How long a body may take from the end of the head on.
pub(super) const BODY_DEADLINE: Duration = Duration::from_secs(10);

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    /// Over the limit.
    TooLarge,
    /// Not there within [`BODY_DEADLINE`], or this server is about to stop.
    TooSlow,
    /// The connection ended or broke HTTP's rules.
    Broken,
}

/// Reads the whole body, of at most `limit` bytes.
pub(super) async fn read(
    request: &HttpRequest,
    mut payload: Payload,
    life: &watch::Sender<Life>,
    limit: usize,
) -> Result<BytesMut, BodyError> {
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(BodyError::TooLarge);
    }
    if is_taken_for_a_stream(request) {
        return read_from_stream(payload, announced, life).await;
    }
    let mut body = BytesMut::with_capacity(announced.and_then(|n| usize::try_from(n).ok()).unwrap_or(0));
    let mut deadline = None;
    loop {
        // What has arrived already costs no timer.
        let next = match arrived(&mut payload).await {
            Some(next) => next,
            None => wait(&mut payload, *deadline.get_or_insert_with(|| Instant::now() + BODY_DEADLINE), life).await?,
        };
        match next {
            None => return Ok(body),
            Some(Ok(chunk)) if body.len() + chunk.len() > limit => {
                drop(chunk);
                return Err(BodyError::TooLarge);
            }
            Some(Ok(chunk)) => body.extend_from_slice(&chunk),
            Some(Err(PayloadError::Overflow)) => return Err(BodyError::TooLarge),
            Some(Err(_)) => return Err(BodyError::Broken),
        }
    }
}

/// Whether the framework takes what follows the head for a WebSocket's, to the end of the connection. This server
/// knows no other protocol, so the header counts for nothing (RFC 9110 section 7.8).
pub(super) fn is_taken_for_a_stream(request: &HttpRequest) -> bool {
    let headers = request.headers();
    headers.contains_key(UPGRADE) && !headers.contains_key(TRANSFER_ENCODING)
}

/// Reads the announced part of a stream; the rest is dropped with the connection.
async fn read_from_stream(
    mut payload: Payload,
    announced: Option<u64>,
    life: &watch::Sender<Life>,
) -> Result<BytesMut, BodyError> {
    let length = announced.and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    let mut body = BytesMut::with_capacity(length);
    let deadline = Instant::now() + BODY_DEADLINE;
    while body.len() < length {
        match wait(&mut payload, deadline, life).await? {
            Some(Ok(chunk)) => body.extend_from_slice(chunk.get(..length - body.len()).unwrap_or(&chunk)),
            None | Some(Err(_)) => return Err(BodyError::Broken),
        }
    }
    Ok(body)
}

/// What has arrived. The framework hands a request on when it has read the head, and looks at what came with it only
/// after that; so the second look counts.
async fn arrived(payload: &mut Payload) -> Option<Chunk> {
    let mut is_second = false;
    poll_fn(|context| match payload.poll_next_unpin(context) {
        Poll::Ready(next) => Poll::Ready(Some(next)),
        Poll::Pending if is_second => Poll::Ready(None),
        Poll::Pending => {
            is_second = true;
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await
}

type Chunk = Option<Result<actix_web::web::Bytes, PayloadError>>;

async fn wait(payload: &mut Payload, deadline: Instant, life: &watch::Sender<Life>) -> Result<Chunk, BodyError> {
    let mut life = life.subscribe();
    tokio::select! {
        next = payload.next() => Ok(next),
        () = tokio::time::sleep_until(deadline) => Err(BodyError::TooSlow),
        // The sender is the server's own state and outlives every request.
        _ = life.wait_for(|life| *life == Life::CuttingBodies) => Err(BodyError::TooSlow),
    }
}
