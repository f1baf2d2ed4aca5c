//! Makes an organization.

use super::{AppError, random_bits};
use crate::clock;
use crate::domain::id::OrganizationId;
use crate::domain::name::Name;
use crate::domain::organization::Organization;
use crate::domain::plan::PlanLimits;
use crate::store::{Change, Db, organizations};

/// Makes an organization of this name.
///
/// # Errors
/// [`AppError::Store`], [`AppError::Crypto`].
pub fn create_organization(db: &Db, name: Name) -> Result<Organization, AppError> {
    let now = clock::now();
    let id = OrganizationId::from_parts(clock::unix_milliseconds(), random_bits()?);
    let organization =
        Organization { id, name, platform: false, plan: None, enterprise_limits: PlanLimits::default(), created_at: now };
    db.write(now, |transaction| {
        organizations::insert(transaction, &organization)?;
        transaction.changed(Change::Organization(id));
        Ok::<_, AppError>(())
    })?;
    Ok(organization)
}
