//! `/organization`, the caller's own, and its `/accounts`

use super::answer::Answer;
use super::call::Call;
use super::input::{present, text};
use super::problem::ApiError;
use crate::app::create_account::create_account;
use crate::app::organizations::edit_organization as rename;
use crate::app::plans;
use crate::app::rename::rename_account;
use crate::domain::account::Account;
use crate::domain::id::AccountId;
use crate::store::{accounts, organizations};

/// `GET /organization`
pub(super) fn show_organization(call: &Call) -> Result<Answer, ApiError> {
    call.query.allow(&[])?;
    let id = call.organization_id()?;
    let found = call.management.db.read(|connection| organizations::find(connection, id))?;
    Answer::ok(&found.ok_or_else(ApiError::not_found)?)
}

/// `PATCH /organization`
pub(super) fn edit_organization(call: &Call) -> Result<Answer, ApiError> {
    let id = call.organization_id()?;
    let mut input = call.input();
    let name = input.optional("name", text);
    input.fixed(&["id", "platform", "plan", "enterprise_limits", "profile", "created_at"], "is the operators' to change");
    input.finish()?;
    call.change(|work| {
        let organization = rename(work, id, |organization| {
            organization.name = name.unwrap_or_else(|| organization.name.clone());
            Ok(())
        })?;
        Answer::ok(&organization)
    })
}

/// `GET /organization/plans`, in order of name
pub(super) fn plans_for_keys(call: &Call) -> Result<Answer, ApiError> {
    call.query.allow(&[])?;
    // There are a few dozen of them at most.
    Answer::page(&plans::plans_for_keys(&call.management.db, call.organization_id()?)?, None)
}

/// `GET /accounts`, the newest first
pub(super) fn list(call: &Call) -> Result<Answer, ApiError> {
    call.query.allow(&["limit", "cursor", "search"])?;
    let (id, search, limit) = (call.organization_id()?, call.query.search()?, call.query.limit()?);
    let before: Option<AccountId> = call.query.after_id()?;
    let found = call
        .management
        .db
        .read(|connection| accounts::newest_of_organization(connection, id, search, before, limit.saturating_add(1)))?;
    Answer::page_of(found, limit, |account: &Account| account.id)
}

/// `POST /accounts`
pub(super) fn create(call: &Call) -> Result<Answer, ApiError> {
    let mut input = call.input();
    let name = input.required("name", text);
    input.finish()?;
    let (id, name) = (call.organization_id()?, present(name)?);
    call.change(|work| {
        let account = create_account(work, id, name)?;
        Answer::created(format!("/api/v1/accounts/{}", account.id), &account)
    })
}

/// `GET /accounts/{account_id}`
pub(super) fn show(call: &Call) -> Result<Answer, ApiError> {
    call.query.allow(&[])?;
    let id: AccountId = call.id("account_id")?;
    let organization_id = call.organization_id()?;
    let found = call.management.db.read(|connection| accounts::find(connection, id))?;
    let found = found.filter(|account| account.organization_id == organization_id);
    Answer::ok(&found.ok_or_else(ApiError::not_found)?)
}

/// `PATCH /accounts/{account_id}`
pub(super) fn edit(call: &Call) -> Result<Answer, ApiError> {
    let id = call.id("account_id")?;
    let organization_id = call.organization_id()?;
    let mut input = call.input();
    let name = input.optional("name", text);
    input.fixed(&["id", "organization_id", "created_at"], "is fixed when the account is made");
    input.finish()?;
    call.change(|work| Answer::ok(&rename_account(work, organization_id, id, name)?))
}
