//! What the tables of usage tell.

use std::collections::{BTreeMap, HashMap};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::schema::{api_keys, refusal_usage, scope_sets, token_usage};
use super::usage::{CHUNK, ScopeSet};
use super::{DbConnection, StoreError};
use crate::domain::id::{ClientId, OrganizationId};
use crate::domain::time::{Hour, Timestamp};

/// The tokens of a key, by hour and set, in the hours from `from` and before `to`.
///
/// # Errors
/// [`StoreError`].
pub fn tokens(
    connection: &mut DbConnection,
    client_id: ClientId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<(Hour, i64, i64)>, StoreError> {
    let rows: Vec<(i64, i64, i64)> = token_usage::table
        .filter(token_usage::client_id.eq(client_id.to_string()))
        .filter(token_usage::hour.ge(from.unix()))
        .filter(token_usage::hour.lt(to.unix()))
        .select((token_usage::hour, token_usage::scope_set_id, token_usage::tokens))
        .order((token_usage::hour, token_usage::scope_set_id))
        .load(connection)?;
    Ok(rows.into_iter().map(|(hour, set, tokens)| (Hour::of(Timestamp::from_unix(hour)), set, tokens)).collect())
}

/// The refusals of a key, by hour and reason, in the hours from `from` and before `to`.
///
/// # Errors
/// [`StoreError`].
pub fn refusals(
    connection: &mut DbConnection,
    client_id: ClientId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<(Hour, String, i64)>, StoreError> {
    let rows: Vec<(i64, String, i64)> = refusal_usage::table
        .filter(refusal_usage::client_id.eq(client_id.to_string()))
        .filter(refusal_usage::hour.ge(from.unix()))
        .filter(refusal_usage::hour.lt(to.unix()))
        .select((refusal_usage::hour, refusal_usage::reason, refusal_usage::refusals))
        .order((refusal_usage::hour, refusal_usage::reason))
        .load(connection)?;
    Ok(rows.into_iter().map(|(hour, reason, count)| (Hour::of(Timestamp::from_unix(hour)), reason, count)).collect())
}

/// The tokens of a key since `since`, by set.
///
/// # Errors
/// [`StoreError`].
pub fn tokens_by_set(
    connection: &mut DbConnection,
    client_id: ClientId,
    since: Timestamp,
) -> Result<Vec<(i64, i64)>, StoreError> {
    Ok(token_usage::table
        .filter(token_usage::client_id.eq(client_id.to_string()))
        .filter(token_usage::hour.ge(since.unix()))
        .group_by(token_usage::scope_set_id)
        .select((token_usage::scope_set_id, sql::<BigInt>("CAST(SUM(tokens) AS BIGINT)")))
        .load(connection)?)
}

/// What a key was used for in a period.
#[derive(Clone, Debug, Default)]
pub struct KeySums {
    /// Tokens by set of scopes.
    pub tokens: Vec<(i64, i64)>,
    /// Refusals by reason.
    pub refusals: Vec<(String, i64)>,
}

/// The sums of tokens and of refusals of some keys; a key without any is left out.
///
/// # Errors
/// [`StoreError`].
pub fn sums(
    connection: &mut DbConnection,
    keys: &[ClientId],
    from: Timestamp,
    to: Timestamp,
) -> Result<HashMap<ClientId, KeySums>, StoreError> {
    let ids: Vec<String> = keys.iter().map(ToString::to_string).collect();
    let mut found: HashMap<ClientId, KeySums> = HashMap::new();
    let damaged = |id: &str, detail| StoreError::corrupt("token_usage", id, detail);
    for chunk in ids.chunks(CHUNK) {
        let tokens: Vec<(String, i64, i64)> = token_usage::table
            .filter(token_usage::client_id.eq_any(chunk))
            .filter(token_usage::hour.ge(from.unix()).and(token_usage::hour.lt(to.unix())))
            .group_by((token_usage::client_id, token_usage::scope_set_id))
            .select((token_usage::client_id, token_usage::scope_set_id, sql::<BigInt>("CAST(SUM(tokens) AS BIGINT)")))
            .load(connection)?;
        let refusals: Vec<(String, String, i64)> = refusal_usage::table
            .filter(refusal_usage::client_id.eq_any(chunk))
            .filter(refusal_usage::hour.ge(from.unix()).and(refusal_usage::hour.lt(to.unix())))
            .group_by((refusal_usage::client_id, refusal_usage::reason))
            .select((refusal_usage::client_id, refusal_usage::reason, sql::<BigInt>("CAST(SUM(refusals) AS BIGINT)")))
            .order((refusal_usage::client_id, refusal_usage::reason))
            .load(connection)?;
        for (id, set, sum) in tokens {
            found.entry(id.parse().map_err(|detail| damaged(&id, detail))?).or_default().tokens.push((set, sum));
        }
        for (id, reason, sum) in refusals {
            found.entry(id.parse().map_err(|detail| damaged(&id, detail))?).or_default().refusals.push((reason, sum));
        }
    }
    Ok(found)
}

/// The tokens and the refusals of an organization's keys, by hour, in the hours from `from` and before `to`. Keys that
/// have been deleted are not among them.
///
/// # Errors
/// [`StoreError`].
pub fn of_organization(
    connection: &mut DbConnection,
    organization_id: OrganizationId,
    from: Timestamp,
    to: Timestamp,
) -> Result<BTreeMap<Hour, (i64, i64)>, StoreError> {
    let id = organization_id.to_string();
    let keys = || api_keys::table.filter(api_keys::organization_id.eq(id.as_str())).select(api_keys::client_id);
    let tokens: Vec<(i64, i64)> = token_usage::table
        .filter(token_usage::client_id.eq_any(keys()))
        .filter(token_usage::hour.ge(from.unix()).and(token_usage::hour.lt(to.unix())))
        .group_by(token_usage::hour)
        .select((token_usage::hour, sql::<BigInt>("CAST(SUM(tokens) AS BIGINT)")))
        .load(connection)?;
    let refusals: Vec<(i64, i64)> = refusal_usage::table
        .filter(refusal_usage::client_id.eq_any(keys()))
        .filter(refusal_usage::hour.ge(from.unix()).and(refusal_usage::hour.lt(to.unix())))
        .group_by(refusal_usage::hour)
        .select((refusal_usage::hour, sql::<BigInt>("CAST(SUM(refusals) AS BIGINT)")))
        .load(connection)?;
    let mut hours: BTreeMap<Hour, (i64, i64)> = BTreeMap::new();
    for (hour, sum) in tokens {
        hours.entry(Hour::of(Timestamp::from_unix(hour))).or_default().0 = sum;
    }
    for (hour, sum) in refusals {
        hours.entry(Hour::of(Timestamp::from_unix(hour))).or_default().1 = sum;
    }
    Ok(hours)
}

/// The sets of these ids.
///
/// # Errors
/// [`StoreError`].
pub fn sets(connection: &mut DbConnection, ids: &[i64]) -> Result<HashMap<i64, ScopeSet>, StoreError> {
    let mut found = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let rows: Vec<(i64, String, Option<String>)> = scope_sets::table
            .filter(scope_sets::id.eq_any(chunk))
            .select((scope_sets::id, scope_sets::granted, scope_sets::requested))
            .load(connection)?;
        found.extend(rows.into_iter().map(|(id, granted, requested)| (id, ScopeSet { id, granted, requested })));
    }
    Ok(found)
}
