//! `/api-keys`

use askama::Template;

use super::known::{Accounts, Listed, Scopes};
use super::row::{ListedKey, Row};
use crate::web::api::Method;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::visit::Visit;

const ROWS: &str = "25";
/// What the list can be asked for, beside the page.
const FILTERS: [&str; 5] = ["search", "kind", "account_id", "state", "sort"];
/// Accounts that a choice offers; of more, the id is typed.
const MOST_OFFERED: usize = 200;

#[derive(Template)]
#[template(path = "dashboard/api_keys/list.html")]
struct ListPage {
    shell: Shell,
    rows: Vec<Row>,
    search: String,
    kinds: Vec<Offer>,
    states: Vec<Offer>,
    sorts: Vec<Offer>,
    accounts: Vec<Offer>,
    /// Typed, where the accounts are too many to choose from.
    account_id: Option<String>,
    is_filtered: bool,
    is_first: bool,
    previous: Option<String>,
    next: Option<String>,
    may_create: bool,
}

/// One of the values of a filter.
#[derive(Debug)]
struct Offer {
    value: String,
    label: String,
    selected: bool,
}

/// `GET /api-keys`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    let asked = |name: &str| visit.query.trimmed(name);
    let cursor = asked("cursor");
    let query: Vec<(&str, &str)> =
        FILTERS.iter().map(|name| (*name, asked(name))).chain([("limit", ROWS), ("cursor", cursor)]).collect();
    let page: Listed<ListedKey> = visit.read("/api-keys", &[], &query)?;
    let scopes = Scopes::read(visit)?;
    let named = page
        .data
        .iter()
        .flat_map(|key| key.holding.accounts())
        .chain([asked("account_id")].into_iter().filter(|id| !id.is_empty()));
    let (accounts, offered) = (Accounts::named(visit, named)?, offered_accounts(visit, asked("account_id"))?);
    let now = visit.inside.now;
    let page = ListPage {
        shell: Shell::new(visit, "API keys", Section::ApiKeys),
        rows: page.data.into_iter().map(|key| Row::of(key, &scopes, &accounts, now)).collect(),
        search: asked("search").to_owned(),
        kinds: offers(&[("", "Any kind"), ("scoped", "Scoped"), ("admin", "Admin")], asked("kind")),
        states: offers(
            &[("", "Any state"), ("live", "Active"), ("disabled", "Disabled"), ("expired", "Expired")],
            asked("state"),
        ),
        sorts: offers(&[("", "Newest first"), ("name", "By name"), ("last_used", "Last used first")], asked("sort")),
        account_id: offered.is_none().then(|| asked("account_id").to_owned()),
        accounts: offered.unwrap_or_default(),
        is_filtered: FILTERS.iter().any(|name| *name != "sort" && !asked(name).is_empty()),
        is_first: cursor.is_empty(),
        previous: previous(visit),
        next: page.next_cursor.map(|next| next_page(visit, &next)),
        may_create: visit.may(Method::Post, "/api-keys"),
    };
    Reply::page(&page)
}

fn offers(all: &[(&str, &str)], asked: &str) -> Vec<Offer> {
    let offer = |(value, label): &(&str, &str)| Offer {
        value: (*value).to_owned(),
        label: (*label).to_owned(),
        selected: *value == asked,
    };
    all.iter().map(offer).collect()
}

/// The accounts to choose from; `None` when they are too many.
fn offered_accounts(visit: &Visit, asked: &str) -> Result<Option<Vec<Offer>>, PageError> {
    let accounts = Accounts::read_some(visit, MOST_OFFERED)?;
    if accounts.has_more {
        return Ok(None);
    }
    let mut all = vec![("", "Any account")];
    all.extend(accounts.iter().map(|account| (account.id.as_str(), account.name.as_str())));
    Ok(Some(offers(&all, asked)))
}

/// Pages that one can go back to, one by one; from further on, back to the first.
const LONGEST_TRAIL: usize = 20;
/// The first page, among cursors: no cursor has this length.
const FIRST: &str = "first";

/// The way here: the cursors of the pages before, from the first on. A cursor names a place, so each of these pages
/// begins where it began.
fn trail(visit: &Visit) -> Vec<&str> {
    let text = visit.query.text("trail");
    text.split('.').filter(|cursor| !cursor.is_empty()).take(LONGEST_TRAIL).collect()
}

fn next_page(visit: &Visit, next: &str) -> String {
    let mut way = trail(visit);
    let here = visit.query.text("cursor");
    way.push(if here.is_empty() { FIRST } else { here });
    let kept = way.len().saturating_sub(LONGEST_TRAIL);
    link(visit, next, way.get(kept..).unwrap_or_default())
}

fn previous(visit: &Visit) -> Option<String> {
    if visit.query.text("cursor").is_empty() {
        return None;
    }
    let mut way = trail(visit);
    let cursor = way.pop().filter(|cursor| *cursor != FIRST).unwrap_or_default();
    Some(link(visit, cursor, if cursor.is_empty() { &[] } else { &way }))
}

/// The same list, the page of this cursor.
fn link(visit: &Visit, cursor: &str, trail: &[&str]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for name in FILTERS {
        let value = visit.query.trimmed(name);
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    for (name, value) in [("cursor", cursor), ("trail", &trail.join("."))] {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    visit.to(&format!("/api-keys?{}", query.finish()))
}
