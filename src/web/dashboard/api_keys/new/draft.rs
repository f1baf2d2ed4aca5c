//! What somebody has typed into the form of a key, as it is: nothing of it is judged here.

mod credential;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

pub(super) use credential::{TypedCredential, known_kind};

use crate::domain::api_key::AuthMethod;
use crate::domain::time::Timestamp;
use crate::web::dashboard::api_keys::known::Scopes;
use crate::web::dashboard::api_keys::settings::KeySettings;
use crate::web::dashboard::api_keys::words::{GrantEntry, Holding};
use crate::web::dashboard::form::Form;

/// Groups of accounts that one form has room for.
const MOST_GROUPS: usize = 20;

/// A form as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::web::dashboard::api_keys) struct Draft {
    pub(in crate::web::dashboard::api_keys) is_admin: bool,
    pub(in crate::web::dashboard::api_keys) name: String,
    /// Of an admin key; empty: the organization.
    pub(in crate::web::dashboard::api_keys) admin_account: String,
    /// The scopes at the organization.
    pub(in crate::web::dashboard::api_keys) organization: BTreeSet<String>,
    /// Accounts that get the same scopes.
    pub(in crate::web::dashboard::api_keys) groups: Vec<Group>,
    /// One a line.
    pub(in crate::web::dashboard::api_keys) ip_allowlist: String,
    pub(in crate::web::dashboard::api_keys) max_payout: String,
    /// In seconds.
    pub(in crate::web::dashboard::api_keys) token_lifetime: String,
    /// `2030-01-31`
    pub(in crate::web::dashboard::api_keys) expires_on: String,
    pub(in crate::web::dashboard::api_keys) plan: String,
    pub(in crate::web::dashboard::api_keys) auth_method: String,
    pub(in crate::web::dashboard::api_keys) credential: TypedCredential,
    /// Whether every token must be bound to the client.
    pub(in crate::web::dashboard::api_keys) require_bound_tokens: bool,
}

/// Accounts and what is held on each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::web::dashboard::api_keys) struct Group {
    /// Every account, present and future.
    pub(in crate::web::dashboard::api_keys) everywhere: bool,
    pub(in crate::web::dashboard::api_keys) accounts: BTreeSet<String>,
    pub(in crate::web::dashboard::api_keys) scopes: BTreeSet<String>,
}

/// By target: `None` is the organization, `*` every account.
type ByTarget = BTreeMap<Option<String>, BTreeSet<String>>;

impl Draft {
    /// A form that nobody has filled in yet, with the method that most take.
    pub(super) fn empty(usual: AuthMethod) -> Self {
        Self {
            groups: vec![Group::default()],
            token_lifetime: "3600".to_owned(),
            auth_method: usual.as_str().to_owned(),
            credential: TypedCredential::of_form(&Form::default()),
            ..Self::default()
        }
    }

    /// What was sent.
    pub(in crate::web::dashboard::api_keys) fn of_form(form: &Form) -> Self {
        let groups = form.text("groups").parse().unwrap_or(1).clamp(1, MOST_GROUPS);
        let text = |name: &str| form.trimmed(name).to_owned();
        Self {
            is_admin: form.text("kind") == "admin",
            name: text("name"),
            admin_account: text("admin_account"),
            organization: picked(form, "organization"),
            groups: (0..groups).map(|index| Group::of_form(form, index)).collect(),
            ip_allowlist: text("ip_allowlist"),
            max_payout: text("max_payout"),
            token_lifetime: text("token_lifetime"),
            expires_on: text("expires_on"),
            plan: text("plan"),
            auth_method: text("auth_method"),
            credential: TypedCredential::of_form(form),
            require_bound_tokens: form.has("require_bound_tokens"),
        }
    }

