//! Makes an account of an organization.

use super::{AppError, random_bits};
use crate::clock;
use crate::domain::account::Account;
use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::name::Name;
use crate::store::{Change, Db, accounts, organizations};

/// Makes an account of this name.
///
/// # Errors
/// [`AppError::NotFound`] when there is no such organization.
pub fn create_account(db: &Db, organization_id: OrganizationId, name: Name) -> Result<Account, AppError> {
    let now = clock::now();
    let id = AccountId::from_parts(clock::unix_milliseconds(), random_bits()?);
    let account = Account { id, organization_id, name, created_at: now };
    db.write(now, |transaction| {
        organizations::find(transaction.reading(), organization_id)?
            .ok_or_else(|| AppError::not_found("organization", organization_id))?;
        accounts::insert(transaction, &account)?;
        transaction.changed(Change::Account(id));
        Ok::<_, AppError>(())
    })?;
    Ok(account)
}
