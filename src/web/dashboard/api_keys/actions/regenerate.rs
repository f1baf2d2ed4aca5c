//! `/api-keys/{client_id}/regenerate`: a new secret, and how long the old one lives on.

use actix_web::http::StatusCode;
use askama::Template;
use serde_json::json;

use super::{key_for, once, submission, to_secret};
use crate::domain::time::Timestamp;
use crate::web::api::Method;
use crate::web::dashboard::again::members;
use crate::web::dashboard::api_keys::key::Key;
use crate::web::dashboard::api_keys::rotation::{Rotation, Verdict, rotation};
use crate::web::dashboard::duration::ago;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::view::When;
use crate::web::dashboard::visit::{Errors, Visit};

/// How long the old secret may live on: seconds, in words, for whom.
const GRACE_PERIODS: [(i64, &str, &str); 5] = [
    (0, "It ends at once", "for a secret that somebody else may know"),
    (3_600, "1 hour", "you change the program now"),
    (86_400, "24 hours", "the next deployment is today"),
    (259_200, "3 days", "over a weekend"),
    (604_800, "7 days", "the longest"),
];

/// What is chosen unless somebody chooses.
const USUAL: i64 = 86_400;

#[derive(Template)]
#[template(path = "dashboard/api_keys/regenerate.html")]
struct RegeneratePage {
    shell: Shell,
    here: String,
    choices: Vec<Choice>,
    revoke_tokens: bool,
    /// While two secrets are live, the older one ends at once.
    rotation: Option<Rotation>,
    newest: Option<Newest>,
    submission: String,
    errors: Errors,
    key: Key,
}

struct Choice {
    seconds: i64,
    words: &'static str,
    hint: &'static str,
    ends_at: Option<When>,
    chosen: bool,
}

/// The secret that may live on.
struct Newest {
    hint: String,
    last_used: Option<String>,
    from: String,
    ends_at: Option<When>,
}

const OPERATION: &str = "/api-keys/{client_id}/regenerate";

/// `GET …/regenerate`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    page(visit, StatusCode::OK, Errors::default())
}

/// `POST …/regenerate`
pub(in crate::web::dashboard) fn submit(visit: &Visit) -> Result<Reply, PageError> {
    let mut errors = Errors::default();
    let Ok(grace) = visit.form.text("grace_period_seconds").parse::<i64>() else {
        errors.add("grace_period_seconds", "choose how long the old secret lives on");
        return page(visit, StatusCode::UNPROCESSABLE_ENTITY, errors);
    };
    let body = json!({"grace_period_seconds": grace, "revoke_tokens": visit.form.has("revoke_tokens")});
    match once(visit, OPERATION, members(body)) {
        Ok(mut answer) => to_secret(visit, visit.part("client_id"), &mut answer),
        Err(error) => page(visit, StatusCode::UNPROCESSABLE_ENTITY, Errors::from_api(error)?),
    }
}

fn page(visit: &Visit, status: StatusCode, errors: Errors) -> Result<Reply, PageError> {
    let key = key_for(visit, Method::Post, OPERATION)?;
    let now = visit.inside.now;
    let asked = visit.form.text("grace_period_seconds");
    let chosen = if asked.is_empty() { USUAL } else { asked.parse().unwrap_or(USUAL) };
    let page = RegeneratePage {
        shell: Shell::new(visit, "Regenerate the secret", Section::ApiKeys),
        here: visit.to(&key.path()),
        choices: choices(chosen, now),
        revoke_tokens: visit.form.has("revoke_tokens"),
        rotation: rotation(&key, now),
        newest: key.secrets.first().map(|secret| Newest {
            hint: secret.hint.clone(),
            last_used: secret.last_used_at.map(|at| ago(now.unix() - at.unix())),
            from: secret.last_used_ip.clone().unwrap_or_default(),
            ends_at: secret.expires_at.map(When),
        }),
        submission: submission(visit)?,
        errors,
        key,
    };
    Reply::page_as(status, &page)
}

fn choices(chosen: i64, now: Timestamp) -> Vec<Choice> {
    let choice = |(seconds, words, hint)| Choice {
        seconds,
        words,
        hint,
        ends_at: (seconds > 0).then(|| When(now.plus_seconds(seconds))),
        chosen: seconds == chosen,
    };
    GRACE_PERIODS.into_iter().map(choice).collect()
}
