//! `claviger apply`: makes the database have what a file says. What the file does not name stays as it is.
//!
//! 1. *Read* the file ([`Document`]).
//! 2. *Compare* it with the database: the steps to be taken, and every fault.
//! 3. *Take* the steps, all of them in one transaction, each with its row in the audit log.

mod compare;
mod compare_organizations;
mod compare_plans;
mod document;
mod reader;

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

use self::compare::{NewScope, Step};
use super::catalogue::{self as catalogue_use_cases, create_resource_server, create_scope};
use super::create_account::create_account;
use super::create_organization::create_organization;
use super::organizations::edit_organization;
use super::plans::{create_plan, edit_plan};
use super::{AppError, Management, Work};
use crate::domain::actor::Actor;
use crate::domain::audit_event::AuditEntry;
use crate::domain::organization::Organization;
use crate::domain::plan::PlanLimits;
use crate::domain::profile::OrganizationProfile;
use crate::store::{Change, Db, accounts, catalogue};

pub use document::{Document, MAX_FILE_BYTES};
pub use reader::Fault;

/// Why nothing was changed.
#[derive(Debug)]
pub enum ApplyError {
    /// The file is wrong, or does not fit what is there.
    Faults(Vec<Fault>),
    /// Anything else.
    App(AppError),
}

impl fmt::Display for ApplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Faults(faults) => {
                for fault in faults {
                    writeln!(f, "{fault}")?;
                }
                f.write_str("nothing was changed")
            }
            Self::App(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ApplyError {}

impl<E: Into<AppError>> From<E> for ApplyError {
    fn from(error: E) -> Self {
        Self::App(error.into())
    }
}

/// Something that is, or would be, made or changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// `create` or `change`.
    pub action: &'static str,
    /// `resource_server`, `scope`, `plan`, `organization` or `account`.
    pub kind: &'static str,
    /// What it is called: its identifier or name before the change.
    pub name: String,
    /// Its id, when it is there and has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What changes of it, as it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// The same as it will be.
    pub after: Value,
}

/// What [`apply`] would do.
///
/// # Errors
/// [`ApplyError`].
pub fn preview(db: &Db, document: &Document) -> Result<Vec<Difference>, ApplyError> {
    let (steps, faults) = db.read(|connection| compare::compare(connection, document))?;
    if faults.is_empty() { Ok(steps.iter().flat_map(differences).collect()) } else { Err(ApplyError::Faults(faults)) }
}

/// Makes the database have what the file says; says what was done for that.
///
/// # Errors
/// [`ApplyError`]; nothing was changed then.
pub fn apply(management: &Management, actor: &Actor, document: &Document) -> Result<Vec<Difference>, ApplyError> {
    let mut found = Vec::new();
    let outcome = management.change(actor, |work| {
        let (steps, faults) = compare::compare(work.transaction.reading(), document)?;
        if !faults.is_empty() {
            found = faults;
            return Err(AppError::Conflict("the file does not fit what is there".to_owned()));
        }
        let done = steps.iter().flat_map(differences).collect();
        steps.into_iter().try_for_each(|step| take(work, step))?;
        Ok(done)
    });
    if found.is_empty() { Ok(outcome?) } else { Err(ApplyError::Faults(found)) }
}

