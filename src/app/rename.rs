//! Gives accounts and resource servers other names.

use serde_json::json;

use super::catalogue::find_resource_server;
use super::{AppError, Work};
use crate::domain::account::Account;
use crate::domain::audit_event::AuditEntry;
use crate::domain::id::{AccountId, OrganizationId, ResourceServerId};
use crate::domain::name::Name;
use crate::domain::resource_server::ResourceServer;
use crate::store::{Change, accounts, catalogue};

/// Renames an account of that organization; `None` leaves its name as it is.
///
/// # Errors
/// [`AppError::NotFound`], also when it is another organization's.
pub fn rename_account(
    work: &mut Work<'_, '_>,
    organization_id: OrganizationId,
    id: AccountId,
    name: Option<Name>,
) -> Result<Account, AppError> {
    let before = accounts::find(work.transaction.reading(), id)?
        .filter(|account| account.organization_id == organization_id)
        .ok_or_else(|| AppError::not_found("account", id))?;
    let account = Account { name: name.unwrap_or_else(|| before.name.clone()), ..before.clone() };
    if account != before {
        accounts::rename(work.transaction, id, &account.name)?;
        work.transaction.changed(Change::Account(id));
        work.audit(edited(AuditEntry::done("account.edited", Some(organization_id), id), &before.name, &account.name));
    }
    Ok(account)
}

/// Renames a resource server; `None` leaves its name as it is.
///
/// # Errors
/// [`AppError::NotFound`]; [`AppError::Forbidden`] for this server's own API.
pub fn rename_resource_server(
    work: &mut Work<'_, '_>,
    id: ResourceServerId,
    name: Option<Name>,
) -> Result<ResourceServer, AppError> {
    let before = find_resource_server(work, id)?;
    let server = ResourceServer { name: name.unwrap_or_else(|| before.name.clone()), ..before.clone() };
    if server != before {
        catalogue::rename_resource_server(work.transaction, id, &server.name)?;
        work.transaction.changed(Change::Catalogue);
        work.audit(edited(AuditEntry::done("resource_server.edited", None, id), &before.name, &server.name));
    }
    Ok(server)
}

fn edited(entry: AuditEntry, before: &Name, after: &Name) -> AuditEntry {
    entry.changing(Some(json!({"name": before})), Some(json!({"name": after})))
}
