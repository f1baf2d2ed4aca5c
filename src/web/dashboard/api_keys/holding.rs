//! What a key may do, target by target: the scopes that it was given, and what each includes.

use super::key::Key;
use super::known::{Accounts, Scopes};
use super::words::scope_in_words;
use crate::domain::scope::Level;
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
    pub(super) words: String,
    /// What holding it means holding too.
    pub(super) includes: Vec<String>,
}

/// What the key holds.
pub(super) fn holding(visit: &Visit, key: &Key) -> Result<Vec<Held>, PageError> {
    let scopes = Scopes::read(visit)?;
    let accounts = Accounts::named(visit, key.holding.accounts())?;
    if key.holding.is_admin() {
        return Ok(vec![of_admin_key(key.holding.account_id.as_deref(), &scopes, &accounts)]);
    }
    let held_at = |(account_id, names): (Option<&str>, &[String])| {
        let (target, meaning) = match account_id {
            None => ("The organization", "A token that is aimed at an account carries these scopes too."),
            Some("*") => (
                "Every account",
                "Each account of the organization, those to come included. A request names the account that it is for.",
            ),
            Some(id) => (accounts.name(id), "This account alone."),
        };
        Held {
            target: target.to_owned(),
            account_id: account_id.filter(|id| *id != "*").map(str::to_owned),
            meaning,
            scopes: names.iter().map(|name| held(name, &scopes)).collect(),
        }
    };
    Ok(key.holding.grants.iter().map(|grant| held_at((grant.account_id.as_deref(), &grant.scopes))).collect())
}

fn of_admin_key(account_id: Option<&str>, scopes: &Scopes, accounts: &Accounts) -> Held {
    let (target, level, meaning) = match account_id {
        None => (
            "The organization",
            Level::Organization,
            "Everything at the organization's level, now and in future; nothing on accounts. At present:",
        ),
        Some(id) => {
            (accounts.name(id), Level::Account, "Everything on this account, now and in future; nothing elsewhere. At present:")
        }
    };
    let of_level = scopes.iter().filter(|scope| scope.level == level);
    Held {
        target: target.to_owned(),
        account_id: account_id.map(str::to_owned),
        meaning,
        scopes: of_level.map(|scope| held(&scope.name, scopes)).collect(),
    }
}

fn held(name: &str, scopes: &Scopes) -> HeldScope {
    HeldScope {
        name: name.to_owned(),
        words: scopes.find(name).map(scope_in_words).unwrap_or_default(),
        includes: scopes.implied_by(name).into_iter().map(|scope| scope.name.clone()).collect(),
    }
}
