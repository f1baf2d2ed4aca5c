//! The file of `claviger apply`, checked as far as that goes without the database.

use toml::de::DeTable;

use super::reader::{Fault, Source, Table};
use crate::domain::Invalid;
use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::name::Name;
use crate::domain::plan::{Limit, PlanLimits, PlanName};
use crate::domain::profile::OrganizationProfile;
use crate::domain::resource_server::Audience;
use crate::domain::scope::{Level, ScopeName, check_description};

/// The longest file, in bytes.
pub const MAX_FILE_BYTES: usize = 8 * 1024 * 1024;

/// What there is to be.
#[derive(Debug, Default)]
pub struct Document {
    pub(super) resource_servers: Vec<ServerSpec>,
    pub(super) scopes: Vec<ScopeSpec>,
    pub(super) plans: Vec<PlanSpec>,
    pub(super) organizations: Vec<OrganizationSpec>,
}

#[derive(Debug)]
pub(super) struct ServerSpec {
    pub(super) line: usize,
    pub(super) identifier: Audience,
    pub(super) name: Option<Name>,
}

#[derive(Debug)]
pub(super) struct ScopeSpec {
    pub(super) line: usize,
    pub(super) name: ScopeName,
    pub(super) resource_server: Option<Audience>,
    pub(super) level: Option<Level>,
    pub(super) description: Option<String>,
    pub(super) implies: Option<Vec<ScopeName>>,
}

/// What is `None` stays as it is.
#[derive(Debug)]
pub(super) struct PlanSpec {
    pub(super) line: usize,
    pub(super) name: PlanName,
    pub(super) limits: LimitsSpec,
    pub(super) dry_run: Option<bool>,
}

/// What is `None` stays as it is; a limit of `Some(None)` is lifted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LimitsSpec {
    requests_per_minute: Option<Option<Limit>>,
    requests_per_day: Option<Option<Limit>>,
    concurrent_connections: Option<Option<Limit>>,
}

impl LimitsSpec {
    fn read(source: &mut Source<'_>, table: &mut Table<'_, '_>) -> Self {
        Self {
            requests_per_minute: table.limit(source, "requests_per_minute"),
            requests_per_day: table.limit(source, "requests_per_day"),
            concurrent_connections: table.limit(source, "concurrent_connections"),
        }
    }

    /// What limits become.
    pub(super) fn of(self, before: PlanLimits) -> PlanLimits {
        PlanLimits {
            requests_per_minute: self.requests_per_minute.unwrap_or(before.requests_per_minute),
            requests_per_day: self.requests_per_day.unwrap_or(before.requests_per_day),
            concurrent_connections: self.concurrent_connections.unwrap_or(before.concurrent_connections),
        }
    }
}

#[derive(Debug)]
pub(super) struct OrganizationSpec {
    pub(super) line: usize,
    pub(super) who: Named<OrganizationId>,
    pub(super) plan: Option<PlanName>,
    /// What the plan `enterprise` means for it.
    pub(super) enterprise_limits: LimitsSpec,
    pub(super) profile: Option<OrganizationProfile>,
    pub(super) accounts: Vec<AccountSpec>,
}

#[derive(Debug)]
pub(super) struct AccountSpec {
    pub(super) line: usize,
    pub(super) who: Named<AccountId>,
}

/// Names are not unique: something is meant by its id, and then a name is the one that it is to have, or by its name.
#[derive(Debug)]
pub(super) enum Named<I> {
    Id(I, Option<Name>),
    Name(Name),
}

/// A text that can be a scope's description.
struct Description(String);

impl std::str::FromStr for Description {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        check_description(text)?;
        Ok(Self(text.to_owned()))
    }
}

impl Document {
    /// Reads a file.
    ///
    /// # Errors
    /// Everything that is wrong with it, in order of the lines.
    pub fn parse(text: &str) -> Result<Self, Vec<Fault>> {
        let mut source = Source::new(text);
        if text.len() > MAX_FILE_BYTES {
            source.fault(&(0..0), "", format!("the file has more than {MAX_FILE_BYTES} bytes"));
            return Err(source.faults);
        }
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            source.fault(&error.span().unwrap_or(0..0), "", error.message());
        }
        let mut document = Self::default();
        // A file that is no TOML gives rise to strange complaints about what is in it.
        if errors.is_empty() {
            document.read(&mut source, Table::new(table.get_ref(), "", 0..0));
        }
        source.faults.sort();
        source.faults.dedup();
        if source.faults.is_empty() { Ok(document) } else { Err(source.faults) }
    }

    fn read(&mut self, source: &mut Source<'_>, mut file: Table<'_, '_>) {
        for mut table in file.tables(source, "resource_servers") {
            let (identifier, name) = (table.required(source, "identifier"), table.parsed(source, "name"));
            let line = source.line(&table.span);
            self.resource_servers.extend(identifier.map(|identifier| ServerSpec { line, identifier, name }));
            table.finish(source);
        }
        for mut table in file.tables(source, "scopes") {
            let line = source.line(&table.span);
            let name = table.required(source, "name");
            let (resource_server, level) = (table.parsed(source, "resource_server"), table.parsed(source, "level"));
            let description = table.parsed(source, "description").map(|Description(text)| text);
            let mut implies: Option<Vec<ScopeName>> = table.list(source, "implies");
            if let Some(implies) = &mut implies {
                implies.sort_unstable();
                implies.dedup();
            }
            self.scopes.extend(name.map(|name| ScopeSpec { line, name, resource_server, level, description, implies }));
            table.finish(source);
        }
        for mut table in file.tables(source, "plans") {
            let line = source.line(&table.span);
            let name = table.required(source, "name");
            let limits = LimitsSpec::read(source, &mut table);
            let dry_run = table.boolean(source, "dry_run");
            self.plans.extend(name.map(|name| PlanSpec { line, name, limits, dry_run }));
            table.finish(source);
        }
        for mut table in file.tables(source, "organizations") {
            let line = source.line(&table.span);
            let mut accounts = Vec::new();
            for mut account in table.tables(source, "accounts") {
                let line = source.line(&account.span);
                accounts.extend(named(source, &mut account).map(|who| AccountSpec { line, who }));
                account.finish(source);
            }
            let (plan, profile) = (table.parsed(source, "plan"), table.parsed(source, "profile"));
            let mut enterprise_limits = LimitsSpec::default();
            if let Some(mut limits) = table.table(source, "enterprise_limits") {
                enterprise_limits = LimitsSpec::read(source, &mut limits);
                limits.finish(source);
            }
            let who = named(source, &mut table);
            self.organizations.extend(who.map(|who| OrganizationSpec { line, who, plan, enterprise_limits, profile, accounts }));
            table.finish(source);
        }
        file.finish(source);
    }
}

