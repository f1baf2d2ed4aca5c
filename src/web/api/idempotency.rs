//! `Idempotency-Key` on POST: within 24 hours the same request gets the same answer and happens once; secrets are not
//! shown again. The answer is kept in the transaction of what it tells of, so a crash leaves both or neither.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;

use super::answer::Answer;
use super::problem::ApiError;
use crate::app::Work;
use crate::crypto::digest::fingerprint;
use crate::domain::actor::Principal;
use crate::store::idempotent_requests::{self, IdempotentRequest, REMEMBERED_SECONDS};

/// The longest key, in bytes.
pub(super) const LONGEST: usize = 255;

/// Whose request it is, which one, and what it asks.
#[derive(Clone, Debug)]
pub(super) struct IdempotencyKey {
    caller: String,
    key: String,
    fingerprint: [u8; 32],
}

impl IdempotencyKey {
    /// The header's key, when there is one.
    pub(super) fn of(
        headers: &HeaderMap,
        caller: Principal,
        method: &str,
        path: &str,
        body: &[u8],
    ) -> Result<Option<Self>, ApiError> {
        let mut values = headers.get_all("idempotency-key");
        let Some(value) = values.next() else { return Ok(None) };
        let refused =
            || ApiError::bad_request("invalid_request", "Idempotency-Key must be one of 1 to 255 visible ASCII characters");
        let key = value.to_str().ok().filter(|text| {
            (1..=LONGEST).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) && values.next().is_none()
        });
        let key = key.ok_or_else(refused)?.to_owned();
        let fingerprint = fingerprint([method.as_bytes(), path.as_bytes(), body]);
        Ok(Some(Self { caller: caller.to_string(), key, fingerprint }))
    }
}

impl IdempotencyKey {
    /// The key of a page's form that is sent once more.
    pub(super) fn of_form(submission: &str, caller: Principal, method: &str, path: &str, body: &[u8]) -> Self {
        let fingerprint = fingerprint([method.as_bytes(), path.as_bytes(), body]);
        Self { caller: caller.to_string(), key: format!("form {submission}"), fingerprint }
    }
}

/// The requests with a key that this node is working on.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestsUnderWay(Arc<Mutex<HashSet<(String, String)>>>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub(super) struct UnderWay {
    all: RequestsUnderWay,
    this: (String, String),
}

impl RequestsUnderWay {
    /// Enters a request.
    pub(super) fn enter(&self, key: &IdempotencyKey) -> Result<UnderWay, ApiError> {
        let this = (key.caller.clone(), key.key.clone());
        let is_new = self.0.lock().map_or(true, |mut all| all.insert(this.clone()));
        if is_new {
            Ok(UnderWay { all: self.clone(), this })
        } else {
            let detail = "a request with this Idempotency-Key is still running";
            Err(ApiError::refused(StatusCode::CONFLICT, "idempotency_key_in_use", detail))
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Ok(mut all) = self.all.0.lock() {
            all.remove(&self.this);
        }
    }
}

/// The answer that this request had before.
pub(super) fn answered(work: &mut Work<'_, '_>, key: &IdempotencyKey) -> Result<Option<Answer>, ApiError> {
    let since = work.now.plus_seconds(-REMEMBERED_SECONDS);
    let Some(before) = idempotent_requests::find(work.transaction.reading(), &key.caller, &key.key, since)? else {
        idempotent_requests::remove_old(work.transaction, &key.caller, &key.key, since)?;
        return Ok(None);
    };
    if before.fingerprint != key.fingerprint {
        let detail = "this Idempotency-Key was used for another request";
        return Err(ApiError::refused(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", detail));
    }
    let status = u16::try_from(before.status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let body = before.body.map(|body| serde_json::from_str(&body)).transpose().map_err(ApiError::internal)?;
    Ok(Some(Answer { status: status.unwrap_or(StatusCode::OK), location: before.location, body, headers: Vec::new() }))
}

/// Remembers the answer.
pub(super) fn remember(work: &mut Work<'_, '_>, key: &IdempotencyKey, answer: &Answer) -> Result<(), ApiError> {
    let kept = answer.without_secrets();
    let request = IdempotentRequest {
        caller: key.caller.clone(),
        idempotency_key: key.key.clone(),
        fingerprint: key.fingerprint.to_vec(),
        status: i64::from(kept.status.as_u16()),
        location: kept.location,
        body: kept.body.map(|body| body.to_string()),
        created_at: work.now.unix(),
    };
    Ok(idempotent_requests::insert(work.transaction, &request)?)
}
