//! `/scopes`

use serde_json::Value;

use super::page;
use crate::app::catalogue::{NewScope, create_scope, edit_scope};
use crate::app::delete_from_catalogue::delete_scope;
use crate::app::show_catalogue::{ScopeView, list_scopes};
use crate::domain::Invalid;
use crate::domain::id::ScopeId;
use crate::domain::scope::{Level, MAX_DESCRIPTION_CHARACTERS, ScopeName};
use crate::web::api::answer::Answer;
use crate::web::api::call::Call;
use crate::web::api::input::{list as list_of, present, string, text};
use crate::web::api::problem::ApiError;

/// `GET /scopes`, in order of name
pub(in crate::web::api) fn list(call: &Call) -> Result<Answer, ApiError> {
    call.query.allow(&["limit", "cursor"])?;
    let (scopes, next) = page(call, visible(call)?, |scope| scope.name.as_str())?;
    Answer::page(&scopes, next)
}

/// `GET /scopes/{scope}`, by id or name
pub(in crate::web::api) fn show(call: &Call) -> Result<Answer, ApiError> {
    call.query.allow(&[])?;
    Answer::ok(&find(call)?)
}

/// `POST /scopes`
pub(in crate::web::api) fn create(call: &Call) -> Result<Answer, ApiError> {
    let mut input = call.input();
    let name = input.required("name", text);
    let resource_server = input.required("resource_server", text);
    let level = input.optional("level", text).unwrap_or(Level::Organization);
    let description = input.optional("description", description).unwrap_or_default();
    let implies = input.optional("implies", names).unwrap_or_default();
    input.finish()?;
    let new = NewScope { name: present(name)?, resource_server: present(resource_server)?, level, description, implies };
    call.change(|work| {
        let (scope, server) = create_scope(work, new)?;
        Answer::created(format!("/api/v1/scopes/{}", scope.id), &ScopeView::new(scope, &server))
    })
}

/// `PATCH /scopes/{scope}`
pub(in crate::web::api) fn edit(call: &Call) -> Result<Answer, ApiError> {
    let id = find(call)?.id;
    let mut input = call.input();
    let description = input.optional("description", description);
    let implies = input.optional("implies", names);
    input.fixed(&["id", "name", "resource_server", "level", "created_at"], "is fixed when the scope is made");
    input.finish()?;
    call.change(|work| {
        let (scope, server) = edit_scope(work, id, description, implies)?;
        Answer::ok(&ScopeView::new(scope, &server))
    })
}

/// `DELETE /scopes/{scope}`
pub(in crate::web::api) fn delete(call: &Call) -> Result<Answer, ApiError> {
    call.no_input()?;
    let id = find(call)?.id;
    call.change(|work| {
        delete_scope(work, id)?;
        Ok(Answer::no_content())
    })
}

/// The scopes that the caller may know of: those of the platform's level are the operators' alone.
fn visible(call: &Call) -> Result<Vec<ScopeView>, ApiError> {
    let is_operator = call.caller()?.is_operator;
    let all = list_scopes(&call.management.db)?;
    Ok(all.into_iter().filter(|scope| is_operator || scope.level != Level::Platform).collect())
}

fn find(call: &Call) -> Result<ScopeView, ApiError> {
    let text = call.part("scope")?;
    let id: Option<ScopeId> = text.parse().ok();
    let is_it = |scope: &ScopeView| Some(scope.id) == id || scope.name.as_str() == text;
    visible(call)?.into_iter().find(is_it).ok_or_else(ApiError::not_found)
}

fn description(value: &Value) -> Result<String, Invalid> {
    let text = string(value, MAX_DESCRIPTION_CHARACTERS)?;
    crate::domain::scope::check_description(&text)?;
    Ok(text)
}

fn names(value: &Value) -> Result<Vec<ScopeName>, Invalid> {
    list_of(value, text)
}
