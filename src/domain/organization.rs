//! Organizations: the customers of the platform, and the platform itself.

use serde::Serialize;
use utoipa::ToSchema;

use super::id::OrganizationId;
use super::name::Name;
use super::plan::{PlanLimits, PlanName};
use super::profile::OrganizationProfile;
use super::time::Timestamp;

impl OrganizationId {
    /// Whether it is the platform's own organization, which the first migration makes with an id of zeros.
    pub fn is_platform(self) -> bool {
        self == Self::platform()
    }

    /// The platform's own organization.
    pub fn platform() -> Self {
        Self::from_parts(0, 0)
    }
}

/// A customer of the platform; everything but the catalogue belongs to exactly one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Organization {
    /// `org_…`
    pub id: OrganizationId,
    /// Shown to people.
    pub name: Name,
    /// True for the platform's own organization: its keys may hold platform-level scopes. There is exactly one.
    pub platform: bool,
    /// The rate plan of its keys that have none of their own; `None`: the server's default.
    pub plan: Option<PlanName>,
    /// What the plan `enterprise` means for its keys.
    pub enterprise_limits: PlanLimits,
    /// How strict it is by itself: what the server demands holds besides.
    pub profile: OrganizationProfile,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How much there is of an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OrganizationCounts {
    /// Its accounts.
    pub accounts: i64,
    /// Its API keys, in whatever state.
    pub api_keys: i64,
    /// Its people, invited and disabled ones too.
    pub users: i64,
}
