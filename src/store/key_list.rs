//! Lists of an organization's keys, a page at a time, in any of their orders. Each order has an index that begins with the
//! organization, so a page costs the same wherever it is: it begins behind a place, never at a number.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use super::api_keys::{KeyRow, with_parts};
use super::schema::{api_keys, grants};
use super::search::contains;
use super::{DbConnection, StoreError};
use crate::domain::api_key::{ApiKey, KeySort, KeyState, KindFilter};
use crate::domain::id::{AccountId, ClientId, OrganizationId};
use crate::domain::time::Timestamp;

/// Which keys a list shows.
#[derive(Clone, Debug, Default)]
pub struct KeyFilter {
    /// In the name or the client id; the case of ASCII letters does not matter. Empty: all.
    pub search: String,
    /// Those of this kind alone.
    pub kind: Option<KindFilter>,
    /// Those alone that name this account: its admin key and those with a grant there.
    pub account_id: Option<AccountId>,
    /// Those in this state alone.
    pub state: Option<KeyState>,
}

/// A place in a list: behind that key, which may be gone or have moved by now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// Among the newest first.
    Newest(ClientId),
    /// Among the names.
    Name(String, ClientId),
    /// Among the last used first.
    LastUsed(i64, ClientId),
}

impl KeyPlace {
    /// Where this key stands.
    pub fn of(sort: KeySort, key: &ApiKey) -> Self {
        match sort {
            KeySort::Newest => Self::Newest(key.client_id),
            KeySort::Name => Self::Name(key.settings.name.as_str().to_ascii_lowercase(), key.client_id),
            KeySort::LastUsed => Self::LastUsed(key.last_used_at.map_or(0, Timestamp::unix), key.client_id),
        }
    }

    /// What a cursor holds.
    pub fn to_text(&self) -> String {
        match self {
            Self::Newest(id) => id.to_string(),
            Self::Name(name, id) => format!("{id} name {name}"),
            Self::LastUsed(at, id) => format!("{id} last_used {at}"),
        }
    }

    /// Reads what a cursor holds; `None` when it is none of a list in this order.
    pub fn parse(sort: KeySort, text: &str) -> Option<Self> {
        let (id, rest) = text.split_once(' ').unwrap_or((text, ""));
        let id: ClientId = id.parse().ok()?;
        let value = rest.strip_prefix(sort.as_str()).and_then(|rest| rest.strip_prefix(' '));
        match sort {
            KeySort::Newest => rest.is_empty().then_some(Self::Newest(id)),
            KeySort::Name => value.filter(|name| !name.chars().any(char::is_control)).map(|name| Self::Name(name.to_owned(), id)),
            KeySort::LastUsed => value?.parse().ok().map(|at| Self::LastUsed(at, id)),
        }
    }
}

/// SQL of an order: what comes behind a place, in one part or in two, one after the other.
struct Part {
    /// The condition around three values of the place: the first twice, then the second. One statement takes three for all.
    behind: [&'static str; 4],
    order: &'static str,
}

fn in_sql(sort: KeySort, connection: &DbConnection) -> &'static [Part] {
    match (sort, connection) {
        (KeySort::Newest, _) => {
            &[Part { behind: ["'' = ", " AND '' = ", " AND api_keys.client_id < ", ""], order: "api_keys.client_id DESC" }]
        }
        // First what shares the time, then what lies behind it: asked for together, SQLite would walk through all that share it,
        // and a million keys may never have been used.
        (KeySort::LastUsed, _) => &[
            Part {
                // The plus takes the type away, without which SQLite does not compare within the index.
                behind: [
                    "coalesce(api_keys.last_used_at, 0) = +CAST(",
                    " AS BIGINT) AND '' <> ",
                    " AND api_keys.client_id < ",
                    "",
                ],
                order: "api_keys.client_id DESC",
            },
            Part {
                behind: ["coalesce(api_keys.last_used_at, 0) < +CAST(", " AS BIGINT) AND '' <> ", " AND '' <> ", ""],
                order: "coalesce(api_keys.last_used_at, 0) DESC, api_keys.client_id DESC",
            },
        ],
        // The first value alone is compared too, because SQLite knows no other way into an index over an expression.
        (KeySort::Name, DbConnection::Postgres(_)) => &[Part {
            behind: [
                "lower(api_keys.name COLLATE \"C\") >= ",
                " AND (lower(api_keys.name COLLATE \"C\"), api_keys.client_id) > (",
                ", ",
                ")",
            ],
            order: "lower(api_keys.name COLLATE \"C\"), api_keys.client_id",
        }],
        (KeySort::Name, DbConnection::Sqlite(_)) => &[Part {
            behind: ["lower(api_keys.name) >= ", " AND (lower(api_keys.name), api_keys.client_id) > (", ", ", ")"],
            order: "lower(api_keys.name), api_keys.client_id",
        }],
    }
}

