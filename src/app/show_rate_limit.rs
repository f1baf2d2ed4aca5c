//! What the rate plan of a key allows, and how much of it is used at this moment.

use serde::Serialize;
use utoipa::ToSchema;

use super::AppError;
use crate::domain::id::{ClientId, OrganizationId};
use crate::domain::plan::{Limit, PlanName};
use crate::domain::time::Timestamp;
use crate::store::{Db, api_keys, meta, organizations, plans, rates};

const MINUTE_SECONDS: i64 = 60;
const DAY_SECONDS: i64 = 86_400;
/// What a node tells of its connections is good for less than that.
const CONNECTIONS_BELIEVED_SECONDS: i64 = 20;

/// The rate plan of a key at work.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RateLimit)]
pub struct RateLimitView {
    /// `key_…`
    pub client_id: ClientId,
    /// The plan that holds for it.
    pub plan: PlanName,
    /// Whose plan that is: `api_key`, `organization` or `server`.
    #[schema(pattern = "^(api_key|organization|server)$", example = "organization")]
    pub plan_of: &'static str,
    /// Whether the plan counts and reports, but refuses nothing.
    pub dry_run: bool,
    /// The present minute of the clock; `null`: without limit.
    pub minute: Option<WindowView>,
    /// The present day, UTC; `null`: without limit.
    pub day: Option<WindowView>,
    /// Requests in progress; `null`: without limit.
    pub concurrent: Option<ConcurrentView>,
}

/// A window at work.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = RateWindow)]
pub struct WindowView {
    /// Requests in the whole window.
    pub limit: u32,
    /// Requests that are used up. A server under load takes some in advance and gives back what it does not need.
    pub used: u32,
    /// When the next one begins.
    pub resets_at: Timestamp,
}

/// Requests in progress.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = ConcurrentRequests)]
pub struct ConcurrentView {
    /// At the same time.
    pub limit: u32,
    /// How many there were when the servers last told; may lag by some seconds.
    pub in_progress: u32,
}

/// The rate plan of a key of this organization.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn show_rate_limit(
    db: &Db,
    organization_id: OrganizationId,
    client_id: ClientId,
    now: Timestamp,
) -> Result<RateLimitView, AppError> {
    let (minute, day) = (begun(now, MINUTE_SECONDS), begun(now, DAY_SECONDS));
    let found = db.read(|connection| {
        let key = api_keys::find(connection, client_id)?.filter(|key| key.organization_id == organization_id);
        let organization = organizations::find(connection, organization_id)?;
        let (Some(key), Some(organization)) = (key, organization) else { return Ok(None) };
        let (name, plan_of) = match (key.settings.plan, organization.plan) {
            (Some(own), _) => (own, "api_key"),
            (None, Some(plan)) => (plan, "organization"),
            (None, None) => (meta::default_plan(connection)?.unwrap_or_else(PlanName::unlimited), "server"),
        };
        let plan = plans::find(connection, &name)?;
        let dry_run = plan.as_ref().is_some_and(|plan| plan.dry_run);
        let limits = match plan {
            Some(plan) if !plan.name.is_enterprise() => plan.limits,
            _ => organization.enterprise_limits,
        };
        let [of_minute, of_day] = rates::taken(connection, client_id, minute, day)?;
        let latest = now.plus_seconds(CONNECTIONS_BELIEVED_SECONDS);
        let in_progress = rates::connections(connection, client_id, now, latest)?;
        let window = |limit: Option<Limit>, used, began: Timestamp, seconds| {
            limit.map(|limit| WindowView { limit: limit.get(), used, resets_at: began.plus_seconds(seconds) })
        };
        Ok(Some(RateLimitView {
            client_id,
            plan: name,
            plan_of,
            dry_run,
            minute: window(limits.requests_per_minute, of_minute, minute, MINUTE_SECONDS),
            day: window(limits.requests_per_day, of_day, day, DAY_SECONDS),
            concurrent: limits.concurrent_connections.map(|limit| ConcurrentView { limit: limit.get(), in_progress }),
        }))
    })?;
    found.ok_or_else(|| AppError::not_found("API key", client_id))
}

/// When the window of this length that `now` lies in began.
const fn begun(now: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_unix(now.unix() - now.unix().rem_euclid(seconds))
}
