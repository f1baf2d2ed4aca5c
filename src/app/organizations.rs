//! Shows an organization, and changes it.

use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::profiles::{WEAKER_THAN_PROFILE, in_the_way_of};
use super::{AppError, Work};
use crate::domain::Invalid;
use crate::domain::audit_event::AuditEntry;
use crate::domain::id::OrganizationId;
use crate::domain::organization::{Organization, OrganizationCounts};
use crate::store::{Change, Db, StoreError, organizations};

/// An organization as operators see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OrganizationDetails {
    /// What it is.
    #[serde(flatten)]
    pub organization: Organization,
    /// How much there is of it.
    pub counts: OrganizationCounts,
}

/// The organization of this id, with how much there is of it.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn show_organization(db: &Db, id: OrganizationId) -> Result<OrganizationDetails, AppError> {
    let found = db.read(|connection| {
        let Some(organization) = organizations::find(connection, id)? else { return Ok(None) };
        let counts = organizations::counts(connection, id)?;
        Ok(Some(OrganizationDetails { organization, counts }))
    })?;
    found.ok_or_else(|| AppError::not_found("organization", id))
}

/// Edits an organization: `change` gets it and alters its name, its plan, its enterprise limits or its profile; the rest
/// stays.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Invalid`], [`AppError::Refused`] while tokens are signed with what the profile forbids.
pub fn edit_organization(
    work: &mut Work<'_, '_>,
    id: OrganizationId,
    change: impl FnOnce(&mut Organization) -> Result<(), Invalid>,
) -> Result<Organization, AppError> {
    let before = organizations::find(work.transaction.reading(), id)?.ok_or_else(|| AppError::not_found("organization", id))?;
    let mut altered = before.clone();
    change(&mut altered)?;
    let after = Organization { id, platform: before.platform, created_at: before.created_at, ..altered };
    if after == before {
        return Ok(after);
    }
    if after.profile != before.profile
        && let Some(detail) = in_the_way_of(work.transaction.reading(), after.profile, work.now)?
    {
        return Err(AppError::Refused { code: WEAKER_THAN_PROFILE, detail });
    }
    organizations::update(work.transaction, &after).map_err(|error| match error {
        StoreError::ForeignKeyViolation => Invalid::new("plan", "unknown", "there is no such plan").into(),
        other => AppError::from(other),
    })?;
    work.transaction.changed(Change::Organization(id));
    if (&after.plan, after.enterprise_limits) != (&before.plan, before.enterprise_limits) {
        work.transaction.changed(Change::Plans);
    }
    let states = (Some(json!(before)), Some(json!(after)));
    work.audit(AuditEntry::done("organization.edited", Some(id), id).changing(states.0, states.1));
    Ok(after)
}
