//! `/organizations`

#![allow(dead_code, reason = "bodies are read member by member; these types only describe them")]

use utoipa::ToSchema;

use super::operation::Doc;
use super::parameters::{CURSOR, LIMIT, PLAN, SEARCH};
use crate::app::organizations::OrganizationDetails;
use crate::domain::name::Name;
use crate::domain::organization::Organization;
use crate::domain::plan::{Limit, PlanName};
use crate::domain::profile::OrganizationProfile;

/// What an organization is to be.
#[derive(ToSchema)]
#[schema(example = json!({"name": "Example Shop"}))]
struct NewOrganization {
    /// Shown to people.
    name: Name,
}

/// What an operator changes of an organization.
#[derive(ToSchema)]
#[schema(example = json!({"plan": "enterprise", "enterprise_limits": {"requests_per_minute": 1_200}}))]
struct OrganizationEdit {
    /// Shown to people.
    #[schema(nullable = false)]
    name: Option<Name>,
    /// The rate plan of its keys that have none of their own; `null`: the server's default.
    plan: Option<PlanName>,
    /// What the plan `enterprise` means for its keys; what is not named stays.
    #[schema(nullable = false)]
    enterprise_limits: Option<EnterpriseLimits>,
    /// How strict it is by itself. `fapi2`: its keys prove themselves asymmetrically, their tokens are bound, and nothing is
    /// signed with RS256.
    #[schema(nullable = false)]
    profile: Option<OrganizationProfile>,
}

/// Limits of an organization on the plan `enterprise`.
#[derive(ToSchema)]
struct EnterpriseLimits {
    /// `null`: no limit.
    requests_per_minute: Option<Limit>,
    /// `null`: no limit.
    requests_per_day: Option<Limit>,
    /// `null`: no limit.
    concurrent_connections: Option<Limit>,
}

pub(in crate::web::api) const LIST: Doc = Doc::new("listOrganizations", "List organizations")
    .because("Every customer and the platform itself, the newest first.")
    .lists::<Organization>()
    .query(&[LIMIT, CURSOR, SEARCH, PLAN]);

pub(in crate::web::api) const CREATE: Doc =
    Doc::new("createOrganization", "Create an organization").reads::<NewOrganization>().creates::<Organization>();

pub(in crate::web::api) const SHOW: Doc = Doc::new("showOrganization", "Show an organization")
    .because("With how much there is of it.")
    .answers::<OrganizationDetails>();

pub(in crate::web::api) const EDIT: Doc =
    Doc::new("editOrganization", "Edit an organization").reads::<OrganizationEdit>().answers::<Organization>();
