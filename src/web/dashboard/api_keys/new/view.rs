//! The form of a key as its page shows it: the same for a new key and for one that is edited.

use serde::Deserialize;

use super::draft::known_kind;
use super::draft::{Draft, Group};
use super::matrix::{Server, ServerRows, matrix};
use super::summary::Summary;
use crate::domain::api_key::AuthMethod;
use crate::domain::certificate_subject::SubjectKind;
use crate::domain::scope::Level;
use crate::web::dashboard::api_keys::credential::{choice, subject_kind_in_words};
use crate::web::dashboard::api_keys::known::{Accounts, Listed, Scopes};
use crate::web::dashboard::duration::grouped;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::visit::{Errors, Visit};

/// What the form is filled from.
pub(in crate::web::dashboard::api_keys) struct Ground {
    pub(in crate::web::dashboard::api_keys) scopes: Scopes,
    pub(in crate::web::dashboard::api_keys) accounts: Accounts,
}

impl Ground {
    /// Asks for the catalogue and the accounts; those that the draft names are there even when they are too many for a list.
    pub(in crate::web::dashboard::api_keys) fn read(visit: &Visit, draft: &Draft) -> Result<Self, PageError> {
        let mut accounts = Accounts::read(visit)?;
        accounts.add_named(visit, draft.groups.iter().flat_map(|group| &group.accounts).map(String::as_str));
        Ok(Self { scopes: Scopes::read(visit)?, accounts })
    }
}

/// The form.
pub(in crate::web::dashboard::api_keys) struct FormView {
    pub(in crate::web::dashboard::api_keys) draft: Draft,
    pub(in crate::web::dashboard::api_keys) errors: Errors,
    pub(in crate::web::dashboard::api_keys) others: Vec<String>,
    /// Whether the key is there already.
    pub(in crate::web::dashboard::api_keys) is_edit: bool,
    pub(in crate::web::dashboard::api_keys) may_admin: bool,
    pub(in crate::web::dashboard::api_keys) organization: String,
    pub(in crate::web::dashboard::api_keys) organization_scopes: Vec<ServerRows>,
    pub(in crate::web::dashboard::api_keys) groups: Vec<GroupView>,
    pub(in crate::web::dashboard::api_keys) has_accounts: bool,
    pub(in crate::web::dashboard::api_keys) has_more_accounts: bool,
    pub(in crate::web::dashboard::api_keys) admin_accounts: Vec<Offer>,
    pub(in crate::web::dashboard::api_keys) plans: Vec<Offer>,
    /// The ways to prove itself that this server takes.
    pub(in crate::web::dashboard::api_keys) methods: Vec<MethodOffer>,
    pub(in crate::web::dashboard::api_keys) subject_kinds: Vec<Offer>,
    /// Whether this server binds every token, whatever a key says.
    pub(in crate::web::dashboard::api_keys) binds_all: bool,
    /// Whether it takes certificates.
    pub(in crate::web::dashboard::api_keys) has_certificates: bool,
    pub(in crate::web::dashboard::api_keys) issuer: String,
    pub(in crate::web::dashboard::api_keys) summary: Summary,
}

/// A way to prove itself.
pub(in crate::web::dashboard::api_keys) struct MethodOffer {
    pub(in crate::web::dashboard::api_keys) method: AuthMethod,
    pub(in crate::web::dashboard::api_keys) label: &'static str,
    pub(in crate::web::dashboard::api_keys) hint: &'static str,
    pub(in crate::web::dashboard::api_keys) checked: bool,
}

/// A group of accounts.
pub(in crate::web::dashboard::api_keys) struct GroupView {
    pub(in crate::web::dashboard::api_keys) index: usize,
    pub(in crate::web::dashboard::api_keys) number: usize,
    pub(in crate::web::dashboard::api_keys) everywhere: bool,
    pub(in crate::web::dashboard::api_keys) accounts: Vec<Offer>,
    /// Those that are in no list.
    pub(in crate::web::dashboard::api_keys) typed: String,
    pub(in crate::web::dashboard::api_keys) scopes: Vec<ServerRows>,
}

/// Something to choose.
pub(in crate::web::dashboard::api_keys) struct Offer {
    pub(in crate::web::dashboard::api_keys) value: String,
    pub(in crate::web::dashboard::api_keys) label: String,
    pub(in crate::web::dashboard::api_keys) selected: bool,
}

#[derive(Deserialize)]
struct PlanEntry {
    name: String,
    requests_per_minute: Option<i64>,
    requests_per_day: Option<i64>,
}

