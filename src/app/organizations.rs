//! Changes an organization.

use super::AppError;
use crate::clock;
use crate::domain::Invalid;
use crate::domain::id::OrganizationId;
use crate::domain::organization::Organization;
use crate::store::{Change, Db, StoreError, organizations};

/// Edits an organization: `change` gets it and alters its name, its plan or its enterprise limits; the rest stays.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Invalid`].
pub fn edit_organization(
    db: &Db,
    id: OrganizationId,
    change: impl FnOnce(&mut Organization) -> Result<(), Invalid>,
) -> Result<Organization, AppError> {
    db.write(clock::now(), |transaction| {
        transaction.exclusively()?;
        let before = organizations::find(transaction.reading(), id)?.ok_or_else(|| AppError::not_found("organization", id))?;
        let mut altered = before.clone();
        change(&mut altered)?;
        let after = Organization { id, platform: before.platform, created_at: before.created_at, ..altered };
        organizations::update(transaction, &after).map_err(|error| match error {
            StoreError::ForeignKeyViolation => Invalid::new("plan", "unknown", "there is no such plan").into(),
            other => AppError::from(other),
        })?;
        transaction.changed(Change::Organization(id));
        if (&after.plan, after.enterprise_limits) != (&before.plan, before.enterprise_limits) {
            transaction.changed(Change::Plans);
        }
        Ok(after)
    })
}
