//! Makes keys.

use super::fields::{SettingsInput, grants};
use super::{check_kind, location, own, view};
use crate::app::create_api_key::{NewApiKey, create_api_key, duplicate_api_key};
use crate::domain::Invalid;
use crate::domain::api_key::KeyKind;
use crate::web::api::answer::Answer;
use crate::web::api::call::Call;
use crate::web::api::input::{Input, present, string, text};
use crate::web::api::problem::ApiError;

/// `POST /api-keys`
pub(in crate::web::api) fn create(call: &Call) -> Result<Answer, ApiError> {
    let mut input = call.input();
    let name = input.required("name", text);
    let kind = kind(&mut input);
    let auth_method = input.optional("token_endpoint_auth_method", text).unwrap_or_default();
    let settings = SettingsInput::read(&mut input, None, &call.management.networks);
    input.finish()?;
    let kind = present(kind)?;
    check_kind(call, &kind)?;
    let new = NewApiKey {
        organization_id: call.organization_id()?,
        kind,
        settings: settings.into_settings(present(name)?),
        auth_method,
    };
    call.change(|work| {
        let (key, secret) = create_api_key(work, new)?;
        let id = key.client_id;
        Answer::created(location(id), &view(work, key)?.with_secret(secret.as_ref()))
    })
}

/// `kind` with what belongs to it; `None` when an error was noted.
fn kind(input: &mut Input<'_>) -> Option<KeyKind> {
    let is_admin = input.optional("kind", |value| match string(value, 16)?.as_str() {
        "admin" => Ok(true),
        "scoped" => Ok(false),
        _ => Err(Invalid::new("kind", "invalid_kind", "must be admin or scoped")),
    });
    if input.has("kind") && is_admin.is_none() {
        return None;
    }
    if is_admin == Some(true) {
        if input.has("grants") {
            input.refuse("grants", "not_allowed", "an admin key has no grants");
        }
        input.optional("grants", |_| Ok(()));
        Some(KeyKind::Admin(input.nullable("account_id", text).flatten()))
    } else {
        if input.nullable("account_id", |_| Ok(())).flatten().is_some() {
            input.refuse("account_id", "not_allowed", "a scoped key has grants instead of an account_id");
        }
        input.required("grants", grants).map(KeyKind::Scoped)
    }
}

/// `POST /api-keys/{client_id}/duplicate`
pub(in crate::web::api) fn duplicate(call: &Call) -> Result<Answer, ApiError> {
    call.no_input()?;
    let id = call.id("client_id")?;
    call.change(|work| {
        own(work, call, id)?;
        let (key, secret) = duplicate_api_key(work, id)?;
        let id = key.client_id;
        Answer::created(location(id), &view(work, key)?.with_secret(secret.as_ref()))
    })
}
