//! Rate plans: what there is, and what it allows.

use serde_json::json;

use super::{AppError, Work};
use crate::clock;
use crate::domain::Invalid;
use crate::domain::actor::Principal;
use crate::domain::audit_event::AuditEntry;
use crate::domain::id::OrganizationId;
use crate::domain::organization::Organization;
use crate::domain::plan::{Plan, PlanLimits, PlanName};
use crate::store::{Change, Db, StoreError, meta, organizations, plans};

/// Every plan, in order of name.
///
/// # Errors
/// [`AppError::Store`].
pub fn list_plans(db: &Db) -> Result<Vec<Plan>, AppError> {
    Ok(db.read(plans::all)?)
}

/// The plan of this name.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn show_plan(db: &Db, name: &PlanName) -> Result<Plan, AppError> {
    db.read(|connection| plans::find(connection, name))?.ok_or_else(|| AppError::not_found("plan", name))
}

/// Makes a plan.
///
/// # Errors
/// [`AppError::Conflict`] when there is one of this name.
pub fn create_plan(work: &mut Work<'_, '_>, plan: Plan) -> Result<Plan, AppError> {
    if plans::find(work.transaction.reading(), &plan.name)?.is_some() {
        return Err(AppError::Conflict(format!("there is a plan {} already", plan.name)));
    }
    plans::insert(work.transaction, &plan)?;
    work.transaction.changed(Change::Plans);
    work.audit(AuditEntry::done("plan.created", None, &plan.name).changing(None, Some(json!(plan))));
    Ok(plan)
}

/// Edits a plan: `change` gets its limits and whether it is a dry run, and alters them. What was counted so far stays
/// counted.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Invalid`] for limits of `enterprise`, which each organization has of its own.
pub fn edit_plan(
    work: &mut Work<'_, '_>,
    name: &PlanName,
    change: impl FnOnce(&mut PlanLimits, &mut bool) -> Result<(), Invalid>,
) -> Result<Plan, AppError> {
    let before = plans::find(work.transaction.reading(), name)?.ok_or_else(|| AppError::not_found("plan", name))?;
    let mut plan = before.clone();
    change(&mut plan.limits, &mut plan.dry_run)?;
    if name.is_enterprise() && !plan.limits.is_unlimited() {
        let detail = "the limits of enterprise are set for each organization";
        return Err(Invalid::new("name", "set_per_organization", detail).into());
    }
    plans::update(work.transaction, &plan)?;
    work.transaction.changed(Change::Plans);
    work.audit(AuditEntry::done("plan.edited", None, name).changing(Some(json!(before)), Some(json!(plan))));
    Ok(plan)
}

/// Removes a plan for good.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Conflict`] while a key, an organization or the servers' default is on it.
pub fn delete_plan(work: &mut Work<'_, '_>, name: &PlanName) -> Result<(), AppError> {
    let plan = plans::find(work.transaction.reading(), name)?.ok_or_else(|| AppError::not_found("plan", name))?;
    if name.is_enterprise() {
        return Err(AppError::Conflict("the plan enterprise stays: its limits are the organizations'".to_owned()));
    }
    if *name == default_plan(work)? {
        return Err(AppError::Conflict(format!("the plan {name} is the servers' default-plan")));
    }
    plans::delete(work.transaction, name).map_err(|error| match error {
        StoreError::ForeignKeyViolation => {
            AppError::Conflict(format!("the plan {name} is in use: API keys or organizations are on it"))
        }
        other => other.into(),
    })?;
    work.transaction.changed(Change::Plans);
    work.audit(AuditEntry::done("plan.deleted", None, name).changing(Some(json!(plan)), None));
    Ok(())
}

/// Checks that whoever acts may put a key of this organization on a plan: a customer's own people and keys may narrow what
/// their organization has, and the platform alone may widen it.
pub(super) fn check_plan(work: &mut Work<'_, '_>, id: OrganizationId, plan: Option<&PlanName>) -> Result<(), AppError> {
    let is_customer = matches!(work.actor.principal, Principal::User(_) | Principal::ApiKey(_)) && !id.is_platform();
    let (Some(name), true) = (plan, is_customer) else { return Ok(()) };
    let unknown = || Invalid::new("plan", "unknown", "there is no such plan");
    let default = default_plan(work)?;
    let connection = work.transaction.reading();
    let organization = organizations::find(connection, id)?.ok_or_else(|| AppError::not_found("organization", id))?;
    let asked = plans::find(connection, name)?.ok_or_else(unknown)?;
    let own = organization.plan.as_ref().unwrap_or(&default);
    let Some(held) = plans::find(connection, own)? else { return Ok(()) };
    if is_no_wider(&for_organization(asked, &organization), &for_organization(held, &organization)) {
        return Ok(());
    }
    let detail = format!("the organization is on the plan {own}; its keys can be on that or a narrower one, not on {name}");
    Err(AppError::forbidden("beyond_own_plan", detail))
}

/// The plans that the keys of an organization may be put on by its own people, in order of name, each with the limits that
/// it has there.
///
/// # Errors
/// [`AppError::NotFound`] when there is no such organization.
pub fn plans_for_keys(db: &Db, id: OrganizationId) -> Result<Vec<Plan>, AppError> {
    let (organization, all, default) = db.read(|connection| {
        let default = meta::default_plan(connection)?.unwrap_or_else(PlanName::unlimited);
        Ok((organizations::find(connection, id)?, plans::all(connection)?, default))
    })?;
    let organization = organization.ok_or_else(|| AppError::not_found("organization", id))?;
    let mut all: Vec<Plan> = all.into_iter().map(|plan| for_organization(plan, &organization)).collect();
    let own = organization.plan.as_ref().unwrap_or(&default);
    let held = all.iter().find(|plan| plan.name == *own).cloned();
    if let Some(held) = held.filter(|_| !organization.platform) {
        all.retain(|plan| is_no_wider(plan, &held));
    }
    Ok(all)
}

/// What a plan means to an organization: `enterprise` is each one's own.
fn for_organization(plan: Plan, organization: &Organization) -> Plan {
    let limits = if plan.name.is_enterprise() { organization.enterprise_limits } else { plan.limits };
    Plan { limits, ..plan }
}

/// Whether a plan allows no more than the one held. Nothing is refused by a dry run, so it is as wide as can be.
fn is_no_wider(asked: &Plan, held: &Plan) -> bool {
    asked.limits.is_within(&held.limits) && (!asked.dry_run || held.dry_run || held.limits.is_unlimited())
}

/// What the servers of this database fall back to.
fn default_plan(work: &mut Work<'_, '_>) -> Result<PlanName, AppError> {
    Ok(meta::default_plan(work.transaction.reading())?.unwrap_or_else(PlanName::unlimited))
}

/// Makes a plan the one that the servers of this database fall back to.
///
/// # Errors
/// [`AppError::NotFound`] when there is no such plan.
pub fn adopt_default(db: &Db, name: &PlanName) -> Result<(), AppError> {
    let (exists, known) =
        db.read(|connection| Ok((plans::find(connection, name)?.is_some(), meta::default_plan(connection)?)))?;
    if !exists {
        return Err(AppError::not_found("plan", format!("{name}, which default-plan names; claviger plans list shows them")));
    }
    if known.as_ref() == Some(name) {
        return Ok(());
    }
    db.write(clock::now(), |transaction| {
        // Nodes that start together write one after the other.
        transaction.exclusively()?;
        Ok(meta::set_default_plan(transaction, name)?)
    })
}
