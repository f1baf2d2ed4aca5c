//! What can be done with a key: each on a page that says first what will happen, and to whom.

pub(in crate::web::dashboard) mod delete;
pub(in crate::web::dashboard) mod duplicate;
pub(in crate::web::dashboard) mod regenerate;
pub(in crate::web::dashboard) mod retire;
pub(in crate::web::dashboard) mod switch;

use std::time::Duration;

use serde_json::{Map, Value};
use zeroize::Zeroize;

use super::key::Key;
use crate::app::caller::Denied;
use crate::crypto::random;
use crate::web::api::{Answer, ApiError, Method, Operation};
use crate::web::dashboard::duration::{ago, in_words};
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shown_once;
use crate::web::dashboard::visit::Visit;

/// The field that names a form, so that pressing its button twice does its work once.
const SUBMISSION: &str = "submission";
/// Ours are shorter, in bytes.
const LONGEST_SUBMISSION: usize = 64;

/// The key that an action is about, for those who may do it.
fn key_for(visit: &Visit, method: Method, operation: &'static str) -> Result<Key, PageError> {
    if visit.may(method, operation) { Key::of_path(visit) } else { Err(ApiError::from(Denied::Role).into()) }
}

/// The name of a form: that of the form that was sent, or a new one.
fn submission(visit: &Visit) -> Result<String, PageError> {
    match visit.form.text(SUBMISSION) {
        "" => Ok(random::name().map_err(ApiError::internal)?),
        given => Ok(given.to_owned()),
    }
}

/// Asks `POST path` for a change of the key, once for each form.
fn once(visit: &Visit, path: &'static str, body: Map<String, Value>) -> Result<Answer, ApiError> {
    send_once(visit, path, &[("client_id", visit.part("client_id"))], body)
}

/// How often and how long the second of two clicks waits for the first.
const WAITS: u32 = 50;
const WAIT: Duration = Duration::from_millis(100);

/// Asks `POST path` for a change, once for each form: whoever sends it twice gets the answer of the first time.
pub(super) fn send_once(
    visit: &Visit,
    path: &'static str,
    parts: &[(&'static str, &str)],
    body: Map<String, Value>,
) -> Result<Answer, ApiError> {
    let submission = Some(visit.form.text(SUBMISSION)).filter(|name| (1..=LONGEST_SUBMISSION).contains(&name.len()));
    let ask = |body| visit.run(Operation { method: Method::Post, path, parts, query: &[], body, submission });
    for _ in 0..WAITS {
        match ask(body.clone()) {
            Err(ApiError::Refused { code: "idempotency_key_in_use", .. }) => std::thread::sleep(WAIT),
            other => return other,
        }
    }
    ask(body)
}

/// On to the page that shows the secret of an answer, or, of a key that has none, to its own. A form that was sent twice has
/// none the second time.
pub(super) fn to_secret(visit: &Visit, client_id: &str, answer: &mut Answer) -> Result<Reply, PageError> {
    let secrets = answer.body.as_ref().and_then(|body| body.get("secrets")?.as_array());
    if secrets.is_some_and(Vec::is_empty) {
        return Ok(Reply::see_other(visit.to(&format!("/api-keys/{client_id}?notice=key-made"))));
    }
    let reply = Reply::see_other(visit.to(&format!("/api-keys/{client_id}/secret")));
    match answer.body.as_mut().and_then(|body| body.get_mut("client_secret")) {
        Some(Value::String(secret)) => {
            let (name, value) = shown_once::hand_over(visit, client_id, secret)?;
            secret.zeroize();
            Ok(reply.with_header(name, value))
        }
        _ => Ok(reply),
    }
}

/// When somebody last asked with the key, for those who are about to take it away.
fn last_use(visit: &Visit, key: &Key) -> String {
    let Some(at) = key.last_used_at else { return "It was never used.".to_owned() };
    let from = key.last_used_ip.as_ref().map(|ip| format!(" from {ip}")).unwrap_or_default();
    format!("It was last used {}{from}.", ago(visit.inside.now.unix() - at.unix()))
}

/// How long a token may go unnoticed by those who do not ask whether it was revoked.
fn how_tokens_die(key: &Key) -> String {
    format!(
        "Every token issued to it so far is revoked. An API that verifies tokens by itself and does not ask whether they were \
         revoked notices when they expire: after {} at most.",
        in_words(key.token_lifetime_seconds)
    )
}
