//! Makes an organization.

use serde_json::json;

use super::{AppError, Work, random_bits};
use crate::clock;
use crate::domain::audit_event::AuditEntry;
use crate::domain::id::OrganizationId;
use crate::domain::name::Name;
use crate::domain::organization::Organization;
use crate::domain::plan::PlanLimits;
use crate::domain::profile::OrganizationProfile;
use crate::store::{Change, organizations};

/// Makes an organization of this name.
///
/// # Errors
/// [`AppError::Store`], [`AppError::Crypto`].
pub fn create_organization(work: &mut Work<'_, '_>, name: Name) -> Result<Organization, AppError> {
    let id = OrganizationId::from_parts(clock::unix_milliseconds(), random_bits()?);
    let organization = Organization {
        id,
        name,
        platform: false,
        plan: None,
        enterprise_limits: PlanLimits::default(),
        profile: OrganizationProfile::Default,
        created_at: work.now,
    };
    organizations::insert(work.transaction, &organization)?;
    work.transaction.changed(Change::Organization(id));
    work.audit(AuditEntry::done("organization.created", Some(id), id).changing(None, Some(json!({"name": organization.name}))));
    Ok(organization)
}
