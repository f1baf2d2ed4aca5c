//! `/organizations`: what operators do with the platform's customers

use super::answer::Answer;
use super::call::Call;
use super::input::{present, text};
use super::plans::LimitsInput;
use super::problem::ApiError;
use crate::app::create_organization::create_organization;
use crate::app::organizations::{edit_organization, show_organization};
use crate::domain::id::OrganizationId;
use crate::domain::organization::Organization;
use crate::domain::plan::PlanName;
use crate::store::organizations;

/// `GET /organizations`, the newest first
pub(super) fn list(call: &Call) -> Result<Answer, ApiError> {
    call.query.allow(&["limit", "cursor", "search", "plan"])?;
    let (search, limit) = (call.query.search()?, call.query.limit()?);
    let plan: Option<PlanName> = call.query.parsed("plan")?;
    let before: Option<OrganizationId> = call.query.after_id()?;
    let more = limit.saturating_add(1);
    let found = call.management.db.read(|connection| organizations::newest(connection, search, plan.as_ref(), before, more))?;
    Answer::page_of(found, limit, |organization: &Organization| organization.id)
}

/// `POST /organizations`
pub(super) fn create(call: &Call) -> Result<Answer, ApiError> {
    let mut input = call.input();
    let name = input.required("name", text);
    input.finish()?;
    let name = present(name)?;
    call.change(|work| {
        let organization = create_organization(work, name)?;
        Answer::created(format!("/api/v1/organizations/{}", organization.id), &organization)
    })
}

/// `GET /organizations/{organization_id}`
pub(super) fn show(call: &Call) -> Result<Answer, ApiError> {
    call.query.allow(&[])?;
    Answer::ok(&show_organization(&call.management.db, call.id("organization_id")?)?)
}

/// `PATCH /organizations/{organization_id}`
pub(super) fn edit(call: &Call) -> Result<Answer, ApiError> {
    let id = call.id("organization_id")?;
    let mut input = call.input();
    let name = input.optional("name", text);
    let plan = input.nullable("plan", text);
    let profile = input.optional("profile", text);
    let limits = LimitsInput::below(&mut input, "enterprise_limits");
    input.fixed(&["id", "platform", "created_at"], "can't be changed");
    input.finish()?;
    call.change(|work| {
        let organization = edit_organization(work, id, |organization| {
            organization.name = name.unwrap_or_else(|| organization.name.clone());
            organization.plan = plan.unwrap_or_else(|| organization.plan.clone());
            organization.profile = profile.unwrap_or(organization.profile);
            if let Some(limits) = limits {
                limits.apply(&mut organization.enterprise_limits);
            }
            Ok(())
        })?;
        Answer::ok(&organization)
    })
}
