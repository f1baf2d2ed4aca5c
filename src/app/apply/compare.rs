//! What has to be done so that the database has what the file says: found without changing anything.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::document::{Document, ScopeSpec};
use super::reader::Fault;
use crate::domain::account::Account;
use crate::domain::id::{OrganizationId, ResourceServerId};
use crate::domain::name::Name;
use crate::domain::organization::Organization;
use crate::domain::plan::{Plan, PlanLimits, PlanName};
use crate::domain::profile::OrganizationProfile;
use crate::domain::resource_server::{Audience, ResourceServer};
use crate::domain::scope::{Level, Scope, ScopeName};
use crate::store::{DbConnection, StoreError, catalogue, organizations, plans};

/// One thing that has to be done.
#[derive(Clone, Debug)]
pub(super) enum Step {
    CreateServer {
        identifier: Audience,
        name: Option<Name>,
    },
    RenameServer {
        server: ResourceServer,
        name: Name,
    },
    CreateScope(NewScope),
    ChangeScope {
        scope: Scope,
        description: String,
        implies: Vec<ScopeName>,
    },
    CreatePlan(Plan),
    ChangePlan {
        before: Plan,
        after: Plan,
    },
    CreateOrganization {
        name: Name,
        plan: Option<PlanName>,
        enterprise_limits: PlanLimits,
        profile: OrganizationProfile,
        accounts: Vec<Name>,
    },
    ChangeOrganization {
        before: Organization,
        after: Organization,
    },
    CreateAccount {
        organization: OrganizationId,
        name: Name,
    },
    RenameAccount {
        account: Account,
        name: Name,
    },
}

/// A scope that is not there yet.
#[derive(Clone, Debug)]
pub(super) struct NewScope {
    pub(super) name: ScopeName,
    pub(super) resource_server: Audience,
    pub(super) level: Level,
    pub(super) description: String,
    pub(super) implies: Vec<ScopeName>,
}

/// Compares the file with the database: what is to be done, in an order in which it can be, and what speaks against it.
///
/// # Errors
/// [`StoreError`].
pub(super) fn compare(connection: &mut DbConnection, document: &Document) -> Result<(Vec<Step>, Vec<Fault>), StoreError> {
    let mut comparison = Comparison {
        servers: catalogue::resource_servers(connection)?,
        scopes: catalogue::scopes(connection)?,
        plans: plans::all(connection)?,
        organizations: organizations::all(connection)?,
        steps: Vec::new(),
        faults: Vec::new(),
    };
    comparison.servers(document);
    comparison.scopes(document);
    comparison.plans(document);
    let mut seen = HashSet::new();
    for spec in &document.organizations {
        comparison.plan_of(spec, document);
        comparison.organization(connection, spec, &mut seen)?;
    }
    comparison.faults.sort();
    Ok((comparison.steps, comparison.faults))
}

/// A comparison under way.
pub(super) struct Comparison {
    servers: Vec<ResourceServer>,
    scopes: Vec<Scope>,
    pub(super) plans: Vec<Plan>,
    pub(super) organizations: Vec<Organization>,
    pub(super) steps: Vec<Step>,
    faults: Vec<Fault>,
}

impl Comparison {
    pub(super) fn fault(&mut self, line: usize, member: &str, what: impl Into<String>) {
        self.faults.push(Fault { line, member: member.to_owned(), what: what.into() });
    }

    fn servers(&mut self, document: &Document) {
        let mut seen = HashSet::new();
        for spec in &document.resource_servers {
            if !seen.insert(&spec.identifier) {
                self.fault(spec.line, "resource_servers.identifier", format!("{} stands here twice", spec.identifier));
                continue;
            }
            match self.servers.iter().find(|server| server.identifier == spec.identifier).cloned() {
                Some(server) if server.builtin => {
                    self.fault(spec.line, "resource_servers.identifier", "is this server's own API, which it looks after itself");
                }
                Some(server) => {
                    if let Some(name) = spec.name.clone().filter(|name| *name != server.name) {
                        self.steps.push(Step::RenameServer { server, name });
                    }
                }
                None => {
                    self.steps.push(Step::CreateServer { identifier: spec.identifier.clone(), name: spec.name.clone() });
                }
            }
        }
    }

