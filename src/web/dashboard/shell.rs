//! What stands around every page: who has signed in, where one can go, what has just been done.

use super::assets;
use super::notice;
use super::visit::Visit;
use crate::domain::role::Role;
use crate::web::api::Method;

/// The part of the dashboard that a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    None,
    ApiKeys,
    TryIt,
    Accounts,
    Users,
    Webhooks,
    AuditLog,
    Usage,
    Organizations,
    Plans,
    Catalogue,
    SigningKeys,
    Health,
    Profile,
}

/// A line of the navigation.
#[derive(Debug)]
pub(super) struct NavItem {
    pub(super) label: &'static str,
    pub(super) href: String,
    pub(super) current: bool,
}

/// Who has signed in.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) email: String,
    pub(super) role: &'static str,
    pub(super) organization: String,
}

/// What stands around every page.
#[derive(Debug)]
pub(super) struct Shell {
    pub(super) title: String,
    pub(super) person: Option<Person>,
    pub(super) own: Vec<NavItem>,
    pub(super) operator: Vec<NavItem>,
    /// For every form.
    pub(super) form_token: String,
    pub(super) notice: Option<&'static str>,
    /// The issuer's path, before every link.
    pub(super) base: String,
    pub(super) style: &'static str,
    pub(super) script: &'static str,
    pub(super) on_profile: bool,
}

/// The navigation: label, path, section, and the operation without which it is not shown.
const OWN: &[(&str, &str, Section, &str)] = &[
    ("API keys", "/api-keys", Section::ApiKeys, "/api-keys"),
    ("Try it", "/try-it", Section::TryIt, "/api-keys"),
    ("Usage", "/usage", Section::Usage, "/usage"),
    ("Accounts", "/accounts", Section::Accounts, "/accounts"),
    ("Users", "/users", Section::Users, "/users"),
    ("Webhooks", "/webhooks", Section::Webhooks, "/webhooks"),
    ("Audit log", "/audit-log", Section::AuditLog, "/audit-events"),
];

/// The operators' part.
const OPERATOR: &[(&str, &str, Section, &str)] = &[
    ("Organizations", "/operator/organizations", Section::Organizations, "/organizations"),
    ("Plans", "/operator/plans", Section::Plans, "/plans"),
    ("Catalogue", "/operator/catalogue", Section::Catalogue, "/organizations"),
    ("Signing keys", "/operator/signing-keys", Section::SigningKeys, "/signing-keys"),
    ("Health", "/operator/health", Section::Health, "/server"),
];

impl Shell {
    /// The shell of a page.
    pub(super) fn new(visit: &Visit, title: &str, section: Section) -> Self {
        let current = visit.inside.session.as_ref();
        let items = |rows: &[(&'static str, &str, Section, &'static str)]| {
            let shown = rows.iter().filter(|(_, _, _, operation)| visit.may(Method::Get, operation));
            shown.map(|(label, path, of, _)| NavItem { label, href: visit.to(path), current: *of == section }).collect()
        };
        Self {
            title: title.to_owned(),
            person: current.map(|current| Person {
                name: current.user.name.as_ref().map_or_else(|| current.user.email.to_string(), ToString::to_string),
                email: current.user.email.to_string(),
                role: role_in_words(current.user.role),
                organization: current.organization.name.to_string(),
            }),
            own: items(OWN),
            operator: items(OPERATOR),
            form_token: current.map(|current| visit.state.people.key.form_token(current.session.id)).unwrap_or_default(),
            notice: notice::of(visit.query.text("notice")),
            base: visit.base(),
            style: assets::version("dashboard.css"),
            script: assets::version("dashboard.js"),
            on_profile: section == Section::Profile,
        }
    }
}

/// A role as people say it.
pub(super) const fn role_in_words(role: Role) -> &'static str {
    match role {
        Role::Owner => "Owner",
        Role::Admin => "Admin",
        Role::Developer => "Developer",
    }
}

/// A role's name, as the API spells it, as people say it.
pub(super) fn role_named(name: &str) -> String {
    name.parse().map_or_else(|_| name.to_owned(), |role| role_in_words(role).to_owned())
}

/// A word with the article before it.
pub(super) fn article(word: &str) -> String {
    let article = if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {word}")
}
