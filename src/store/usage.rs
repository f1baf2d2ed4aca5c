//! The tables of usage: tokens by key, hour and set of scopes; refusals by key, hour and reason. Here they are written.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType, Text};

use super::schema::{refusal_usage, scope_sets, token_usage};
use super::{DbConnection, StoreError, WriteTransaction};
use crate::domain::id::ClientId;
use crate::domain::time::{Hour, Timestamp};

/// What tokens were issued for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeSet {
    /// A digest of the rest; [`OTHER_SETS`] for sets that are not kept apart.
    pub id: i64,
    /// Names in their order, with spaces between them.
    pub granted: String,
    /// The same of what the request named; `None`: it named nothing.
    pub requested: Option<String>,
}

/// The id under which tokens are counted whose scopes are not.
pub const OTHER_SETS: i64 = 0;

/// Sets that are kept apart for one key and day; a key that always asks for something else must not fill the table.
pub const MAX_SETS_A_DAY: usize = 64;

/// Tokens issued since the last time.
#[derive(Clone, Debug)]
pub struct TokenCount {
    /// To which key.
    pub client_id: ClientId,
    /// When.
    pub hour: Hour,
    /// For what.
    pub set: Arc<ScopeSet>,
    /// How many.
    pub tokens: u64,
}

/// Refusals since the last time.
#[derive(Clone, Debug)]
pub struct RefusalCount {
    /// Of which key.
    pub client_id: ClientId,
    /// When.
    pub hour: Hour,
    /// The true reason.
    pub reason: &'static str,
    /// How many.
    pub refusals: u64,
}

/// Adds to the counts of tokens. In the order of `counts`, which should be the same on all nodes.
///
/// # Errors
/// [`StoreError::UniqueViolation`] when another node has just made one of the rows: to be tried again.
pub fn add_tokens(transaction: &mut WriteTransaction<'_>, counts: &[TokenCount]) -> Result<(), StoreError> {
    let mut missing = Vec::new();
    for count in counts {
        let client_id = count.client_id.to_string();
        if !add_to_row(transaction, &client_id, count.hour, count.set.id, count.tokens)? {
            missing.push((client_id, count));
        }
    }
    let mut known = sets_of_the_day(transaction.connection, &missing)?;
    let mut rows: BTreeMap<(String, Hour, i64), u64> = BTreeMap::new();
    let mut new_sets: BTreeMap<i64, (&ScopeSet, Hour)> = BTreeMap::new();
    for (client_id, count) in missing {
        let of_key = known.entry(client_id.clone()).or_default();
        let is_kept = of_key.contains(&count.set.id) || of_key.len() < MAX_SETS_A_DAY;
        let set = if is_kept { count.set.id } else { OTHER_SETS };
        if is_kept && set != OTHER_SETS {
            of_key.insert(set);
            new_sets.insert(set, (&count.set, count.hour));
        }
        *rows.entry((client_id, count.hour, set)).or_default() += count.tokens;
    }
    for (set, hour) in new_sets.into_values() {
        keep_set(transaction, set, hour.day())?;
    }
    for ((client_id, hour, set), tokens) in rows {
        if set == OTHER_SETS && add_to_row(transaction, &client_id, hour, set, tokens)? {
            continue;
        }
        diesel::insert_into(token_usage::table)
            .values((
                token_usage::client_id.eq(client_id),
                token_usage::hour.eq(hour.start().unix()),
                token_usage::scope_set_id.eq(set),
                token_usage::tokens.eq(in_column(tokens)),
            ))
            .execute(transaction.connection)?;
    }
    Ok(())
}

fn add_to_row(
    transaction: &mut WriteTransaction<'_>,
    client_id: &str,
    hour: Hour,
    set: i64,
    tokens: u64,
) -> Result<bool, StoreError> {
    let row = AddToRow { client_id, hour: hour.start().unix(), set, tokens: in_column(tokens) };
    let rows = match transaction.connection {
        DbConnection::Postgres(server) => row.execute(server)?,
        DbConnection::Sqlite(file) => row.execute(file)?,
    };
    Ok(rows > 0)
}

/// One row. Diesel's own update is put together and parsed anew each time it is run.
struct AddToRow<'r> {
    client_id: &'r str,
    hour: i64,
    set: i64,
    tokens: i64,
}

impl QueryId for AddToRow<'_> {
    type QueryId = AddToRow<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<C: diesel::Connection> RunQueryDsl<C> for AddToRow<'_> {}

impl<B> QueryFragment<B> for AddToRow<'_>
where
    B: Backend + HasSqlType<Text> + HasSqlType<BigInt>,
    str: ToSql<Text, B>,
    i64: ToSql<BigInt, B>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, B>) -> QueryResult<()> {
        out.push_sql("UPDATE token_usage SET tokens = tokens + ");
        out.push_bind_param::<BigInt, _>(&self.tokens)?;
        out.push_sql(" WHERE client_id = ");
        out.push_bind_param::<Text, _>(self.client_id)?;
        out.push_sql(" AND hour = ");
        out.push_bind_param::<BigInt, _>(&self.hour)?;
        out.push_sql(" AND scope_set_id = ");
        out.push_bind_param::<BigInt, _>(&self.set)?;
        Ok(())
    }
}

