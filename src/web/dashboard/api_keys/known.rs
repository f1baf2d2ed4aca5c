//! What pages about keys look up in the organization: its accounts and the catalogue of scopes.

use std::collections::HashMap;

use serde::Deserialize;

use crate::domain::scope::Level;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::visit::Visit;

/// A scope of the catalogue.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::web::dashboard) struct ScopeEntry {
    pub(in crate::web::dashboard) name: String,
    pub(in crate::web::dashboard) resource_server: String,
    pub(in crate::web::dashboard) level: Level,
    pub(in crate::web::dashboard) description: String,
    pub(in crate::web::dashboard) implies: Vec<String>,
}

/// An account of the organization.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::web::dashboard) struct AccountEntry {
    pub(in crate::web::dashboard) id: String,
    pub(in crate::web::dashboard) name: String,
}

/// A page of a list.
#[derive(Debug, Deserialize)]
pub(in crate::web::dashboard) struct Listed<T> {
    pub(in crate::web::dashboard) data: Vec<T>,
    pub(in crate::web::dashboard) next_cursor: Option<String>,
}

/// The catalogue's scopes, in order of name.
#[derive(Clone, Debug, Default)]
pub(in crate::web::dashboard) struct Scopes(Vec<ScopeEntry>);

impl Scopes {
    /// Asks for them.
    pub(in crate::web::dashboard) fn read(visit: &Visit) -> Result<Self, PageError> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let page: Listed<ScopeEntry> = visit.read("/scopes", &[], &[("limit", "200"), ("cursor", &cursor)])?;
            all.extend(page.data);
            match page.next_cursor {
                Some(next) => cursor = next,
                None => return Ok(Self(all)),
            }
        }
    }

    pub(in crate::web::dashboard) fn iter(&self) -> impl Iterator<Item = &ScopeEntry> {
        self.0.iter()
    }

    pub(in crate::web::dashboard) fn find(&self, name: &str) -> Option<&ScopeEntry> {
        self.0.iter().find(|scope| scope.name == name)
    }

    /// Every scope that `name` implies, however indirectly, without itself; in order of name.
    pub(in crate::web::dashboard) fn implied_by(&self, name: &str) -> Vec<&ScopeEntry> {
        let mut found: Vec<&ScopeEntry> = Vec::new();
        let mut open = vec![name];
        while let Some(scope) = open.pop().and_then(|next| self.find(next)) {
            for implied in scope.implies.iter().filter_map(|implied| self.find(implied)) {
                if implied.name != name && !found.iter().any(|known| known.name == implied.name) {
                    found.push(implied);
                    open.push(&implied.name);
                }
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }
}

#[cfg(test)]
impl FromIterator<ScopeEntry> for Scopes {
    fn from_iter<I: IntoIterator<Item = ScopeEntry>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

/// The most accounts that a page lists; of an organization with more, the others are named by their ids.
pub(in crate::web::dashboard) const MOST_ACCOUNTS: usize = 1_000;

/// Accounts of the organization, by name.
#[derive(Clone, Debug, Default)]
pub(in crate::web::dashboard) struct Accounts {
    all: Vec<AccountEntry>,
    names: HashMap<String, String>,
    /// Whether there are more than these.
    pub(in crate::web::dashboard) has_more: bool,
}

impl Accounts {
    /// Asks for up to [`MOST_ACCOUNTS`].
    pub(in crate::web::dashboard) fn read(visit: &Visit) -> Result<Self, PageError> {
        Self::read_some(visit, MOST_ACCOUNTS)
    }

    /// Asks for up to `most`, in steps of 200.
    pub(in crate::web::dashboard) fn read_some(visit: &Visit, most: usize) -> Result<Self, PageError> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let page: Listed<AccountEntry> = visit.read("/accounts", &[], &[("limit", "200"), ("cursor", &cursor)])?;
            all.extend(page.data);
            match page.next_cursor {
                Some(next) if all.len() < most => cursor = next,
                next => return Ok(Self::of(all, next.is_some())),
            }
        }
    }

    /// Asks for the names of these accounts; one that is gone keeps its id for a name.
    pub(in crate::web::dashboard) fn named<'a>(visit: &Visit, ids: impl IntoIterator<Item = &'a str>) -> Result<Self, PageError> {
        let wanted: std::collections::BTreeSet<&str> = ids.into_iter().collect();
        if wanted.is_empty() {
            return Ok(Self::default());
        }
        let first: Listed<AccountEntry> = visit.read("/accounts", &[], &[("limit", "200")])?;
        let mut found = Self::of(first.data, first.next_cursor.is_some());
        found.add_named(visit, wanted.into_iter());
        Ok(found)
    }

    /// Looks up the names of these too, where there are more accounts than were asked for.
    pub(in crate::web::dashboard) fn add_named<'a>(&mut self, visit: &Visit, ids: impl Iterator<Item = &'a str>) {
        if !self.has_more {
            return;
        }
        let missing: Vec<&str> = ids.filter(|id| !self.names.contains_key(*id)).take(MOST_LOOKED_UP).collect();
        for id in missing {
            if let Ok(account) = visit.read::<AccountEntry>("/accounts/{account_id}", &[("account_id", id)], &[]) {
                self.names.insert(account.id, account.name);
            }
        }
    }

    /// Whether it is in the list.
    pub(in crate::web::dashboard) fn has(&self, id: &str) -> bool {
        self.all.iter().any(|account| account.id == id)
    }

    fn of(mut all: Vec<AccountEntry>, has_more: bool) -> Self {
        all.sort_by(|a, b| (a.name.to_lowercase(), &a.id).cmp(&(b.name.to_lowercase(), &b.id)));
        let names = all.iter().map(|account| (account.id.clone(), account.name.clone())).collect();
        Self { all, names, has_more }
    }

    pub(in crate::web::dashboard) fn iter(&self) -> impl Iterator<Item = &AccountEntry> {
        self.all.iter()
    }

    pub(in crate::web::dashboard) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The name of an account, or its id when it is not among these.
    pub(in crate::web::dashboard) fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.names.get(id).map_or(id, String::as_str)
    }
}

/// Accounts that are looked up one by one.
const MOST_LOOKED_UP: usize = 50;

#[cfg(test)]
impl Accounts {
    pub(in crate::web::dashboard) fn for_test(pairs: &[(&str, &str)]) -> Self {
        Self::of(pairs.iter().map(|(id, name)| AccountEntry { id: (*id).to_owned(), name: (*name).to_owned() }).collect(), false)
    }
}
