//! What a key was used for: the chart, the refusals with what to do about them, the scopes that nobody asks for.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::holding::Held;
use crate::domain::time::Timestamp;
use crate::web::dashboard::duration::Num;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::usage::chart::{Figure, Room};
use crate::web::dashboard::usage::reasons::{self, Reason};
use crate::web::dashboard::usage::series::{Series, Span, Sums};
use crate::web::dashboard::view::When;
use crate::web::dashboard::visit::Visit;

/// The use of a key.
#[derive(Debug)]
pub(super) struct UseOfKey {
    pub(super) days: i64,
    pub(super) tokens: Num,
    pub(super) refused: Num,
    pub(super) figure: Figure,
    /// The most frequent first.
    pub(super) refusals: Vec<Refusals>,
    /// Tokens by scope, the most first; without a name: those whose scopes were not kept.
    pub(super) scopes: Vec<(Option<String>, Num)>,
    pub(super) unused: Vec<Unused>,
    pub(super) unused_since: When,
    pub(super) remark: String,
}

/// Refusals for one reason.
#[derive(Debug)]
pub(super) struct Refusals {
    pub(super) reason: Reason,
    pub(super) count: Num,
    /// The hour of the last.
    pub(super) last: When,
}

/// Scopes of a target that no request named.
#[derive(Debug)]
pub(super) struct Unused {
    pub(super) target: String,
    pub(super) scopes: Vec<String>,
}

#[derive(Deserialize)]
struct Usage {
    totals: Sums,
    hours: Vec<HourTokens>,
    tokens: Vec<ScopeTokens>,
    refusals: Vec<HourRefusals>,
    unused_scopes: Vec<UnusedScope>,
    unused_since: Timestamp,
    remark: String,
}

#[derive(Deserialize)]
struct HourTokens {
    hour: Timestamp,
    tokens: i64,
}

#[derive(Deserialize)]
struct ScopeTokens {
    scope: Option<String>,
    tokens: i64,
}

#[derive(Deserialize)]
struct HourRefusals {
    hour: Timestamp,
    reason: String,
    count: i64,
}

#[derive(Deserialize)]
struct UnusedScope {
    account_id: Option<String>,
    scope: String,
}

/// The use of a key in the days that the page asks for.
pub(super) fn of_key(visit: &Visit, client_id: &str, holding: &[Held]) -> Result<UseOfKey, PageError> {
    let span = Span::of(visit.query.text("days"), visit.inside.now);
    let usage: Usage = visit.read("/usage", &[], &[("client_id", client_id), ("from", &span.from.to_string())])?;
    let mut series = Series::new(span);
    for hour in &usage.hours {
        series.add(hour.hour, Sums { tokens: hour.tokens, refusals: 0 });
    }
    for row in &usage.refusals {
        series.add(row.hour, Sums { tokens: 0, refusals: row.count });
    }
    Ok(UseOfKey {
        days: span.days,
        tokens: Num(usage.totals.tokens),
        refused: Num(usage.totals.refusals),
        figure: Figure::of(&series, Room::Column)?,
        refusals: refusals(&usage.refusals),
        scopes: by_scope(usage.tokens),
        unused: unused(usage.unused_scopes, holding),
        unused_since: When(usage.unused_since),
        remark: usage.remark,
    })
}

fn refusals(rows: &[HourRefusals]) -> Vec<Refusals> {
    let mut sums: BTreeMap<&str, (i64, Timestamp)> = BTreeMap::new();
    for row in rows {
        let (count, last) = sums.entry(&row.reason).or_insert((0, row.hour));
        *count += row.count;
        *last = (*last).max(row.hour);
    }
    let row = |(reason, (count, last))| Refusals { reason: reasons::of(reason), count: Num(count), last: When(last) };
    let mut all: Vec<Refusals> = sums.into_iter().map(row).collect();
    all.sort_by_key(|row| std::cmp::Reverse(row.count.0));
    all
}

fn by_scope(rows: Vec<ScopeTokens>) -> Vec<(Option<String>, Num)> {
    let mut sums: BTreeMap<Option<String>, i64> = BTreeMap::new();
    for row in rows {
        *sums.entry(row.scope).or_default() += row.tokens;
    }
    let mut all: Vec<(Option<String>, Num)> = sums.into_iter().map(|(scope, tokens)| (scope, Num(tokens))).collect();
    all.sort_by_key(|(_, tokens)| std::cmp::Reverse(tokens.0));
    all
}

fn unused(rows: Vec<UnusedScope>, holding: &[Held]) -> Vec<Unused> {
    let mut by_target: Vec<(Option<String>, Vec<String>)> = Vec::new();
    for UnusedScope { account_id, scope } in rows {
        match by_target.iter_mut().find(|(target, _)| *target == account_id) {
            Some((_, scopes)) => scopes.push(scope),
            None => by_target.push((account_id, vec![scope])),
        }
    }
    let named = |(target, scopes): (Option<String>, Vec<String>)| {
        let of_account = holding.iter().find(|held| held.account_id == target && target.is_some());
        let target = match (target.as_deref(), of_account) {
            (None, _) => "the organization".to_owned(),
            (Some("*"), _) => "every account".to_owned(),
            (Some(id), held) => held.map_or_else(|| id.to_owned(), |held| held.target.clone()),
        };
        Unused { target, scopes }
    };
    by_target.into_iter().map(named).collect()
}