/// The sets under which the keys of `missing` have rows since the first of their days began.
fn sets_of_the_day(
    connection: &mut DbConnection,
    missing: &[(String, &TokenCount)],
) -> Result<HashMap<String, BTreeSet<i64>>, StoreError> {
    let mut found: HashMap<String, BTreeSet<i64>> = HashMap::new();
    let Some(day) = missing.iter().map(|(_, count)| count.hour.day()).min() else { return Ok(found) };
    let keys: HashSet<&str> = missing.iter().map(|(client_id, _)| client_id.as_str()).collect();
    let keys: Vec<&str> = keys.into_iter().collect();
    for chunk in keys.chunks(CHUNK) {
        let rows: Vec<(String, i64)> = token_usage::table
            .filter(token_usage::client_id.eq_any(chunk))
            .filter(token_usage::hour.ge(day.unix()))
            .select((token_usage::client_id, token_usage::scope_set_id))
            .distinct()
            .load(connection)?;
        for (client_id, set) in rows {
            found.entry(client_id).or_default().insert(set);
        }
    }
    Ok(found)
}

/// Makes sure that the set is there, and stays for as long as the counts of this day.
fn keep_set(transaction: &mut WriteTransaction<'_>, set: &ScopeSet, day: Timestamp) -> Result<(), StoreError> {
    let last: Option<i64> =
        scope_sets::table.find(set.id).select(scope_sets::last_used_on).first(transaction.connection).optional()?;
    match last {
        Some(last) if last >= day.unix() => {}
        Some(_) => {
            diesel::update(scope_sets::table.find(set.id))
                .set(scope_sets::last_used_on.eq(day.unix()))
                .execute(transaction.connection)?;
        }
        None => {
            diesel::insert_into(scope_sets::table)
                .values((
                    scope_sets::id.eq(set.id),
                    scope_sets::granted.eq(&set.granted),
                    scope_sets::requested.eq(&set.requested),
                    scope_sets::last_used_on.eq(day.unix()),
                ))
                .execute(transaction.connection)?;
        }
    }
    Ok(())
}

/// Adds to the counts of refusals.
///
/// # Errors
/// As for [`add_tokens`].
pub fn add_refusals(transaction: &mut WriteTransaction<'_>, counts: &[RefusalCount]) -> Result<(), StoreError> {
    for count in counts {
        let (client_id, hour, refusals) = (count.client_id.to_string(), count.hour.start().unix(), in_column(count.refusals));
        let rows = diesel::update(refusal_usage::table.find((&client_id, hour, count.reason)))
            .set(refusal_usage::refusals.eq(refusal_usage::refusals + refusals))
            .execute(transaction.connection)?;
        if rows == 0 {
            diesel::insert_into(refusal_usage::table)
                .values((
                    refusal_usage::client_id.eq(client_id),
                    refusal_usage::hour.eq(hour),
                    refusal_usage::reason.eq(count.reason),
                    refusal_usage::refusals.eq(refusals),
                ))
                .execute(transaction.connection)?;
        }
    }
    Ok(())
}

fn in_column(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The most ids in one statement.
pub(super) const CHUNK: usize = 500;

/// Rows removed at a time, about.
const REMOVED_AT_ONCE: i64 = 1_000;

/// Removes some counts of hours before `moment`. Returns whether there may be more.
///
/// # Errors
/// [`StoreError`].
pub fn remove_before(transaction: &mut WriteTransaction<'_>, moment: Timestamp) -> Result<bool, StoreError> {
    let oldest: Option<i64> = token_usage::table.select(diesel::dsl::min(token_usage::hour)).first(transaction.connection)?;
    let mut more = false;
    if let Some(hour) = oldest.filter(|hour| *hour < moment.unix()) {
        let end: Option<String> = token_usage::table
            .filter(token_usage::hour.eq(hour))
            .order(token_usage::client_id)
            .select(token_usage::client_id)
            .offset(REMOVED_AT_ONCE)
            .first(transaction.connection)
            .optional()?;
        let of_hour = token_usage::table.filter(token_usage::hour.eq(hour));
        match end {
            Some(end) => diesel::delete(of_hour.filter(token_usage::client_id.le(end))).execute(transaction.connection)?,
            None => diesel::delete(of_hour).execute(transaction.connection)?,
        };
        more = true;
    }
    let oldest: Option<i64> = refusal_usage::table.select(diesel::dsl::min(refusal_usage::hour)).first(transaction.connection)?;
    if let Some(hour) = oldest.filter(|hour| *hour < moment.unix()) {
        diesel::delete(refusal_usage::table.filter(refusal_usage::hour.eq(hour))).execute(transaction.connection)?;
        more = true;
    }
    let unused: Vec<i64> = scope_sets::table
        .filter(scope_sets::last_used_on.lt(Hour::of(moment).day().unix()))
        .select(scope_sets::id)
        .limit(REMOVED_AT_ONCE)
        .load(transaction.connection)?;
    if !more && !unused.is_empty() {
        diesel::delete(scope_sets::table.filter(scope_sets::id.eq_any(&unused))).execute(transaction.connection)?;
        more = true;
    }
    Ok(more)
}