    fn scopes(&mut self, document: &Document) {
        let existing: HashMap<ScopeName, Scope> = self.scopes.iter().map(|scope| (scope.name.clone(), scope.clone())).collect();
        let identifiers: HashMap<ResourceServerId, (Audience, bool)> =
            self.servers.iter().map(|server| (server.id, (server.identifier.clone(), server.builtin))).collect();
        let known: HashSet<&Audience> = identifiers
            .values()
            .map(|(identifier, _)| identifier)
            .chain(document.resource_servers.iter().map(|spec| &spec.identifier))
            .collect();
        // What every scope will imply and be, for the checks across them.
        let mut implications: BTreeMap<ScopeName, Vec<ScopeName>> =
            self.scopes.iter().map(|scope| (scope.name.clone(), scope.implies.clone())).collect();
        let mut levels: HashMap<ScopeName, Level> = self.scopes.iter().map(|scope| (scope.name.clone(), scope.level)).collect();
        let (mut new, mut changed, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
        for spec in &document.scopes {
            if !seen.insert(&spec.name) {
                self.fault(spec.line, "scopes.name", format!("{} stands here twice", spec.name));
                continue;
            }
            match existing.get(&spec.name) {
                Some(scope) => {
                    let server = identifiers.get(&scope.resource_server);
                    changed.extend(self.existing_scope(spec, scope, server));
                }
                None => new.extend(self.new_scope(spec, &known)),
            }
            levels.entry(spec.name.clone()).or_insert(spec.level.unwrap_or(Level::Organization));
            if let Some(implies) = &spec.implies {
                implications.insert(spec.name.clone(), implies.clone());
            } else {
                implications.entry(spec.name.clone()).or_default();
            }
        }
        for spec in &document.scopes {
            self.implications_of(spec, &levels, &implications);
        }
        new.sort_by_cached_key(|scope: &NewScope| depth(&scope.name, &implications));
        self.steps.extend(new.into_iter().map(Step::CreateScope));
        self.steps.extend(changed);
    }

    fn new_scope(&mut self, spec: &ScopeSpec, known: &HashSet<&Audience>) -> Option<NewScope> {
        let Some(resource_server) = spec.resource_server.clone() else {
            self.fault(spec.line, "scopes.resource_server", format!("is required: there is no scope {} yet", spec.name));
            return None;
        };
        if !known.contains(&resource_server) {
            self.fault(spec.line, "scopes.resource_server", format!("there is no resource server {resource_server}"));
            return None;
        }
        if self.servers.iter().any(|server| server.builtin && server.identifier == resource_server) {
            self.fault(spec.line, "scopes.resource_server", "is this server's own API, which it looks after itself");
            return None;
        }
        Some(NewScope {
            name: spec.name.clone(),
            resource_server,
            level: spec.level.unwrap_or(Level::Organization),
            description: spec.description.clone().unwrap_or_default(),
            implies: spec.implies.clone().unwrap_or_default(),
        })
    }

    fn existing_scope(&mut self, spec: &ScopeSpec, scope: &Scope, server: Option<&(Audience, bool)>) -> Option<Step> {
        if server.is_some_and(|(_, builtin)| *builtin) {
            self.fault(
                spec.line,
                "scopes.name",
                format!("{} belongs to this server's own API, which it looks after itself", spec.name),
            );
            return None;
        }
        if spec.level.is_some_and(|level| level != scope.level) {
            let what = format!("can't be changed: {} has the level {}, and keys hold it there", spec.name, scope.level);
            self.fault(spec.line, "scopes.level", what);
        }
        if let (Some(asked), Some((identifier, _))) = (&spec.resource_server, server)
            && asked != identifier
        {
            let what = format!("can't be changed: {} is understood by {identifier}", spec.name);
            self.fault(spec.line, "scopes.resource_server", what);
        }
        let description = spec.description.clone().unwrap_or_else(|| scope.description.clone());
        let implies = spec.implies.clone().unwrap_or_else(|| scope.implies.clone());
        let before: HashSet<&ScopeName> = scope.implies.iter().collect();
        let same = description == scope.description && before == implies.iter().collect();
        (!same).then(|| Step::ChangeScope { scope: scope.clone(), description, implies })
    }

    fn implications_of(
        &mut self,
        spec: &ScopeSpec,
        levels: &HashMap<ScopeName, Level>,
        implications: &BTreeMap<ScopeName, Vec<ScopeName>>,
    ) {
        let own_level = levels.get(&spec.name).copied();
        let own_api = self.servers.iter().find(|server| server.builtin).map(|server| server.id);
        let builtin: HashSet<ScopeName> =
            self.scopes.iter().filter(|scope| Some(scope.resource_server) == own_api).map(|scope| scope.name.clone()).collect();
        for implied in spec.implies.iter().flatten() {
            match levels.get(implied) {
                None => self.fault(spec.line, "scopes.implies", format!("there is no scope {implied}")),
                level if level.copied() != own_level => {
                    self.fault(spec.line, "scopes.implies", format!("{implied} has another level than {}", spec.name));
                }
                // Or whoever may write a file like this one could give every key the management of keys.
                Some(_) if builtin.contains(implied) => {
                    self.fault(spec.line, "scopes.implies", format!("{implied} is this server's own: grant it by its name"));
                }
                Some(_) if reaches(implied, &spec.name, implications) => {
                    self.fault(spec.line, "scopes.implies", format!("{} would imply itself by way of {implied}", spec.name));
                }
                Some(_) => {}
            }
        }
    }
}

/// Whether holding `from` means holding `to`.
fn reaches(from: &ScopeName, to: &ScopeName, implications: &BTreeMap<ScopeName, Vec<ScopeName>>) -> bool {
    let (mut open, mut seen) = (vec![from], HashSet::from([from]));
    while let Some(next) = open.pop() {
        if next == to {
            return true;
        }
        open.extend(implications.get(next).into_iter().flatten().filter(|implied| seen.insert(*implied)));
    }
    false
}

/// How many scopes `name` implies, however indirectly: what implies fewer is made first.
fn depth(name: &ScopeName, implications: &BTreeMap<ScopeName, Vec<ScopeName>>) -> usize {
    let (mut open, mut seen) = (vec![name], HashSet::from([name]));
    while let Some(next) = open.pop() {
        open.extend(implications.get(next).into_iter().flatten().filter(|implied| seen.insert(*implied)));
    }
    seen.len()
}
