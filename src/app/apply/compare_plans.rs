//! The rate plans of the file beside those that are there.

use std::collections::HashSet;

use super::compare::{Comparison, Step};
use super::document::{Document, OrganizationSpec};
use crate::domain::plan::Plan;

impl Comparison {
    pub(super) fn plans(&mut self, document: &Document) {
        let mut seen = HashSet::new();
        for spec in &document.plans {
            if !seen.insert(&spec.name) {
                self.fault(spec.line, "plans.name", format!("{} stands here twice", spec.name));
                continue;
            }
            let before = self.plans.iter().find(|plan| plan.name == spec.name).cloned();
            let limits = before.as_ref().map(|plan| plan.limits).unwrap_or_default();
            let after = Plan {
                name: spec.name.clone(),
                limits: spec.limits.of(limits),
                dry_run: spec.dry_run.or(before.as_ref().map(|plan| plan.dry_run)).unwrap_or(false),
            };
            if after.name.is_enterprise() && !after.limits.is_unlimited() {
                self.fault(spec.line, "plans.name", "the limits of enterprise are set for each organization");
                continue;
            }
            match before {
                Some(before) if before == after => {}
                Some(before) => self.steps.push(Step::ChangePlan { before, after }),
                None => self.steps.push(Step::CreatePlan(after)),
            }
        }
    }

    /// Whether the plan of an organization is, or will be, there.
    pub(super) fn plan_of(&mut self, spec: &OrganizationSpec, document: &Document) {
        let Some(name) = &spec.plan else { return };
        let known = self.plans.iter().any(|plan| plan.name == *name) || document.plans.iter().any(|plan| plan.name == *name);
        if !known {
            self.fault(spec.line, "organizations.plan", format!("there is no plan {name}"));
        }
    }
}
