//! What the limits did, for the metrics.

use metrics::{Counter, counter, describe_counter};

use super::LimitKind;
use crate::domain::plan::PlanLimits;

const DECISIONS: &str = "claviger_rate_limit_decisions_total";

/// What was decided.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outcome {
    Admitted,
    Refused,
    /// It would have been refused, were the plan not a dry run.
    DryRun,
}

const KINDS: [LimitKind; 3] = [LimitKind::Minute, LimitKind::Day, LimitKind::Concurrent];
const OUTCOMES: [&str; 3] = ["admitted", "refused", "dry_run_refused"];

/// Handles of the process-wide recorder.
pub(super) struct Counts([[Counter; 3]; 3]);

impl std::fmt::Debug for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Counts").finish_non_exhaustive()
    }
}

impl Counts {
    pub(super) fn new() -> Self {
        describe_counter!(DECISIONS, "Requests of keys with a limit, by limit and decision");
        let handle = |kind: LimitKind, outcome| counter!(DECISIONS, "limit" => kind.as_str(), "decision" => outcome);
        Self(KINDS.map(|kind| OUTCOMES.map(|outcome| handle(kind, outcome))))
    }

    /// Counts an admitted request for each limit that it has.
    pub(super) fn admitted(&self, limits: &PlanLimits) {
        let is_limited =
            [limits.requests_per_minute.is_some(), limits.requests_per_day.is_some(), limits.concurrent_connections.is_some()];
        for (kind, _) in KINDS.iter().zip(is_limited).filter(|(_, is_limited)| *is_limited) {
            self.count(*kind, Outcome::Admitted);
        }
    }

    /// Counts a decision.
    pub(super) fn count(&self, kind: LimitKind, outcome: Outcome) {
        let (kind, outcome) = (kind as usize, outcome as usize);
        if let Some(handle) = self.0.get(kind).and_then(|of_kind| of_kind.get(outcome)) {
            handle.increment(1);
        }
    }
}
