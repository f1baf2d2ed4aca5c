//! `/api-keys`

mod change;
mod create;
mod explain;
mod fields;
mod read;

pub(super) use change::{delete, disable, edit, enable, regenerate, retire_secret, revoke_tokens};
pub(super) use create::{create, duplicate};
pub(super) use explain::explain;
pub(super) use read::{list, show};

use super::call::Call;
use super::problem::ApiError;
use crate::app::Work;
use crate::app::show_api_key::ApiKeyView;
use crate::domain::api_key::{ApiKey, KeyKind};
use crate::domain::id::ClientId;
use crate::domain::permission::may_manage_admin_keys;
use crate::store::{api_keys, secret_uses};

/// The key of this id, when it is one of the caller's organization.
fn own(work: &mut Work<'_, '_>, call: &Call, id: ClientId) -> Result<ApiKey, ApiError> {
    let organization_id = call.organization_id()?;
    api_keys::find(work.transaction.reading(), id)?
        .filter(|key| key.organization_id == organization_id)
        .ok_or_else(ApiError::not_found)
}

/// A key as it is shown, within the change that made it so.
fn view(work: &mut Work<'_, '_>, key: ApiKey) -> Result<ApiKeyView, ApiError> {
    let ids: Vec<_> = key.secrets.iter().map(|secret| secret.id).collect();
    let uses = secret_uses::of(work.transaction.reading(), &ids)?;
    Ok(ApiKeyView::new(key, &uses, work.now))
}

/// Admin keys are an owner's; for keys that call, the use cases refuse it.
fn check_kind(call: &Call, kind: &KeyKind) -> Result<(), ApiError> {
    match (kind, call.caller()?.role()) {
        (KeyKind::Admin(_), Some(role)) if !may_manage_admin_keys(role, call.management.roles) => {
            Err(crate::app::caller::Denied::Role.into())
        }
        _ => Ok(()),
    }
}

fn location(id: ClientId) -> String {
    format!("/api/v1/api-keys/{id}")
}
