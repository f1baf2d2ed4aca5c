//! `/plans`

#![allow(dead_code, reason = "bodies are read member by member; these types only describe them")]

use utoipa::ToSchema;

use super::operation::Doc;
use crate::domain::plan::{Limit, Plan, PlanName};

/// What a plan is to be.
#[derive(ToSchema)]
#[schema(example = json!({"name": "growth-plus", "requests_per_minute": 600, "requests_per_day": 200_000, "dry_run": true}))]
struct NewPlan {
    /// Unique; never changes.
    name: PlanName,
    /// Requests within one minute of the clock; `null`: no limit.
    requests_per_minute: Option<Limit>,
    /// Requests within one day, UTC; `null`: no limit.
    requests_per_day: Option<Limit>,
    /// Requests in progress at the same time; `null`: no limit.
    concurrent_connections: Option<Limit>,
    /// Whether it is counted and reported, but refuses nothing.
    #[schema(nullable = false)]
    dry_run: Option<bool>,
}

/// What an edit of a plan changes.
#[derive(ToSchema)]
#[schema(example = json!({"requests_per_minute": 900, "dry_run": false}))]
struct PlanEdit {
    /// Requests within one minute of the clock; `null`: no limit.
    requests_per_minute: Option<Limit>,
    /// Requests within one day, UTC; `null`: no limit.
    requests_per_day: Option<Limit>,
    /// Requests in progress at the same time; `null`: no limit.
    concurrent_connections: Option<Limit>,
    /// Whether it is counted and reported, but refuses nothing.
    #[schema(nullable = false)]
    dry_run: Option<bool>,
}

pub(in crate::web::api) const LIST: Doc = Doc::new("listPlans", "List plans").because("In order of name.").lists::<Plan>();

pub(in crate::web::api) const CREATE: Doc = Doc::new("createPlan", "Create a plan").reads::<NewPlan>().creates::<Plan>();

pub(in crate::web::api) const SHOW: Doc = Doc::new("showPlan", "Show a plan").answers::<Plan>();

pub(in crate::web::api) const EDIT: Doc =
    Doc::new("editPlan", "Edit a plan").because("What was counted so far stays counted.").reads::<PlanEdit>().answers::<Plan>();

pub(in crate::web::api) const DELETE: Doc = Doc::new("deletePlan", "Delete a plan")
    .because("Refused (`409`) while a key, an organization or the servers' default is on it.");
