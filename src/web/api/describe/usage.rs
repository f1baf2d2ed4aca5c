//! `/usage`

use super::operation::Doc;
use super::parameters::{CURSOR, FROM, KEY, LIMIT, TO};
use crate::app::show_organization_usage::{KeySummary, OrganizationUsage};
use crate::app::show_rate_limit::RateLimitView;
use crate::app::show_usage::KeyUsage;

pub(in crate::web::api) const SHOW: Doc = Doc::new("showUsage", "Show usage")
    .because(
        "Of one key (`client_id`), by hour, scope and reason of refusal, with the scopes that nothing has asked for; or a \
         page of sums for each of your organization's keys, by scope and reason, the newest first.",
    )
    .answers::<KeyUsage>()
    .or_lists::<KeySummary>()
    .query(&[KEY, FROM, TO, LIMIT, CURSOR]);

pub(in crate::web::api) const BY_HOUR: Doc = Doc::new("showUsageByHour", "Show usage by hour")
    .because("Of all keys that your organization has, together: what a chart is made of. Deleted keys are left out.")
    .answers::<OrganizationUsage>()
    .query(&[FROM, TO]);

pub(in crate::web::api) const RATE_LIMIT: Doc = Doc::new("showRateLimit", "Show a key's rate limit")
    .because("The rate plan that holds for the key, and how much of it is used at this moment.")
    .answers::<RateLimitView>();
