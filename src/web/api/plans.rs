//! `/plans`: for operators.

use super::answer::Answer;
use super::call::Call;
use super::cursor;
use super::input::{Input, boolean, integer, present, text};
use super::problem::{ApiError, FieldError};
use crate::app::plans;
use crate::domain::Invalid;
use crate::domain::plan::{Limit, Plan, PlanLimits, PlanName};

/// `GET /plans`, in order of name
pub(super) fn list(call: &Call) -> Result<Answer, ApiError> {
    call.query.allow(&["limit", "cursor"])?;
    let after = call.query.after()?;
    let limit = usize::try_from(call.query.limit()?).unwrap_or(usize::MAX);
    // There are a few dozen of them at most.
    let mut all = plans::list_plans(&call.management.db)?;
    all.retain(|plan| after.as_ref().is_none_or(|after| plan.name.as_str() > after.as_str()));
    let has_more = all.len() > limit;
    all.truncate(limit);
    let next = all.last().filter(|_| has_more).map(|plan| cursor::encode(plan.name.as_str()));
    Answer::page(&all, next)
}

/// `GET /plans/{name}`
pub(super) fn show(call: &Call) -> Result<Answer, ApiError> {
    call.query.allow(&[])?;
    Answer::ok(&plans::show_plan(&call.management.db, &name(call)?)?)
}

/// `POST /plans`
pub(super) fn create(call: &Call) -> Result<Answer, ApiError> {
    let mut input = call.input();
    let name: Option<PlanName> = input.required("name", text);
    let limits = LimitsInput::read(&mut input);
    let dry_run = input.optional("dry_run", boolean).unwrap_or_default();
    input.finish()?;
    let name = present(name)?;
    let mut plan = Plan { name, limits: PlanLimits::default(), dry_run };
    limits.apply(&mut plan.limits);
    call.change(|work| {
        let plan = plans::create_plan(work, plan)?;
        Answer::created(format!("/api/v1/plans/{}", plan.name), &plan)
    })
}

/// `PATCH /plans/{name}`
pub(super) fn edit(call: &Call) -> Result<Answer, ApiError> {
    let name = name(call)?;
    let mut input = call.input();
    let limits = LimitsInput::read(&mut input);
    let dry_run = input.optional("dry_run", boolean);
    input.fixed(&["name"], "is fixed when the plan is made");
    input.finish()?;
    call.change(|work| {
        let plan = plans::edit_plan(work, &name, |current, is_dry_run| {
            limits.apply(current);
            *is_dry_run = dry_run.unwrap_or(*is_dry_run);
            Ok(())
        })?;
        Answer::ok(&plan)
    })
}

/// `DELETE /plans/{name}`
pub(super) fn delete(call: &Call) -> Result<Answer, ApiError> {
    call.no_input()?;
    let name = name(call)?;
    call.change(|work| {
        plans::delete_plan(work, &name)?;
        Ok(Answer::no_content())
    })
}

fn name(call: &Call) -> Result<PlanName, ApiError> {
    call.id("name")
}

/// The limits that a body names; `null` lifts one.
#[derive(Default)]
pub(super) struct LimitsInput {
    requests_per_minute: Option<Option<Limit>>,
    requests_per_day: Option<Option<Limit>>,
    concurrent_connections: Option<Option<Limit>>,
}

impl LimitsInput {
    pub(super) fn read(input: &mut Input<'_>) -> Self {
        let mut limit = |field| input.nullable(field, |value| Limit::new(field, integer(value)?));
        Self {
            requests_per_minute: limit("requests_per_minute"),
            requests_per_day: limit("requests_per_day"),
            concurrent_connections: limit("concurrent_connections"),
        }
    }

    /// Reads a member that is an object of limits. What is wrong with one of them is told of that one.
    pub(super) fn below(input: &mut Input<'_>, member: &'static str) -> Option<Self> {
        let mut wrong = Vec::new();
        let limits = input.optional(member, |value| {
            let members = value.as_object().ok_or_else(|| Invalid::new(member, "wrong_type", "must be an object of limits"))?;
            let mut inner = Input::new(members);
            let limits = Self::read(&mut inner);
            if let Err(ApiError::Invalid(errors)) = inner.finish() {
                wrong = errors;
            }
            Ok(limits)
        });
        for FieldError { field, code, detail } in wrong {
            input.refuse(format!("{member}.{field}"), code, detail);
        }
        limits
    }

    /// Alters the limits that were named.
    pub(super) fn apply(self, limits: &mut PlanLimits) {
        limits.requests_per_minute = self.requests_per_minute.unwrap_or(limits.requests_per_minute);
        limits.requests_per_day = self.requests_per_day.unwrap_or(limits.requests_per_day);
        limits.concurrent_connections = self.concurrent_connections.unwrap_or(limits.concurrent_connections);
    }
}
