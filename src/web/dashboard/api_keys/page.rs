//! `/api-keys/{client_id}`: everything about a key.

use askama::Template;

use super::activity::{self, Activity};
use super::holding::{Held, holding};
use super::key::{Key, State};
use super::rotation::{Rotation, Verdict, old_days, rotation};
use super::snippets::{Snippet, account_to_name};
use super::use_of_key::{self, UseOfKey};
use super::without_secret::{Prover, certificate_base};
use crate::web::api::Method;
use crate::web::dashboard::duration::ago;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::usage::limits::{Limits, limits};
use crate::web::dashboard::visit::Visit;

#[derive(Template)]
#[template(path = "dashboard/api_keys/page.html")]
struct KeyPage {
    shell: Shell,
    state: State,
    /// `/api-keys/{client_id}` with the issuer's path.
    here: String,
    holding: Vec<Held>,
    rotation: Option<Rotation>,
    old_days: Option<i64>,
    last_used: Option<String>,
    usage: UseOfKey,
    activity: Option<Vec<Activity>>,
    /// The rate plan that holds for it, at work.
    limits: Limits,
    created_by: String,
    may_manage: bool,
    may_duplicate: bool,
    /// How a program takes a token, where that needs no secret.
    programs: Vec<Snippet>,
    key: Key,
}

/// `GET /api-keys/{client_id}`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    let key = Key::of_path(visit)?;
    let now = visit.inside.now;
    let holding = holding(visit, &key)?;
    let account: Vec<(&str, &str)> = account_to_name(&key.holding).map(|id| ("account", id)).into_iter().collect();
    let prover = Prover {
        issuer: &visit.state.issuer.issuer,
        certificate_base: certificate_base(&visit.state),
        client_id: &key.client_id,
        credential: &key.credential,
        parameters: &account,
    };
    Reply::page(&KeyPage {
        shell: Shell::new(visit, &key.name, Section::ApiKeys),
        state: key.state(now),
        here: visit.to(&key.path()),
        rotation: rotation(&key, now),
        old_days: old_days(&key, now),
        last_used: key.last_used_at.map(|at| ago(now.unix() - at.unix())),
        usage: use_of_key::of_key(visit, &key.client_id, &holding)?,
        holding,
        activity: activity::of_key(visit, &key.client_id)?,
        limits: limits(visit, &key.client_id)?,
        created_by: activity::creator(visit, &key.created_by)?,
        may_manage: visit.may(Method::Patch, "/api-keys/{client_id}"),
        may_duplicate: !key.is_admin() && visit.may(Method::Post, "/api-keys/{client_id}/duplicate"),
        programs: prover.programs(),
        key,
    })
}
