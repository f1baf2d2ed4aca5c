//! Makes an account of an organization.

use serde_json::json;

use super::{AppError, Work, random_bits};
use crate::clock;
use crate::domain::account::Account;
use crate::domain::audit_event::AuditEntry;
use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::name::Name;
use crate::store::{Change, accounts, organizations};

/// Makes an account of this name.
///
/// # Errors
/// [`AppError::NotFound`] when there is no such organization.
pub fn create_account(work: &mut Work<'_, '_>, organization_id: OrganizationId, name: Name) -> Result<Account, AppError> {
    let id = AccountId::from_parts(clock::unix_milliseconds(), random_bits()?);
    let account = Account { id, organization_id, name, created_at: work.now };
    organizations::find(work.transaction.reading(), organization_id)?
        .ok_or_else(|| AppError::not_found("organization", organization_id))?;
    accounts::insert(work.transaction, &account)?;
    work.transaction.changed(Change::Account(id));
    work.audit(
        AuditEntry::done("account.created", Some(organization_id), id).changing(None, Some(json!({"name": account.name}))),
    );
    Ok(account)
}
