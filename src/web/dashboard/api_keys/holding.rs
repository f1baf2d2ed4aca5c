//! What a key may do, target by target: the scopes that it was given, and what they include.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::key::{Grant, Key};
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::visit::Visit;

/// What a key holds at one target.
#[derive(Debug)]
pub(super) struct Held {
    /// Whose: the organization, an account by its name, all accounts.
    pub(super) target: String,
    pub(super) account_id: Option<String>,
    /// What that means, in a sentence.
    pub(super) meaning: &'static str,
    pub(super) scopes: Vec<HeldScope>,
}

/// A scope that was given.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HeldScope {
    pub(super) name: String,
    pub(super) description: String,
    /// What holding it means holding too.
    pub(super) includes: Vec<String>,
}

/// An entry of the catalogue.
#[derive(Debug, Deserialize)]
struct CatalogueScope {
    name: String,
    level: String,
    description: String,
    implies: Vec<String>,
}

#[derive(Deserialize)]
struct ScopePage {
    data: Vec<CatalogueScope>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Account {
    name: String,
}

/// Account names that one page looks up.
const NAMES_AT_MOST: usize = 50;

/// What the key holds.
pub(super) fn holding(visit: &Visit, key: &Key) -> Result<Vec<Held>, PageError> {
    let catalogue = catalogue(visit)?;
    let organization = visit.current()?.organization.name.to_string();
    if key.is_admin() {
        return Ok(vec![of_admin_key(visit, key, &catalogue, organization)?]);
    }
    let mut all = Vec::with_capacity(key.grants.len());
    for (at, Grant { account_id, scopes }) in key.grants.iter().enumerate() {
        let (target, meaning) = match account_id.as_deref() {
            None => (
                organization.clone(),
                "At the organization itself. A token that is aimed at an account carries these scopes too.",
            ),
            Some("*") => (
                "Every account".to_owned(),
                "At each account of the organization, those made later included. A request names the account that it is for.",
            ),
            Some(id) if at < NAMES_AT_MOST => (account_name(visit, id)?, "At this account alone."),
            Some(id) => (id.to_owned(), "At this account alone."),
        };
        let account_id = account_id.clone().filter(|id| id != "*");
        let scopes = scopes.iter().map(|name| held(name, &catalogue)).collect();
        all.push(Held { target, account_id, meaning, scopes });
    }
    Ok(all)
}

fn of_admin_key(visit: &Visit, key: &Key, catalogue: &[CatalogueScope], organization: String) -> Result<Held, PageError> {
    let (target, level, meaning) = match &key.account_id {
        None => (
            organization,
            "organization",
            "Every scope of the organization, those added later included. It reaches nothing of any account.",
        ),
        Some(id) => (account_name(visit, id)?, "account", "Every scope of this account, those added later included."),
    };
    let of_level = catalogue.iter().filter(|scope| scope.level == level);
    let scopes = of_level.map(|scope| held(&scope.name, catalogue)).collect();
    Ok(Held { target, account_id: key.account_id.clone(), meaning, scopes })
}

/// The whole catalogue.
fn catalogue(visit: &Visit) -> Result<Vec<CatalogueScope>, PageError> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let page: ScopePage = visit.read("/scopes", &[], &[("limit", "200"), ("cursor", &cursor)])?;
        all.extend(page.data);
        match page.next_cursor {
            Some(next) => cursor = next,
            None => return Ok(all),
        }
    }
}

/// The name of an account.
fn account_name(visit: &Visit, id: &str) -> Result<String, PageError> {
    let account: Account = visit.read("/accounts/{account_id}", &[("account_id", id)], &[])?;
    Ok(account.name)
}

/// A scope with its description and, however indirectly, what it implies.
fn held(name: &str, catalogue: &[CatalogueScope]) -> HeldScope {
    let find = |name: &str| catalogue.iter().find(|scope| scope.name == name);
    let mut includes: BTreeSet<&str> = BTreeSet::new();
    let mut open = vec![name];
    while let Some(next) = open.pop() {
        let implied = find(next).map_or(&[][..], |scope| scope.implies.as_slice());
        for implied in implied.iter().map(String::as_str).filter(|implied| *implied != name) {
            if includes.insert(implied) {
                open.push(implied);
            }
        }
    }
    HeldScope {
        name: name.to_owned(),
        description: find(name).map(|scope| scope.description.clone()).unwrap_or_default(),
        includes: includes.into_iter().map(str::to_owned).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_scope_includes_is_told_however_indirect_and_once() {
        let scope = |name: &str, implies: &[&str]| CatalogueScope {
            name: name.to_owned(),
            level: "account".to_owned(),
            description: format!("About {name}"),
            implies: implies.iter().map(|name| (*name).to_owned()).collect(),
        };
        let catalogue = [scope("a", &["b", "c"]), scope("b", &["c", "a"]), scope("c", &["d"]), scope("d", &[])];
        let held_a = held("a", &catalogue);
        assert_eq!(held_a.description, "About a");
        assert_eq!(held_a.includes, ["b", "c", "d"]);
        assert!(held("gone", &catalogue).includes.is_empty());
    }
}