fn named<I: std::str::FromStr<Err = Invalid>>(source: &mut Source<'_>, table: &mut Table<'_, '_>) -> Option<Named<I>> {
    let before = source.faults.len();
    let (id, name) = (table.parsed(source, "id"), table.parsed(source, "name"));
    match (id, name) {
        (Some(id), name) => Some(Named::Id(id, name)),
        // An id that is wrong must not make the name count alone.
        (None, Some(name)) if source.faults.len() == before => Some(Named::Name(name)),
        (None, None) if source.faults.len() == before => {
            source.fault(&table.span.clone(), "", "needs a name, or the id of one that is there");
            None
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = r#"
[[resource_servers]]
identifier = "https://payments.example.com"
name = "Payments"

[[scopes]]
name = "payments:write"
resource_server = "https://payments.example.com"
implies = ["payments:read", "payments:read"]

[[organizations]]
name = "Acme"
accounts = [{ name = "Lisbon" }, { id = "acct_01arz3ndektsv4rrffq69g5fav", name = "Porto" }]
"#;

    #[test]
    fn a_file_is_read_with_its_lines() {
        let document = Document::parse(GOOD).unwrap();
        assert_eq!(document.resource_servers[0].line, 2);
        assert_eq!((document.scopes[0].line, document.scopes[0].implies.as_ref().unwrap().len()), (6, 1));
        assert!(matches!(&document.organizations[0].who, Named::Name(name) if name.as_str() == "Acme"));
        assert!(matches!(&document.organizations[0].accounts[1].who, Named::Id(_, Some(_))));
        assert!(Document::parse("").unwrap().scopes.is_empty());
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once_and_where() {
        let text = r#"
colour = "red"
[[scopes]]
name = "a b"
levle = "account"
level = "galaxy"
[[scopes]]
description = 7
implies = ["x", 8, "y z"]
[[resource_servers]]
[[organizations]]
id = "org_x"
name = "Acme"
accounts = [{}]
[organizations.address]
[organizations.enterprise_limits]
requests_per_day = 0
per_year = 1
[[plans]]
name = "Gold"
requests_per_minute = 0
requests_per_day = "lots"
dry_run = 1
"#;
        let faults = Document::parse(text).unwrap_err();
        let told: Vec<(usize, &str)> = faults.iter().map(|fault| (fault.line, fault.member.as_str())).collect();
        let expected = [
            (2, "colour"),
            (4, "scopes.name"),
            (5, "scopes.levle"),
            (6, "scopes.level"),
            (7, "scopes.name"),
            (8, "scopes.description"),
            (9, "scopes.implies"),
            (9, "scopes.implies"),
            (10, "resource_servers.identifier"),
            (12, "organizations.id"),
            (14, ""),
            (15, "organizations.address"),
            (17, "enterprise_limits.requests_per_day"),
            (18, "enterprise_limits.per_year"),
            (20, "plans.name"),
            (21, "plans.requests_per_minute"),
            (22, "plans.requests_per_day"),
            (23, "plans.dry_run"),
        ];
        assert_eq!(told, expected, "{faults:#?}");
    }

    #[test]
    fn what_is_no_toml_is_told_with_its_line() {
        let faults = Document::parse("[[scopes]]\nname = \nlevel = 'a'\n").unwrap_err();
        assert_eq!((faults[0].line, faults[0].member.as_str()), (2, ""), "{faults:?}");
        assert_eq!(Document::parse("scopes = 1").unwrap_err()[0].member, "scopes");
        assert_eq!(Document::parse("scopes = [1]").unwrap_err()[0].member, "scopes");
        assert_eq!(Document::parse(&" ".repeat(MAX_FILE_BYTES + 1)).unwrap_err().len(), 1);
    }

    proptest! {
        #[test]
        fn no_file_makes_the_reader_fall(text in "\\PC{0,200}", at: prop::sample::Index, to in "\\PC{0,3}") {
            let _ = Document::parse(&text);
            let mut near = GOOD.to_owned();
            let at = at.index(near.len());
            near.replace_range(at..=at, &to);
            let _ = Document::parse(&near);
        }
    }
}
