//! Rate plans: what there is, and what it allows.

use super::AppError;
use crate::clock;
use crate::domain::Invalid;
use crate::domain::plan::{Plan, PlanLimits, PlanName};
use crate::store::{Change, Db, StoreError, meta, plans};

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
pub fn create_plan(db: &Db, plan: Plan) -> Result<Plan, AppError> {
    db.write(clock::now(), |transaction| {
        plans::insert(transaction, &plan).map_err(|error| match error {
            StoreError::UniqueViolation(_) => AppError::Conflict(format!("there is a plan {} already", plan.name)),
            other => other.into(),
        })?;
        transaction.changed(Change::Plans);
        Ok::<_, AppError>(())
    })?;
    Ok(plan)
}

/// Edits a plan: `change` gets it and alters its limits and whether it is a dry run. What was counted so far stays
/// counted.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Invalid`] for limits of `enterprise`, which each organization has of its own.
pub fn edit_plan(
    db: &Db,
    name: &PlanName,
    change: impl FnOnce(&mut PlanLimits, &mut bool) -> Result<(), Invalid>,
) -> Result<Plan, AppError> {
    db.write(clock::now(), |transaction| {
        transaction.exclusively()?;
        let mut plan = plans::find(transaction.reading(), name)?.ok_or_else(|| AppError::not_found("plan", name))?;
        change(&mut plan.limits, &mut plan.dry_run)?;
        if name.is_enterprise() && !plan.limits.is_unlimited() {
            let detail = "the limits of enterprise are set for each organization";
            return Err(Invalid::new("limits", "set_per_organization", detail).into());
        }
        plans::update(transaction, &plan)?;
        transaction.changed(Change::Plans);
        Ok(plan)
    })
}

/// Removes a plan for good.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Conflict`] while a key, an organization or the servers' default is on it.
pub fn delete_plan(db: &Db, name: &PlanName) -> Result<(), AppError> {
    if name.is_enterprise() {
        return Err(AppError::Conflict("the plan enterprise stays: its limits are the organizations'".to_owned()));
    }
    db.write(clock::now(), |transaction| {
        transaction.exclusively()?;
        if plans::find(transaction.reading(), name)?.is_none() {
            return Err(AppError::not_found("plan", name));
        }
        let default = meta::default_plan(transaction.reading())?.unwrap_or_else(PlanName::unlimited);
        if default == *name {
            return Err(AppError::Conflict(format!("the plan {name} is the servers' default-plan")));
        }
        plans::delete(transaction, name).map_err(|error| match error {
            StoreError::ForeignKeyViolation => {
                AppError::Conflict(format!("the plan {name} is in use: API keys or organizations are on it"))
            }
            other => other.into(),
        })?;
        transaction.changed(Change::Plans);
        Ok(())
    })
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