    /// A key that is there.
    pub(in crate::web::dashboard::api_keys) fn of_key(name: &str, holding: &Holding, settings: &KeySettings) -> Self {
        let mut draft = Self {
            is_admin: holding.is_admin(),
            name: name.to_owned(),
            admin_account: holding.account_id.clone().unwrap_or_default(),
            ip_allowlist: settings.ip_allowlist.join("\n"),
            max_payout: settings.max_payout.clone().unwrap_or_default(),
            token_lifetime: settings.token_lifetime_seconds.to_string(),
            expires_on: settings.expires_at.map(day).unwrap_or_default(),
            plan: settings.plan.clone().unwrap_or_default(),
            auth_method: settings.credential.token_endpoint_auth_method.clone(),
            credential: TypedCredential::of_key(&settings.credential),
            require_bound_tokens: settings.credential.require_bound_tokens,
            ..Self::default()
        };
        for grant in &holding.grants {
            let scopes: BTreeSet<String> = grant.scopes.iter().cloned().collect();
            match grant.account_id.as_deref() {
                None => draft.organization = scopes,
                Some("*") => draft.groups.push(Group { everywhere: true, scopes, ..Group::default() }),
                Some(id) => match draft.groups.iter_mut().find(|group| !group.everywhere && group.scopes == scopes) {
                    Some(alike) => drop(alike.accounts.insert(id.to_owned())),
                    None => {
                        let accounts = BTreeSet::from([id.to_owned()]);
                        draft.groups.push(Group { everywhere: false, accounts, scopes });
                    }
                },
            }
        }
        if draft.groups.is_empty() {
            draft.groups.push(Group::default());
        }
        draft
    }

    /// With another group of accounts.
    pub(in crate::web::dashboard::api_keys) fn add_group(&mut self) {
        if self.groups.len() < MOST_GROUPS {
            self.groups.push(Group::default());
        }
    }

    /// Without one; there is always one left.
    pub(in crate::web::dashboard::api_keys) fn remove_group(&mut self, index: usize) {
        if index < self.groups.len() {
            self.groups.remove(index);
        }
        if self.groups.is_empty() {
            self.add_group();
        }
    }

    /// Groups with scopes for no account, by number from 1 on: nothing of them would reach the key.
    pub(in crate::web::dashboard::api_keys) fn groups_without_accounts(&self) -> Vec<usize> {
        let lost = |group: &Group| !group.everywhere && group.accounts.is_empty() && !group.scopes.is_empty();
        self.groups.iter().enumerate().filter(|(_, group)| lost(group)).map(|(index, _)| index + 1).collect()
    }

    /// What the key would hold, each target once.
    fn by_target(&self) -> ByTarget {
        let mut all = ByTarget::new();
        if !self.organization.is_empty() {
            all.insert(None, self.organization.clone());
        }
        for group in &self.groups {
            let everywhere = group.everywhere.then(|| "*".to_owned());
            let named = group.accounts.iter().filter(|_| !group.everywhere).cloned();
            for target in everywhere.into_iter().chain(named) {
                all.entry(Some(target)).or_default().extend(group.scopes.iter().cloned());
            }
        }
        all
    }

    /// What the key would hold, as the management API spells it.
    pub(in crate::web::dashboard::api_keys) fn holding(&self) -> Holding {
        if self.is_admin {
            let account_id = (!self.admin_account.is_empty()).then(|| self.admin_account.clone());
            return Holding { kind: "admin".to_owned(), account_id, grants: Vec::new() };
        }
        let grant = |(account_id, scopes): (Option<String>, BTreeSet<String>)| GrantEntry {
            account_id,
            scopes: scopes.into_iter().collect(),
        };
        Holding { kind: "scoped".to_owned(), account_id: None, grants: self.by_target().into_iter().map(grant).collect() }
    }

    /// Whether both would hold the same, whatever is named beside what includes it.
    fn holds_as(&self, other: &Self, scopes: &Scopes) -> bool {
        let bare = |draft: &Self| {
            let without_implied = |held: &BTreeSet<String>| -> BTreeSet<String> {
                let implied: BTreeSet<&str> =
                    held.iter().flat_map(|name| scopes.implied_by(name)).map(|scope| scope.name.as_str()).collect();
                held.iter().filter(|name| !implied.contains(name.as_str())).cloned().collect()
            };
            draft.by_target().into_iter().map(|(target, held)| (target, without_implied(&held))).collect::<ByTarget>()
        };
        bare(self) == bare(other)
    }

