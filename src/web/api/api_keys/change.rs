//! Changes keys.

use super::fields::{SettingsInput, grants};
use super::{check_kind, own, view};
use crate::app::change_api_key::{self, KeyEdit};
use crate::app::{AppError, Work};
use crate::domain::api_key::ApiKey;
use crate::domain::id::ClientId;
use crate::web::api::answer::Answer;
use crate::web::api::call::Call;
use crate::web::api::input::{boolean, integer, text};
use crate::web::api::problem::ApiError;

/// `PATCH /api-keys/{client_id}`
pub(in crate::web::api) fn edit(call: &Call) -> Result<Answer, ApiError> {
    let id = call.id("client_id")?;
    let mut input = call.input();
    let name = input.optional("name", text);
    let settings = SettingsInput::read(&mut input, name, &call.management.networks);
    let edit = KeyEdit {
        grants: input.optional("grants", grants),
        revoke_tokens: input.optional("revoke_tokens", boolean).unwrap_or_default(),
    };
    input.fixed(
        &["client_id", "organization_id", "kind", "account_id", "token_endpoint_auth_method", "secrets", "client_secret"],
        "is fixed when the key is made",
    );
    input.finish()?;
    on_key(call, id, |work, id| {
        change_api_key::edit_api_key(work, id, edit, |current| {
            settings.apply(current);
            Ok(())
        })
    })
}

/// `POST /api-keys/{client_id}/regenerate`
pub(in crate::web::api) fn regenerate(call: &Call) -> Result<Answer, ApiError> {
    let id = call.id("client_id")?;
    let mut input = call.input();
    let grace_period_seconds = input.optional("grace_period_seconds", integer).unwrap_or_default();
    let revoke_tokens = input.optional("revoke_tokens", boolean).unwrap_or_default();
    input.finish()?;
    call.change(|work| {
        check_kind(call, &own(work, call, id)?.kind)?;
        let (key, secret) = change_api_key::regenerate_secret(work, id, grace_period_seconds, revoke_tokens)?;
        Answer::ok(&view(work, key)?.with_secret(Some(&secret)))
    })
}

/// `POST /api-keys/{client_id}/secrets/{secret_id}/retire`
pub(in crate::web::api) fn retire_secret(call: &Call) -> Result<Answer, ApiError> {
    call.no_input()?;
    let secret = call.id("secret_id")?;
    on_key(call, call.id("client_id")?, |work, id| change_api_key::retire_secret(work, id, Some(secret)))
}

/// `POST /api-keys/{client_id}/disable`
pub(in crate::web::api) fn disable(call: &Call) -> Result<Answer, ApiError> {
    call.no_input()?;
    on_key(call, call.id("client_id")?, change_api_key::disable_api_key)
}

/// `POST /api-keys/{client_id}/enable`
pub(in crate::web::api) fn enable(call: &Call) -> Result<Answer, ApiError> {
    call.no_input()?;
    on_key(call, call.id("client_id")?, change_api_key::enable_api_key)
}

/// `POST /api-keys/{client_id}/revoke-tokens`
pub(in crate::web::api) fn revoke_tokens(call: &Call) -> Result<Answer, ApiError> {
    call.no_input()?;
    on_key(call, call.id("client_id")?, change_api_key::revoke_tokens)
}

/// `DELETE /api-keys/{client_id}`
pub(in crate::web::api) fn delete(call: &Call) -> Result<Answer, ApiError> {
    call.no_input()?;
    let id = call.id("client_id")?;
    call.change(|work| {
        check_kind(call, &own(work, call, id)?.kind)?;
        change_api_key::delete_api_key(work, id)?;
        Ok(Answer::no_content())
    })
}

fn on_key(
    call: &Call,
    id: ClientId,
    act: impl FnOnce(&mut Work<'_, '_>, ClientId) -> Result<ApiKey, AppError>,
) -> Result<Answer, ApiError> {
    call.change(|work| {
        check_kind(call, &own(work, call, id)?.kind)?;
        let key = act(work, id)?;
        Answer::ok(&view(work, key)?)
    })
}