fn differences(step: &Step) -> Vec<Difference> {
    let create = |kind, name: &dyn fmt::Display, after| Difference {
        action: "create",
        kind,
        name: name.to_string(),
        id: None,
        before: None,
        after,
    };
    let change = |kind, id, name: &dyn fmt::Display, before, after| {
        // As the audit log tells it: only what differs.
        let AuditEntry { before, after, .. } = AuditEntry::done("", None, "").changing(Some(before), Some(after));
        Difference { action: "change", kind, name: name.to_string(), id, before, after: after.unwrap_or_default() }
    };
    let rename = |kind, id: &dyn fmt::Display, name: &dyn fmt::Display, before: &str, after: &str| {
        change(kind, Some(id.to_string()), name, json!({"name": before}), json!({"name": after}))
    };
    match step {
        Step::CreateServer { identifier, name } => {
            vec![create("resource_server", identifier, json!({"identifier": identifier, "name": name}))]
        }
        Step::RenameServer { server, name } => {
            vec![rename("resource_server", &server.id, &server.identifier, server.name.as_str(), name.as_str())]
        }
        Step::CreateScope(NewScope { name, resource_server, level, description, implies }) => {
            let after = json!({
                "name": name,
                "resource_server": resource_server,
                "level": level,
                "description": description,
                "implies": implies,
            });
            vec![create("scope", name, after)]
        }
        Step::ChangeScope { scope, description, implies } => {
            let before = json!({"description": scope.description, "implies": scope.implies});
            let after = json!({"description": description, "implies": implies});
            vec![change("scope", Some(scope.id.to_string()), &scope.name, before, after)]
        }
        Step::CreatePlan(plan) => vec![create("plan", &plan.name, json!(plan))],
        Step::ChangePlan { before, after } => vec![change("plan", None, &before.name, json!(before), json!(after))],
        Step::CreateOrganization { name, plan, enterprise_limits, profile, accounts } => {
            let mut after = json!({"name": name, "plan": plan});
            let limits = (!enterprise_limits.is_unlimited()).then(|| ("enterprise_limits", json!(enterprise_limits)));
            let profile = (*profile != OrganizationProfile::Default).then(|| ("profile", json!(profile)));
            if let Some(members) = after.as_object_mut() {
                members.extend(limits.into_iter().chain(profile).map(|(name, value)| (name.to_owned(), value)));
            }
            let own = create("organization", name, after);
            let theirs =
                accounts.iter().map(|account| create("account", account, json!({"name": account, "organization": name})));
            std::iter::once(own).chain(theirs).collect()
        }
        Step::ChangeOrganization { before, after } => {
            vec![change("organization", Some(before.id.to_string()), &before.name, json!(before), json!(after))]
        }
        Step::CreateAccount { organization, name } => {
            vec![create("account", name, json!({"name": name, "organization_id": organization}))]
        }
        Step::RenameAccount { account, name } => {
            vec![rename("account", &account.id, &account.name, account.name.as_str(), name.as_str())]
        }
    }
}

fn take(work: &mut Work<'_, '_>, step: Step) -> Result<(), AppError> {
    let names = |before: &dyn fmt::Display, after: &dyn fmt::Display| {
        (Some(json!({"name": before.to_string()})), Some(json!({"name": after.to_string()})))
    };
    match step {
        Step::CreateServer { identifier, name } => create_resource_server(work, identifier, name).map(drop),
        Step::RenameServer { server, name } => {
            catalogue::rename_resource_server(work.transaction, server.id, &name)?;
            work.transaction.changed(Change::Catalogue);
            let (before, after) = names(&server.name, &name);
            work.audit(AuditEntry::done("resource_server.edited", None, server.id).changing(before, after));
            Ok(())
        }
        Step::CreateScope(NewScope { name, resource_server, level, description, implies }) => {
            let resource_server = catalogue_use_cases::ServerName::Identifier(resource_server);
            let new = catalogue_use_cases::NewScope { name, resource_server, level, description, implies };
            create_scope(work, new).map(drop)
        }
        Step::ChangeScope { scope, description, implies } => {
            catalogue::change_scope(work.transaction, &scope.name, &description, &implies)?;
            work.transaction.changed(Change::Catalogue);
            let before = json!({"description": scope.description, "implies": scope.implies});
            let after = json!({"description": description, "implies": implies});
            work.audit(AuditEntry::done("scope.edited", None, scope.id).changing(Some(before), Some(after)));
            Ok(())
        }
        Step::CreatePlan(plan) => create_plan(work, plan).map(drop),
        Step::ChangePlan { after, .. } => {
            let change = |limits: &mut PlanLimits, dry_run: &mut bool| {
                (*limits, *dry_run) = (after.limits, after.dry_run);
                Ok(())
            };
            edit_plan(work, &after.name, change).map(drop)
        }
        Step::CreateOrganization { name, plan, enterprise_limits, profile, accounts } => {
            let id = create_organization(work, name)?.id;
            // Nothing is written when it is to have none of these.
            edit_organization(work, id, |organization| {
                (organization.plan, organization.enterprise_limits, organization.profile) = (plan, enterprise_limits, profile);
                Ok(())
            })?;
            accounts.into_iter().try_for_each(|name| create_account(work, id, name).map(drop))
        }
        Step::ChangeOrganization { before, after } => {
            let change = |altered: &mut Organization| {
                *altered = after;
                Ok(())
            };
            edit_organization(work, before.id, change).map(drop)
        }
        Step::CreateAccount { organization, name } => create_account(work, organization, name).map(drop),
        Step::RenameAccount { account, name } => {
            accounts::rename(work.transaction, account.id, &name)?;
            work.transaction.changed(Change::Account(account.id));
            let (before, after) = names(&account.name, &name);
            work.audit(AuditEntry::done("account.edited", Some(account.organization_id), account.id).changing(before, after));
            Ok(())
        }
    }
}
