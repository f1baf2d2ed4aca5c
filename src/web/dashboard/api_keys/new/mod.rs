//! `/api-keys/new`: the form of a new key.

mod draft;
mod matrix;
mod summary;
mod view;

use actix_web::http::StatusCode;
use askama::Template;
use serde_json::Value;

pub(super) use draft::Draft;
pub(super) use summary::{Summary, lifetime};
pub(super) use view::{FormView, Ground};

use crate::app::caller::Denied;
use crate::crypto::random;
use crate::domain::api_key::AuthMethod;
use crate::domain::permission::may_manage_admin_keys;
use crate::domain::profile::Profile;
use crate::oauth::metadata::methods_taken;
use crate::web::api::{ApiError, Method};
use crate::web::dashboard::api_keys::actions::{send_once, to_secret};
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::visit::{Errors, Visit, sentence};

#[derive(Template)]
#[template(path = "dashboard/api_keys/new.html")]
struct NewPage {
    shell: Shell,
    form: FormView,
    /// Names this form, so that sending it twice makes one key.
    submission: String,
}

/// What the button says that sent the form.
pub(super) enum Pressed {
    Save,
    Check,
    AddGroup,
    RemoveGroup(usize),
}

impl Pressed {
    pub(super) fn of(visit: &Visit) -> Self {
        match visit.form.text("do") {
            "check" => Self::Check,
            "add-group" => Self::AddGroup,
            other => match other.strip_prefix("remove-group-").and_then(|index| index.parse().ok()) {
                Some(index) => Self::RemoveGroup(index),
                None => Self::Save,
            },
        }
    }
}

/// Whether the person may make admin keys.
fn may_admin(visit: &Visit) -> Result<bool, PageError> {
    Ok(may_manage_admin_keys(visit.current()?.user.role, visit.state.management.roles))
}

/// What this server and the person's organization demand of keys.
fn profile_for(visit: &Visit) -> Result<Profile, PageError> {
    let issuer = &visit.state.issuer;
    Ok(issuer.profile.and(issuer.directory.profile_of(visit.current()?.user.organization_id)))
}

/// How such keys can prove themselves.
fn methods_taken_by(visit: &Visit) -> Result<Vec<AuthMethod>, PageError> {
    Ok(methods_taken(profile_for(visit)?, visit.state.issuer.mutual_tls.as_ref()))
}

/// `GET /api-keys/new`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    if !visit.may(Method::Post, "/api-keys") {
        return Err(ApiError::from(Denied::Role).into());
    }
    let usual = methods_taken_by(visit)?.first().copied().unwrap_or_default();
    page(visit, Draft::empty(usual), Errors::default(), StatusCode::OK)
}

/// `POST /api-keys/new`
pub(in crate::web::dashboard) fn submit(visit: &Visit) -> Result<Reply, PageError> {
    let mut draft = Draft::of_form(&visit.form);
    match Pressed::of(visit) {
        Pressed::Save => return create(visit, draft),
        Pressed::Check => {}
        Pressed::AddGroup => draft.add_group(),
        Pressed::RemoveGroup(index) => draft.remove_group(index),
    }
    page(visit, draft, Errors::default(), StatusCode::OK)
}

/// `POST /api-keys/new/summary`: the part of the page that says what the key would be able to do.
pub(in crate::web::dashboard) fn summary(visit: &Visit) -> Result<Reply, PageError> {
    let draft = Draft::of_form(&visit.form);
    let ground = Ground::read(visit, &draft)?;
    Reply::page(&Summary::of(&draft, &ground.scopes, &ground.accounts))
}

fn create(visit: &Visit, draft: Draft) -> Result<Reply, PageError> {
    let mut errors = group_errors(&draft);
    if !errors.is_empty() {
        return page(visit, draft, errors, StatusCode::UNPROCESSABLE_ENTITY);
    }
    match send_once(visit, "/api-keys", &[], draft.body()) {
        Ok(mut answer) => {
            let id = answer.body.as_ref().and_then(|body| body.get("client_id")).and_then(Value::as_str);
            let id = id.ok_or_else(|| ApiError::internal("a key without an id"))?.to_owned();
            to_secret(visit, &id, &mut answer)
        }
        Err(error) => {
            errors = key_errors(error)?;
            page(visit, draft, errors, StatusCode::UNPROCESSABLE_ENTITY)
        }
    }
}

/// What no request can say: scopes that are for no account.
pub(super) fn group_errors(draft: &Draft) -> Errors {
    let mut errors = Errors::default();
    if let (Some(number), false) = (draft.groups_without_accounts().first(), draft.is_admin) {
        errors.add("grants", &format!("account group {number} has permissions, but no account is chosen for it"));
    }
    errors
}

/// The errors that the form can show.
pub(super) fn key_errors(error: ApiError) -> Result<Errors, PageError> {
    match error {
        // The plans may have changed since the form was made.
        ApiError::Refused { code: "beyond_own_plan", detail, .. } => {
            let mut errors = Errors::default();
            errors.add("plan", &detail);
            Ok(errors)
        }
        ApiError::Refused { code: "idempotency_key_reused", .. } => {
            let general = "this form has made a key already; send it once more to make another, or look at the list";
            let mut errors = Errors::default();
            errors.general = Some(sentence(general));
            Ok(errors)
        }
        other => Errors::from_api(other),
    }
}

fn page(visit: &Visit, draft: Draft, errors: Errors, status: StatusCode) -> Result<Reply, PageError> {
    let ground = Ground::read(visit, &draft)?;
    let is_reused = errors.general.is_some();
    let submission = match visit.form.text("submission") {
        kept if !kept.is_empty() && !is_reused => kept.to_owned(),
        _ => random::name().map_err(ApiError::internal)?,
    };
    let form = FormView::new(visit, &ground, draft, None, errors)?;
    let shell = Shell::new(visit, "Create API key", Section::ApiKeys);
    Reply::page_as(status, &NewPage { shell, form, submission })
}
