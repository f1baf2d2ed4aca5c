//! Which rate plan an API key is on: its own, else its organization's, else the server's default.

use std::collections::HashMap;

use super::id::OrganizationId;
use super::key_entry::KeyEntry;
use super::organization::Organization;
use super::plan::{Plan, PlanLimits, PlanName};

/// What holds for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActivePlan {
    /// At least one of them is set.
    pub limits: PlanLimits,
    /// Whether it is counted and reported, but refuses nothing.
    pub dry_run: bool,
}

#[derive(Clone, Copy, Debug)]
struct Terms {
    limits: PlanLimits,
    of_organization: bool,
    dry_run: bool,
}

#[derive(Clone, Debug)]
struct OrganizationTerms {
    plan: Option<PlanName>,
    enterprise: PlanLimits,
}

/// Every plan, and what the organizations have. Immutable, replaced as a whole.
#[derive(Debug)]
pub struct RatePlans {
    plans: HashMap<PlanName, Terms>,
    /// Only those that have a plan or limits of their own.
    organizations: HashMap<OrganizationId, OrganizationTerms>,
    default: Terms,
}

impl RatePlans {
    /// Puts the plans together. A default that is not among them is without limits.
    pub fn new(plans: &[Plan], organizations: Vec<Organization>, default: &PlanName) -> Self {
        let terms =
            |plan: &Plan| Terms { limits: plan.limits, of_organization: plan.name.is_enterprise(), dry_run: plan.dry_run };
        let unlimited = Terms { limits: PlanLimits::default(), of_organization: false, dry_run: false };
        Self {
            default: plans.iter().find(|plan| plan.name == *default).map_or(unlimited, terms),
            plans: plans.iter().map(|plan| (plan.name.clone(), terms(plan))).collect(),
            organizations: organizations
                .into_iter()
                .filter(|o| o.plan.is_some() || !o.enterprise_limits.is_unlimited())
                .map(|o| (o.id, OrganizationTerms { plan: o.plan, enterprise: o.enterprise_limits }))
                .collect(),
        }
    }

    /// What holds for a key; `None`: it has no limit.
    pub fn of(&self, key: &KeyEntry) -> Option<ActivePlan> {
        let organization = if self.organizations.is_empty() { None } else { self.organizations.get(&key.organization_id) };
        let name = key.plan.as_deref().or_else(|| organization.and_then(|terms| terms.plan.as_ref()));
        let terms = name.map_or(&self.default, |name| self.plans.get(name).unwrap_or(&self.default));
        let limits = match organization {
            Some(organization) if terms.of_organization => organization.enterprise,
            _ => terms.limits,
        };
        if limits.is_unlimited() { None } else { Some(ActivePlan { limits, dry_run: terms.dry_run }) }
    }

    /// Whether the plan of this name is among them.
    pub fn knows(&self, name: &PlanName) -> bool {
        self.plans.contains_key(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::key_entry::tests::entry;
    use crate::domain::plan::Limit;
    use crate::domain::profile::OrganizationProfile;
    use crate::domain::time::Timestamp;

    fn limits(per_minute: i64) -> PlanLimits {
        PlanLimits { requests_per_minute: Some(Limit::new("x", per_minute).unwrap()), ..Default::default() }
    }

    fn plan(name: &str, limits: PlanLimits, dry_run: bool) -> Plan {
        Plan { name: name.parse().unwrap(), limits, dry_run }
    }

    fn organization(id: OrganizationId, plan: Option<&str>, enterprise_limits: PlanLimits) -> Organization {
        Organization {
            id,
            name: "Acme".parse().unwrap(),
            platform: false,
            plan: plan.map(|name| name.parse().unwrap()),
            enterprise_limits,
            profile: OrganizationProfile::Default,
            created_at: Timestamp::from_unix(0),
        }
    }

    #[test]
    fn the_keys_own_plan_comes_before_its_organizations_and_that_before_the_default() {
        let (with, without) = (OrganizationId::from_parts(0, 1), OrganizationId::from_parts(0, 2));
        let all = [
            plan("starter", limits(60), false),
            plan("growth", limits(300), true),
            plan("slow", limits(1), false),
            plan("unlimited", PlanLimits::default(), false),
        ];
        let plans =
            RatePlans::new(&all, vec![organization(with, Some("growth"), PlanLimits::default())], &"slow".parse().unwrap());
        let of = |organization, plan: Option<&str>| plans.of(&entry(organization, plan));
        assert_eq!(of(with, Some("starter")), Some(ActivePlan { limits: limits(60), dry_run: false }));
        assert_eq!(of(with, None), Some(ActivePlan { limits: limits(300), dry_run: true }));
        assert_eq!(of(without, None), Some(ActivePlan { limits: limits(1), dry_run: false }));
        assert_eq!(of(with, Some("unlimited")), None);
        // A plan that memory does not know yet counts as none.
        assert_eq!(of(without, Some("brand-new")), of(without, None));
    }

    #[test]
    fn enterprise_means_what_the_organization_has() {
        let (with, without) = (OrganizationId::from_parts(0, 1), OrganizationId::from_parts(0, 2));
        let all = [plan("enterprise", PlanLimits::default(), false), plan("unlimited", PlanLimits::default(), false)];
        let plans = RatePlans::new(&all, vec![organization(with, None, limits(7))], &PlanName::unlimited());
        assert_eq!(plans.of(&entry(with, Some("enterprise"))), Some(ActivePlan { limits: limits(7), dry_run: false }));
        assert_eq!(plans.of(&entry(without, Some("enterprise"))), None);
        assert_eq!(plans.of(&entry(with, None)), None);
    }
}