    /// The body that makes such a key.
    pub(super) fn body(&self) -> Map<String, Value> {
        let mut body = self.settings();
        body.insert("token_endpoint_auth_method".to_owned(), json!(self.auth_method));
        body.extend(self.method().map(|method| self.credential.members(method)).unwrap_or_default());
        if self.is_admin {
            body.insert("kind".to_owned(), json!("admin"));
            body.insert("account_id".to_owned(), or_null(&self.admin_account));
        } else {
            body.insert("grants".to_owned(), self.grants());
        }
        body
    }

    /// The body that makes a key of `before` such a key: what differs alone.
    pub(in crate::web::dashboard::api_keys) fn body_of_edit(&self, before: &Self, scopes: &Scopes) -> Map<String, Value> {
        let old = before.settings();
        let mut body: Map<String, Value> =
            self.settings().into_iter().filter(|(name, value)| old.get(name) != Some(value)).collect();
        if !self.is_admin && !self.holds_as(before, scopes) {
            body.insert("grants".to_owned(), self.grants());
        }
        if let Some(method) = self.method() {
            let credential = self.credential.members_of_edit(method);
            if credential != before.credential.members_of_edit(method) {
                body.extend(credential);
            }
        }
        body
    }

    fn grants(&self) -> Value {
        let grant =
            |(account_id, scopes): (Option<String>, BTreeSet<String>)| json!({"account_id": account_id, "scopes": scopes});
        self.by_target().into_iter().map(grant).collect()
    }

    /// The members that an edit may change, but for the grants and for what the key is recognised by.
    fn settings(&self) -> Map<String, Value> {
        // What is no number is sent as it is: the operation says what is wrong with it.
        let lifetime = self.token_lifetime.parse::<i64>().map_or_else(|_| json!(self.token_lifetime), |seconds| json!(seconds));
        let expires_at = if self.expires_on.is_empty() { Value::Null } else { json!(format!("{}T00:00:00Z", self.expires_on)) };
        let members = [
            ("name", json!(self.name)),
            ("ip_allowlist", self.addresses().collect()),
            ("max_payout", or_null(&self.max_payout)),
            ("token_lifetime_seconds", lifetime),
            ("plan", or_null(&self.plan)),
            ("expires_at", expires_at),
            ("require_bound_tokens", json!(self.require_bound_tokens)),
        ];
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// How it proves itself, when that is something that this server knows.
    pub(in crate::web::dashboard::api_keys) fn method(&self) -> Option<AuthMethod> {
        self.auth_method.parse().ok()
    }

    /// The lines of the allowlist.
    pub(in crate::web::dashboard::api_keys) fn addresses(&self) -> impl Iterator<Item = &str> {
        self.ip_allowlist.split(['\n', ',']).map(str::trim).filter(|line| !line.is_empty())
    }
}

impl Group {
    fn of_form(form: &Form, index: usize) -> Self {
        let typed = form.text(&format!("ids.{index}")).split_whitespace().map(str::to_owned);
        Self {
            everywhere: form.text(&format!("reach.{index}")) == "all",
            accounts: form.all(&format!("accounts.{index}")).map(str::to_owned).chain(typed).collect(),
            scopes: picked(form, &format!("group.{index}")),
        }
    }
}

/// The scopes that were picked under a prefix: `group.0` of boxes, `group.0.7` of the seventh row's choice.
fn picked(form: &Form, prefix: &str) -> BTreeSet<String> {
    let is_under = |name: &str| name.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let values = form.fields().filter(|(name, value)| is_under(name) && !value.is_empty());
    values.map(|(_, value)| value.to_owned()).collect()
}

fn or_null(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { json!(text) }
}

/// The day of a time, UTC.
fn day(time: Timestamp) -> String {
    time.to_string().chars().take_while(|c| *c != 'T').collect()
}

#[cfg(test)]
mod tests;