impl FormView {
    pub(in crate::web::dashboard::api_keys) fn new(
        visit: &Visit,
        ground: &Ground,
        draft: Draft,
        before: Option<&Draft>,
        errors: Errors,
    ) -> Result<Self, PageError> {
        let current = visit.current()?;
        let Ground { scopes, accounts } = ground;
        let servers = Server::read_all(visit)?;
        let levels: &[Level] =
            if current.organization.platform { &[Level::Organization, Level::Platform] } else { &[Level::Organization] };
        let summary = match before {
            None => Summary::of(&draft, scopes, accounts),
            Some(before) => Summary::of_edit(&draft, before, scopes, accounts),
        };
        let group = |(index, group): (usize, &Group)| GroupView {
            index,
            number: index + 1,
            everywhere: group.everywhere,
            accounts: offered(accounts, |id| group.accounts.contains(id)),
            typed: group.accounts.iter().filter(|id| !accounts.has(id)).cloned().collect::<Vec<_>>().join("\n"),
            scopes: matrix(&servers, scopes, &[Level::Account], &format!("group.{index}"), &group.scopes),
        };
        let method = |method: AuthMethod| {
            let (label, hint) = choice(method);
            MethodOffer { method, label, hint, checked: draft.method() == Some(method) }
        };
        let subject_kind = |kind: SubjectKind| Offer {
            value: kind.member().to_owned(),
            label: subject_kind_in_words(kind).to_owned(),
            selected: kind == known_kind(&draft.credential.subject_kind),
        };
        Ok(Self {
            methods: super::methods_taken_by(visit)?.into_iter().map(method).collect(),
            subject_kinds: SubjectKind::ALL.into_iter().map(subject_kind).collect(),
            binds_all: super::profile_for(visit)?.requires_bound_tokens(),
            has_certificates: visit.state.issuer.mutual_tls.is_some(),
            issuer: visit.state.issuer.issuer.clone(),
            organization_scopes: matrix(&servers, scopes, levels, "organization", &draft.organization),
            groups: draft.groups.iter().enumerate().map(group).collect(),
            others: errors.besides(&SHOWN.iter().map(|(field, _)| *field).collect::<Vec<_>>()),
            errors,
            is_edit: before.is_some(),
            may_admin: super::may_admin(visit)?,
            organization: current.organization.name.to_string(),
            has_accounts: !accounts.is_empty(),
            has_more_accounts: accounts.has_more,
            admin_accounts: offered(accounts, |id| id == draft.admin_account),
            plans: plans(visit, &draft.plan)?,
            summary,
            draft,
        })
    }

    /// Whether the form has the fields of a credential: those of the key's own method, or of each that can be chosen.
    pub(in crate::web::dashboard::api_keys) fn asks_for(&self, members: &[&str]) -> bool {
        let knows = |method: AuthMethod| method.credential_members().iter().any(|member| members.contains(member));
        if self.is_edit { self.draft.method().is_some_and(knows) } else { self.methods.iter().any(|offer| knows(offer.method)) }
    }

    /// Whether anything is wrong.
    pub(in crate::web::dashboard::api_keys) fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// What is wrong, field by field: where, its label, and what.
    pub(in crate::web::dashboard::api_keys) fn told(&self) -> Vec<(&'static str, &'static str, &str)> {
        SHOWN.iter().filter_map(|(field, label)| self.errors.on(field).map(|text| (*field, *label, text))).collect()
    }

    /// What is wrong with a field.
    pub(in crate::web::dashboard::api_keys) fn error(&self, field: &str) -> Option<&str> {
        self.errors.on(field)
    }
}

/// The members that the form has a place for, which has the member's name for its id, and their labels.
const SHOWN: &[(&str, &str)] = &[
    ("name", "Name"),
    ("kind", "Kind"),
    ("account_id", "Administers"),
    ("grants", "Permissions"),
    ("ip_allowlist", "IP allowlist"),
    ("max_payout", "Max payout"),
    ("token_lifetime_seconds", "Token lifetime"),
    ("expires_at", "Expires on"),
    ("plan", "Rate plan"),
    ("token_endpoint_auth_method", "Authentication method"),
    ("jwks", "JWK Set"),
    ("jwks_uri", "URL of the keys"),
    ("trusted_issuer", "Workload"),
    ("tls_client_auth_subject_dn", CERTIFICATE),
    ("tls_client_auth_san_dns", CERTIFICATE),
    ("tls_client_auth_san_uri", CERTIFICATE),
    ("tls_client_auth_san_ip", CERTIFICATE),
    ("tls_client_auth_san_email", CERTIFICATE),
    ("require_bound_tokens", "Bound tokens"),
];

const CERTIFICATE: &str = "Certificate";

fn offered(accounts: &Accounts, selected: impl Fn(&str) -> bool) -> Vec<Offer> {
    let offer = |id: &str, name: &str| Offer { value: id.to_owned(), label: name.to_owned(), selected: selected(id) };
    accounts.iter().map(|account| offer(&account.id, &account.name)).collect()
}

/// The plans that may be chosen, and the one that the key is on, which the platform may have chosen.
fn plans(visit: &Visit, chosen: &str) -> Result<Vec<Offer>, PageError> {
    let listed: Listed<PlanEntry> = visit.read("/organization/plans", &[], &[])?;
    let limit = |number: Option<i64>, per: &str| number.map(|number| format!("{} a {per}", grouped(number)));
    let label = |plan: &PlanEntry| {
        let limits: Vec<String> =
            [limit(plan.requests_per_minute, "minute"), limit(plan.requests_per_day, "day")].into_iter().flatten().collect();
        if limits.is_empty() { plan.name.clone() } else { format!("{}: {}", plan.name, limits.join(", ")) }
    };
    let mut all: Vec<Offer> = listed
        .data
        .iter()
        .map(|plan| Offer { value: plan.name.clone(), label: label(plan), selected: plan.name == chosen })
        .collect();
    if !chosen.is_empty() && !all.iter().any(|plan| plan.selected) {
        all.push(Offer { value: chosen.to_owned(), label: chosen.to_owned(), selected: true });
    }
    Ok(all)
}