/// The two values of a place; of none, those of one before every key.
fn values(sort: KeySort, place: Option<&KeyPlace>) -> (String, String) {
    let last = || super::after_every_id(ClientId::PREFIX);
    match (place, sort) {
        (Some(KeyPlace::Newest(id)), _) => (String::new(), id.to_string()),
        (Some(KeyPlace::Name(name, id)), _) => (name.clone(), id.to_string()),
        (Some(KeyPlace::LastUsed(at, id)), _) => (at.to_string(), id.to_string()),
        (None, KeySort::Newest) => (String::new(), last()),
        (None, KeySort::Name) => (String::new(), String::new()),
        (None, KeySort::LastUsed) => (i64::MAX.to_string(), last()),
    }
}

/// Up to `limit` keys of an organization that pass the filter, in that order, from behind `place` on.
///
/// One statement for every filter, along the index of the order: what was not asked for is true of all. It reads nothing but
/// that index; the keys themselves are read of those that it found.
///
/// # Errors
/// [`StoreError::Corrupt`] when one no longer parses.
pub fn page(
    connection: &mut DbConnection,
    id: OrganizationId,
    filter: &KeyFilter,
    (sort, place): (KeySort, Option<&KeyPlace>),
    limit: i64,
    now: Timestamp,
) -> Result<Vec<ApiKey>, StoreError> {
    let place = values(sort, place);
    let mut keys = Vec::new();
    for part in in_sql(sort, connection) {
        let missing = limit.saturating_sub(i64::try_from(keys.len()).unwrap_or(i64::MAX));
        if missing > 0 {
            keys.extend(page_of(part, &place, connection, id, filter, missing, now)?);
        }
    }
    Ok(keys)
}

fn page_of(
    part: &Part,
    (first, second): &(String, String),
    connection: &mut DbConnection,
    id: OrganizationId,
    filter: &KeyFilter,
    limit: i64,
    now: Timestamp,
) -> Result<Vec<ApiKey>, StoreError> {
    let [before, again, between, end] = part.behind;
    let place = diesel::dsl::sql::<Bool>(before).bind::<Text, _>(first.clone()).sql(again).bind::<Text, _>(first.clone());
    let place = place.sql(between).bind::<Text, _>(second.clone()).sql(end);
    let kind = filter.kind.map_or("", KindFilter::as_str);
    let account = filter.account_id.map(|id| id.to_string()).unwrap_or_default();
    let is = |state: KeyState| (filter.state == Some(state)).into_sql::<Bool>();
    let not_expired = || api_keys::expires_at.is_null().or(api_keys::expires_at.gt(now.unix()).assume_not_null());
    let has_expired = api_keys::expires_at.is_not_null().and(api_keys::expires_at.le(now.unix()).assume_not_null());
    let named_in_grants = grants::table.filter(grants::account_id.eq(account.clone())).select(grants::client_id);
    let ids: Vec<String> = api_keys::table
        .select(api_keys::client_id)
        .filter(api_keys::organization_id.eq(id.to_string()))
        .filter(place)
        .filter(kind.is_empty().into_sql::<Bool>().or(api_keys::kind.eq(kind)))
        .filter(
            filter
                .state
                .is_none()
                .into_sql::<Bool>()
                .or(is(KeyState::Disabled).and(api_keys::disabled_at.is_not_null()))
                .or(is(KeyState::Expired).and(api_keys::disabled_at.is_null()).and(has_expired))
                .or(is(KeyState::Live).and(api_keys::disabled_at.is_null()).and(not_expired())),
        )
        .filter(
            account
                .is_empty()
                .into_sql::<Bool>()
                .or(api_keys::account_id.is_not_null().and(api_keys::account_id.eq(account).assume_not_null()))
                .or(api_keys::client_id.eq_any(named_in_grants)),
        )
        .filter(contains(connection, "api_keys.name", &filter.search).or(contains(
            connection,
            "api_keys.client_id",
            &filter.search,
        )))
        .order(diesel::dsl::sql::<Text>(part.order))
        .limit(limit)
        .load(connection)?;
    let mut rows: Vec<KeyRow> = api_keys::table.filter(api_keys::client_id.eq_any(&ids)).load(connection)?;
    let places: HashMap<&str, usize> = ids.iter().enumerate().map(|(place, id)| (id.as_str(), place)).collect();
    rows.sort_by_key(|row| places.get(row.client_id()).copied());
    with_parts(connection, rows)?.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_in_its_own_order_alone() {
        let id = ClientId::from_parts(1, 2);
        let places = [
            (KeySort::Newest, KeyPlace::Newest(id)),
            (KeySort::Name, KeyPlace::Name("nightly export".to_owned(), id)),
            (KeySort::LastUsed, KeyPlace::LastUsed(0, id)),
        ];
        for (sort, place) in &places {
            for (other, _) in &places {
                let read = KeyPlace::parse(*other, &place.to_text());
                assert_eq!(read.as_ref(), (sort == other).then_some(place), "{sort:?} {other:?}");
            }
        }
        for (sort, text) in [
            (KeySort::Newest, "key_x".to_owned()),
            (KeySort::Name, format!("{id} name a\0b")),
            (KeySort::Name, format!("{id} name")),
            (KeySort::LastUsed, format!("{id} last_used x")),
            (KeySort::LastUsed, format!("{id} last_used 9223372036854775808")),
        ] {
            assert_eq!(KeyPlace::parse(sort, &text), None, "{text:?}");
        }
    }
}
