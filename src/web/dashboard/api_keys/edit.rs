//! `/api-keys/{client_id}/edit`: everything of a key but its kind, id and secrets.

use actix_web::http::StatusCode;
use askama::Template;
use serde_json::json;

use super::new::{Draft, FormView, Ground, Pressed, Summary, group_errors, key_errors, lifetime};
use super::settings::SetKey;
use crate::app::caller::Denied;
use crate::domain::time::Timestamp;
use crate::web::api::{ApiError, Method};
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::view::When;
use crate::web::dashboard::visit::{Errors, Visit};

const PATH: &str = "/api-keys/{client_id}";

#[derive(Template)]
#[template(path = "dashboard/api_keys/edit.html")]
struct EditPage {
    shell: Shell,
    form: FormView,
    client_id: String,
    /// The name that it has.
    name: String,
    /// The state that the form was made from.
    seen: String,
    revoke_tokens: bool,
    /// How long its tokens live on.
    lifetime: String,
    expires_at: Option<When>,
}

/// `GET /api-keys/{client_id}/edit`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    let (key, before) = current(visit)?;
    page(visit, &key, (before.clone(), &before), Errors::default(), StatusCode::OK)
}

/// `POST /api-keys/{client_id}/edit`
pub(in crate::web::dashboard) fn submit(visit: &Visit) -> Result<Reply, PageError> {
    let (key, before) = current(visit)?;
    let mut draft = sent(visit, &before);
    match Pressed::of(visit) {
        Pressed::Save => return save(visit, &key, draft, &before),
        Pressed::Check => {}
        Pressed::AddGroup => draft.add_group(),
        Pressed::RemoveGroup(index) => draft.remove_group(index),
    }
    page(visit, &key, (draft, &before), Errors::default(), StatusCode::OK)
}

/// `POST /api-keys/{client_id}/edit/summary`: the part of the page that says what would change.
pub(in crate::web::dashboard) fn summary(visit: &Visit) -> Result<Reply, PageError> {
    let (_, before) = current(visit)?;
    let draft = sent(visit, &before);
    let ground = Ground::read(visit, &draft)?;
    Reply::page(&Summary::of_edit(&draft, &before, &ground.scopes, &ground.accounts))
}

fn current(visit: &Visit) -> Result<(SetKey, Draft), PageError> {
    if !visit.may(Method::Patch, PATH) {
        return Err(ApiError::from(Denied::Role).into());
    }
    let key = SetKey::of_path(visit)?;
    let before = Draft::of_key(&key.name, &key.holding, &key.settings);
    Ok((key, before))
}

/// What was sent, with what an edit can't change as it is.
fn sent(visit: &Visit, before: &Draft) -> Draft {
    Draft {
        is_admin: before.is_admin,
        admin_account: before.admin_account.clone(),
        auth_method: before.auth_method.clone(),
        ..Draft::of_form(&visit.form)
    }
}

fn save(visit: &Visit, key: &SetKey, draft: Draft, before: &Draft) -> Result<Reply, PageError> {
    let mut errors = group_errors(&draft);
    if visit.form.text("seen") != key.updated_at.to_string() {
        // Saving now would undo what somebody else has just done.
        let general = "Somebody has changed this key meanwhile. Beside the form stands what saving it would change now.";
        errors.general = Some(general.to_owned());
        return page(visit, key, (draft, before), errors, StatusCode::CONFLICT);
    }
    if !errors.is_empty() {
        return page(visit, key, (draft, before), errors, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let ground = Ground::read(visit, &draft)?;
    let mut body = draft.body_of_edit(before, &ground.scopes);
    let revokes = visit.form.has("revoke_tokens");
    if revokes {
        body.insert("revoke_tokens".to_owned(), json!(true));
    }
    let to_key = |notice: &str| Reply::see_other(visit.to(&format!("/api-keys/{}?notice={notice}", key.client_id)));
    if body.is_empty() {
        return Ok(to_key("key-unchanged"));
    }
    match visit.change(Method::Patch, PATH, &[("client_id", &key.client_id)], body) {
        Ok(_) => Ok(to_key(if revokes { "key-edited-and-revoked" } else { "key-edited" })),
        Err(error) => page(visit, key, (draft, before), key_errors(error)?, StatusCode::UNPROCESSABLE_ENTITY),
    }
}

fn page(
    visit: &Visit,
    key: &SetKey,
    (draft, before): (Draft, &Draft),
    errors: Errors,
    status: StatusCode,
) -> Result<Reply, PageError> {
    let ground = Ground::read(visit, &draft)?;
    let is_midnight = |at: &Timestamp| at.unix() % 86_400 == 0;
    let page = EditPage {
        shell: Shell::new(visit, &format!("Edit {}", key.name), Section::ApiKeys),
        form: FormView::new(visit, &ground, draft, Some(before), errors)?,
        client_id: key.client_id.clone(),
        name: key.name.clone(),
        seen: key.updated_at.to_string(),
        revoke_tokens: visit.form.has("revoke_tokens"),
        lifetime: lifetime(&key.settings.token_lifetime_seconds.to_string()),
        expires_at: key.settings.expires_at.filter(|at| !is_midnight(at)).map(When),
    };
    Reply::page_as(status, &page)
}
