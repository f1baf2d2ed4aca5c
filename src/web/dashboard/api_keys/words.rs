//! What a key can do, in words.

use serde::Deserialize;

use super::known::{Accounts, ScopeEntry, Scopes};

/// What a key holds, as the management API tells it: flatten it into the struct of a key.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
pub(in crate::web::dashboard) struct Holding {
    /// `admin` or `scoped`.
    pub(in crate::web::dashboard) kind: String,
    /// Of an admin key; `None`: the organization.
    #[serde(default)]
    pub(in crate::web::dashboard) account_id: Option<String>,
    /// Of a scoped key.
    #[serde(default)]
    pub(in crate::web::dashboard) grants: Vec<GrantEntry>,
}

/// Scopes held at one target.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(in crate::web::dashboard) struct GrantEntry {
    /// `None`: the organization; `*`: every account.
    pub(in crate::web::dashboard) account_id: Option<String>,
    pub(in crate::web::dashboard) scopes: Vec<String>,
}

impl Holding {
    pub(in crate::web::dashboard) fn is_admin(&self) -> bool {
        self.kind == "admin"
    }

    /// The accounts that it names.
    pub(in crate::web::dashboard) fn accounts(&self) -> impl Iterator<Item = &str> {
        let granted = self.grants.iter().filter_map(|grant| grant.account_id.as_deref());
        self.account_id.as_deref().into_iter().chain(granted).filter(|id| *id != "*")
    }
}

/// What a key can do at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::web::dashboard) struct Reach {
    /// "The organization", "2 accounts", "Every account, present and future".
    pub(in crate::web::dashboard) place: String,
    /// The accounts' names, where some are meant.
    pub(in crate::web::dashboard) accounts: Vec<String>,
    pub(in crate::web::dashboard) abilities: Vec<Ability>,
}

/// One thing that a key can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::web::dashboard) struct Ability {
    /// "See payments"
    pub(in crate::web::dashboard) words: String,
    /// `payments:read`; empty for admin keys.
    pub(in crate::web::dashboard) scope: String,
    /// Not granted by name: another scope includes it.
    pub(in crate::web::dashboard) is_implied: bool,
}

/// What a key can do, place by place: the organization, every account, then accounts that share the same scopes.
pub(in crate::web::dashboard) fn grants_in_words(holding: &Holding, scopes: &Scopes, accounts: &Accounts) -> Vec<Reach> {
    if holding.is_admin() {
        return vec![admin_in_words(holding, accounts)];
    }
    let mut reaches = Vec::new();
    for (ids, held) in by_scopes(&holding.grants) {
        let (place, names) = match ids.as_slice() {
            [None] => ("The organization".to_owned(), Vec::new()),
            [Some("*")] => ("Every account, present and future".to_owned(), Vec::new()),
            ids => {
                let names: Vec<String> = ids.iter().flatten().map(|id| accounts.name(id).to_owned()).collect();
                (counted(names.len(), "account"), names)
            }
        };
        reaches.push(Reach { place, accounts: names, abilities: abilities(held, scopes) });
    }
    reaches
}

fn admin_in_words(holding: &Holding, accounts: &Accounts) -> Reach {
    let everything = |words: &str| vec![Ability { words: words.to_owned(), scope: String::new(), is_implied: false }];
    match &holding.account_id {
        None => Reach {
            place: "The organization".to_owned(),
            accounts: Vec::new(),
            abilities: everything("Everything at the organization's level, now and in future; nothing on accounts"),
        },
        Some(id) => Reach {
            place: counted(1, "account"),
            accounts: vec![accounts.name(id).to_owned()],
            abilities: everything("Everything on this account, now and in future; nothing elsewhere"),
        },
    }
}

/// Accounts with the same scopes together.
fn by_scopes(grants: &[GrantEntry]) -> Vec<(Vec<Option<&str>>, &[String])> {
    let mut groups: Vec<(Vec<Option<&str>>, &[String])> = Vec::new();
    for grant in grants {
        let id = grant.account_id.as_deref();
        let is_one_account = |id: Option<&str>| id.is_some_and(|id| id != "*");
        let alike = groups.iter_mut().find(|(ids, scopes)| {
            *scopes == grant.scopes && is_one_account(id) && ids.first().is_some_and(|first| is_one_account(*first))
        });
        match alike {
            Some((ids, _)) => ids.push(id),
            None => groups.push((vec![id], &grant.scopes)),
        }
    }
    groups
}

fn abilities(held: &[String], scopes: &Scopes) -> Vec<Ability> {
    let mut found: Vec<Ability> = held.iter().map(|name| ability(name, scopes.find(name), false)).collect();
    for implied in held.iter().flat_map(|name| scopes.implied_by(name)) {
        if !found.iter().any(|known| known.scope == implied.name) {
            found.push(ability(&implied.name, Some(implied), true));
        }
    }
    found
}

fn ability(name: &str, scope: Option<&ScopeEntry>, is_implied: bool) -> Ability {
    Ability { words: scope.map_or_else(|| name.to_owned(), scope_in_words), scope: name.to_owned(), is_implied }
}

