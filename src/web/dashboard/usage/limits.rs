//! How far a key's rate plan is used up now.

use serde::Deserialize;

use crate::web::dashboard::duration::Num;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::visit::Visit;

/// A rate plan at work.
#[derive(Debug)]
pub(in crate::web::dashboard) struct Limits {
    pub(in crate::web::dashboard) plan: String,
    /// "its own", "the organization's", "the server's default"
    pub(in crate::web::dashboard) whose: &'static str,
    pub(in crate::web::dashboard) dry_run: bool,
    /// Those that the plan has.
    pub(in crate::web::dashboard) gauges: Vec<Gauge>,
}

/// One limit.
#[derive(Debug)]
pub(in crate::web::dashboard) struct Gauge {
    /// "this minute", "today", "at once"
    pub(in crate::web::dashboard) what: &'static str,
    pub(in crate::web::dashboard) used: Num,
    pub(in crate::web::dashboard) limit: Num,
    /// From when on it is nearly used up.
    pub(in crate::web::dashboard) high: i64,
}

impl Limits {
    /// The limit of which the most is used, for a line that has no room for all of them.
    pub(in crate::web::dashboard) fn tightest(&self) -> Option<&Gauge> {
        let permille = |gauge: &&Gauge| gauge.used.0.saturating_mul(1_000).checked_div(gauge.limit.0).unwrap_or(i64::MAX);
        // Of equal ones the first: `max_by_key` takes the last.
        self.gauges.iter().rev().max_by_key(permille)
    }
}

#[derive(Deserialize)]
struct RateLimit {
    plan: String,
    plan_of: String,
    dry_run: bool,
    minute: Option<Window>,
    day: Option<Window>,
    concurrent: Option<Concurrent>,
}

#[derive(Deserialize)]
struct Window {
    limit: i64,
    used: i64,
}

#[derive(Deserialize)]
struct Concurrent {
    limit: i64,
    in_progress: i64,
}

/// What the rate plan of a key says now.
pub(in crate::web::dashboard) fn limits(visit: &Visit, client_id: &str) -> Result<Limits, PageError> {
    let told: RateLimit = visit.read("/api-keys/{client_id}/rate-limit", &[("client_id", client_id)], &[])?;
    let gauges = [
        told.minute.map(|minute| gauge("this minute", minute.used, minute.limit)),
        told.day.map(|day| gauge("today (UTC)", day.used, day.limit)),
        told.concurrent.map(|concurrent| gauge("in progress", concurrent.in_progress, concurrent.limit)),
    ];
    Ok(Limits {
        plan: told.plan,
        whose: match told.plan_of.as_str() {
            "api_key" => "the key's own",
            "organization" => "the organization's",
            _ => "the server's default",
        },
        dry_run: told.dry_run,
        gauges: gauges.into_iter().flatten().collect(),
    })
}

fn gauge(what: &'static str, used: i64, limit: i64) -> Gauge {
    Gauge { what, used: Num(used), limit: Num(limit), high: limit - limit / 5 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tightest_limit_is_the_one_of_which_the_most_is_used() {
        let tightest = |gauges: &[(&'static str, i64, i64)]| {
            let gauges = gauges.iter().map(|(what, used, limit)| gauge(what, *used, *limit)).collect();
            let limits = Limits { plan: "growth".to_owned(), whose: "", dry_run: false, gauges };
            limits.tightest().map(|gauge| gauge.what)
        };
        assert_eq!(tightest(&[]), None);
        assert_eq!(tightest(&[("minute", 0, 300), ("day", 0, 100_000), ("at once", 0, 25)]), Some("minute"));
        assert_eq!(tightest(&[("minute", 5, 300), ("day", 99_000, 100_000), ("at once", 1, 25)]), Some("day"));
        assert_eq!(tightest(&[("minute", 0, 0), ("day", 9, 10)]), Some("minute"));
    }
}
