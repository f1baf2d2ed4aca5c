//! The organizations and accounts of the file beside those that are there.

use std::collections::HashSet;

use super::compare::{Comparison, Step};
use super::document::{AccountSpec, Named, OrganizationSpec};
use crate::app::profiles::in_the_way_of;
use crate::clock;
use crate::domain::account::Account;
use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::name::Name;
use crate::domain::organization::Organization;
use crate::domain::plan::PlanLimits;
use crate::domain::profile::OrganizationProfile;
use crate::store::{DbConnection, StoreError, accounts};

/// What a name or an id of the file stands for.
#[derive(PartialEq, Eq, Hash)]
pub(super) enum Meant<I> {
    Existing(I),
    New(String),
}

impl Comparison {
    pub(super) fn organization(
        &mut self,
        connection: &mut DbConnection,
        spec: &OrganizationSpec,
        seen: &mut HashSet<Meant<OrganizationId>>,
    ) -> Result<(), StoreError> {
        let found = match &spec.who {
            Named::Id(id, _) => {
                let Some(organization) = self.organizations.iter().find(|organization| organization.id == *id).cloned() else {
                    self.fault(spec.line, "organizations.id", format!("there is no organization {id}"));
                    return Ok(());
                };
                Some(organization)
            }
            Named::Name(name) => {
                let all: Vec<&Organization> =
                    self.organizations.iter().filter(|organization| organization.name == *name).collect();
                if all.len() > 1 {
                    let what = format!(
                        "{} organizations are called {name:?}: say by its id which is meant",
                        all.len(),
                        name = name.as_str()
                    );
                    self.fault(spec.line, "organizations.name", what);
                    return Ok(());
                }
                all.first().copied().cloned()
            }
        };
        let meant = match (&found, &spec.who) {
            (Some(organization), _) => Meant::Existing(organization.id),
            (None, Named::Id(_, name)) => Meant::New(name.as_ref().map(ToString::to_string).unwrap_or_default()),
            (None, Named::Name(name)) => Meant::New(name.to_string()),
        };
        if !seen.insert(meant) {
            self.fault(spec.line, "organizations", "the same organization stands here twice");
            return Ok(());
        }
        match (found, &spec.who) {
            (Some(organization), who) => {
                let accounts = accounts::of_organization(connection, organization.id)?;
                let name = match who {
                    Named::Id(_, Some(name)) => name.clone(),
                    Named::Id(_, None) | Named::Name(_) => organization.name.clone(),
                };
                let after = Organization {
                    name,
                    plan: spec.plan.clone().or_else(|| organization.plan.clone()),
                    enterprise_limits: spec.enterprise_limits.of(organization.enterprise_limits),
                    profile: spec.profile.unwrap_or(organization.profile),
                    ..organization.clone()
                };
                if after.profile != organization.profile {
                    self.profile(connection, spec.line, after.profile)?;
                }
                if after != organization {
                    self.steps.push(Step::ChangeOrganization { before: organization.clone(), after });
                }
                self.accounts(organization.id, &accounts, &spec.accounts);
            }
            (None, Named::Name(name)) => {
                let accounts = self.new_accounts(&spec.accounts);
                let enterprise_limits = spec.enterprise_limits.of(PlanLimits::default());
                let (name, plan, profile) = (name.clone(), spec.plan.clone(), spec.profile.unwrap_or_default());
                self.profile(connection, spec.line, profile)?;
                self.steps.push(Step::CreateOrganization { name, plan, enterprise_limits, profile, accounts });
            }
            (None, Named::Id(..)) => {}
        }
        Ok(())
    }

    fn profile(&mut self, connection: &mut DbConnection, line: usize, profile: OrganizationProfile) -> Result<(), StoreError> {
        if let Some(what) = in_the_way_of(connection, profile, clock::now())? {
            self.fault(line, "organizations.profile", what);
        }
        Ok(())
    }

    fn accounts(&mut self, organization: OrganizationId, existing: &[Account], specs: &[AccountSpec]) {
        let mut seen: HashSet<Meant<AccountId>> = HashSet::new();
        for spec in specs {
            let found = match &spec.who {
                Named::Id(id, _) => match existing.iter().find(|account| account.id == *id) {
                    None => {
                        self.fault(spec.line, "accounts.id", format!("the organization has no account {id}"));
                        continue;
                    }
                    found => found,
                },
                Named::Name(name) => {
                    let all: Vec<&Account> = existing.iter().filter(|account| account.name == *name).collect();
                    if all.len() > 1 {
                        let what = format!("{} accounts are called {:?}: say by its id which is meant", all.len(), name.as_str());
                        self.fault(spec.line, "accounts.name", what);
                        continue;
                    }
                    all.first().copied()
                }
            };
            let meant = match (found, &spec.who) {
                (None, Named::Name(name)) => Meant::New(name.to_string()),
                (None, Named::Id(id, _)) => Meant::Existing(*id),
                (Some(account), _) => Meant::Existing(account.id),
            };
            if !seen.insert(meant) {
                self.fault(spec.line, "accounts", "the same account stands here twice");
                continue;
            }
            match (found, &spec.who) {
                (Some(account), Named::Id(_, Some(name))) if *name != account.name => {
                    self.steps.push(Step::RenameAccount { account: account.clone(), name: name.clone() });
                }
                (None, Named::Name(name)) => self.steps.push(Step::CreateAccount { organization, name: name.clone() }),
                _ => {}
            }
        }
    }

    fn new_accounts(&mut self, specs: &[AccountSpec]) -> Vec<Name> {
        let mut names: Vec<Name> = Vec::new();
        for spec in specs {
            match &spec.who {
                Named::Id(id, _) => {
                    self.fault(spec.line, "accounts.id", format!("the organization is new and has no account {id}"))
                }
                Named::Name(name) if names.contains(name) => {
                    self.fault(spec.line, "accounts", "the same account stands here twice");
                }
                Named::Name(name) => names.push(name.clone()),
            }
        }
        names
    }
}