/// "See payments": the catalogue's description, or what the name says where there is none.
pub(in crate::web::dashboard) fn scope_in_words(scope: &ScopeEntry) -> String {
    let description = scope.description.trim().trim_end_matches('.');
    if !description.is_empty() {
        return description.to_owned();
    }
    match scope.name.rsplit_once(':') {
        Some((resource, "read")) => format!("Read {}", spaced(resource)),
        Some((resource, "write")) if !scope.implies.is_empty() => format!("Read and change {}", spaced(resource)),
        Some((resource, "write")) => format!("Change {}", spaced(resource)),
        _ => format!("Use {}", scope.name),
    }
}

fn spaced(text: &str) -> String {
    text.replace(['-', '_', ':'], " ")
}

/// For a cell of a table: `organization`, `2 accounts`, `every account`, several joined by "and".
pub(in crate::web::dashboard) fn targets_in_short(holding: &Holding) -> String {
    if holding.is_admin() {
        return if holding.account_id.is_some() { "1 account" } else { "Organization" }.to_owned();
    }
    let has = |target: Option<&str>| holding.grants.iter().any(|grant| grant.account_id.as_deref() == target);
    let mut parts = Vec::new();
    if has(None) {
        parts.push("Organization".to_owned());
    }
    if has(Some("*")) {
        parts.push("every account".to_owned());
    }
    let named = holding.accounts().count();
    if named > 0 {
        parts.push(counted(named, "account"));
    }
    let text = parts.join(", ");
    let mut characters = text.chars();
    characters.next().map(|c| format!("{}{}", c.to_uppercase(), characters.as_str())).unwrap_or_default()
}

/// For a cell of a table: the first scopes by name and how many there are besides; "everything" for an admin key.
pub(in crate::web::dashboard) fn scopes_in_short(holding: &Holding) -> String {
    const SHOWN: usize = 2;
    if holding.is_admin() {
        return "everything".to_owned();
    }
    let mut names: Vec<&str> = Vec::new();
    for name in holding.grants.iter().flat_map(|grant| &grant.scopes) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let first = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// "1 account", "2 accounts".
pub(in crate::web::dashboard) fn counted(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::scope::Level;

    pub(in crate::web::dashboard::api_keys) fn scope(
        name: &str,
        level: Level,
        description: &str,
        implies: &[&str],
    ) -> ScopeEntry {
        ScopeEntry {
            name: name.to_owned(),
            resource_server: "https://payments.example.com".to_owned(),
            level,
            description: description.to_owned(),
            implies: implies.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn holding(json: serde_json::Value) -> Holding {
        serde_json::from_value(json).unwrap()
    }

    fn scopes() -> Scopes {
        let (o, a) = (Level::Organization, Level::Account);
        [
            scope("payments:read", o, "See payments.", &[]),
            scope("payments:write", o, "Make and refund payments", &["payments:read"]),
            scope("fx", o, "", &[]),
            scope("disputes:read", a, "", &[]),
        ]
        .into_iter()
        .collect()
    }

    #[test]
    fn what_a_key_can_do_is_told_place_by_place() {
        let key = holding(serde_json::json!({"kind": "scoped", "grants": [
            {"account_id": null, "scopes": ["fx", "payments:write"]},
            {"account_id": "acct_1", "scopes": ["disputes:read"]},
            {"account_id": "acct_2", "scopes": ["disputes:read"]},
        ]}));
        let accounts = Accounts::for_test(&[("acct_1", "Lisbon")]);
        let told = grants_in_words(&key, &scopes(), &accounts);
        let words: Vec<Vec<&str>> = told.iter().map(|r| r.abilities.iter().map(|a| a.words.as_str()).collect()).collect();
        assert_eq!(words, [vec!["Use fx", "Make and refund payments", "See payments"], vec!["Read disputes"]]);
        assert!(told[0].abilities[2].is_implied && !told[0].abilities[1].is_implied);
        assert_eq!((told[0].place.as_str(), told[1].place.as_str()), ("The organization", "2 accounts"));
        assert_eq!(told[1].accounts, ["Lisbon", "acct_2"]);
        assert_eq!(targets_in_short(&key), "Organization, 2 accounts");
        assert_eq!(scopes_in_short(&key), "fx, payments:write and 1 more");
    }

    #[test]
    fn an_admin_key_can_do_everything_at_its_target_alone() {
        let of_account = holding(serde_json::json!({"kind": "admin", "account_id": "acct_1"}));
        let told = grants_in_words(&of_account, &scopes(), &Accounts::for_test(&[("acct_1", "Lisbon")]));
        assert_eq!(told[0].accounts, ["Lisbon"]);
        assert_eq!((targets_in_short(&of_account).as_str(), scopes_in_short(&of_account).as_str()), ("1 account", "everything"));
        assert_eq!(targets_in_short(&holding(serde_json::json!({"kind": "admin", "account_id": null}))), "Organization");
        let everywhere = serde_json::json!({"kind": "scoped", "grants": [{"account_id": "*", "scopes": ["disputes:read"]}]});
        assert_eq!(targets_in_short(&holding(everywhere)), "Every account");
    }
}
