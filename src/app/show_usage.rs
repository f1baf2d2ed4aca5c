//! What a key is used for: tokens by hour and scope, refusals by hour and reason, scopes that nobody asks for.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::Serialize;
use utoipa::ToSchema;

use super::AppError;
use crate::domain::Invalid;
use crate::domain::api_key::{ApiKey, KeyKind};
use crate::domain::grant::GrantTarget;
use crate::domain::id::{ClientId, OrganizationId};
use crate::domain::scope::ScopeName;
use crate::domain::time::{Hour, Timestamp};
use crate::store::usage::ScopeSet;
use crate::store::{Db, api_keys, meta, usage_sums};

/// The hours that are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first hour's start.
    pub from: Timestamp,
    /// Hours that begin here or later are left out.
    pub to: Timestamp,
}

/// The longest period that is shown at once.
const LONGEST_SECONDS: i64 = 31 * 86_400;
/// What is shown when nothing is said.
const USUAL_SECONDS: i64 = 7 * 86_400;

impl Period {
    /// From the hour of `from` (seven days before the end) to `to` (now, its hour included).
    ///
    /// # Errors
    /// When the end is not after the beginning, or more than 31 days after it.
    pub fn new(from: Option<Timestamp>, to: Option<Timestamp>, now: Timestamp) -> Result<Self, Invalid> {
        let to = to.unwrap_or_else(|| now.plus_seconds(1));
        let from = Hour::of(from.unwrap_or_else(|| to.plus_seconds(-USUAL_SECONDS))).start();
        if to <= from {
            return Err(Invalid::new("to", "invalid_period", "must be after from"));
        }
        if to.unix() - from.unix() > LONGEST_SECONDS + 3_600 {
            return Err(Invalid::new("from", "invalid_period", "must be at most 31 days before to"));
        }
        Ok(Self { from, to })
    }
}

/// The usage of one key.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct KeyUsage {
    /// `key_…`
    pub client_id: ClientId,
    /// The first hour's start.
    pub from: Timestamp,
    /// Hours that begin here or later are left out.
    pub to: Timestamp,
    /// Sums of the period.
    pub totals: Totals,
    /// Tokens by hour; hours without any are left out.
    pub hours: Vec<HourTokens>,
    /// Tokens by hour and scope. A token counts for each of its scopes.
    pub tokens: Vec<ScopeTokens>,
    /// Refusals by hour and reason.
    pub refusals: Vec<HourRefusals>,
    /// Scopes that the key was granted and that no request has named in `unused_since`.
    pub unused_scopes: Vec<UnusedScope>,
    /// From when on requests were looked at for that: 90 days ago, or when the key was made or counting began.
    pub unused_since: Timestamp,
    /// Tokens since then whose requests named scopes, and those whose requests did not.
    pub evidence: Evidence,
    /// What to bear in mind about `unused_scopes`.
    pub remark: &'static str,
}

/// Sums.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
#[schema(as = UsageTotals)]
pub struct Totals {
    /// Tokens issued.
    pub tokens: i64,
    /// Token requests refused.
    pub refusals: i64,
}

/// The tokens of an hour.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HourTokens {
    /// Its start.
    pub hour: Timestamp,
    /// Tokens issued in it.
    pub tokens: i64,
}

/// The tokens of an hour with some scope.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ScopeTokens {
    /// Its start.
    pub hour: Timestamp,
    /// `null`: tokens whose scopes were not kept, because the key asks for too many different sets of them.
    pub scope: Option<String>,
    /// Tokens issued in it with this scope.
    pub tokens: i64,
}

/// The refusals of an hour for some reason.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HourRefusals {
    /// Its start.
    pub hour: Timestamp,
    /// The true reason.
    pub reason: String,
    /// How many.
    pub count: i64,
}

/// A scope that was granted and not asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct UnusedScope {
    /// Where it was granted: `null` for the organization, `*` for every account.
    #[serde(rename = "account_id")]
    pub target: GrantTarget,
    /// Its name.
    pub scope: ScopeName,
}

/// What is known of what requests asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ScopeEvidence)]
pub struct Evidence {
    /// Tokens whose requests named scopes.
    pub tokens_with_scope: i64,
    /// Tokens whose requests named none, and so got all that the key holds: they say nothing of what it needs.
    pub tokens_without_scope: i64,
}

const UNUSED_AFTER_SECONDS: i64 = 90 * 86_400;

/// The usage of a key, of this organization when one is named.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn key_usage(
    db: &Db,
    organization_id: Option<OrganizationId>,
    client_id: ClientId,
    period: Period,
    now: Timestamp,
) -> Result<KeyUsage, AppError> {
    let Period { from, to } = period;
    let found = db.read(|connection| {
        let key = api_keys::find(connection, client_id)?;
        let Some(key) = key.filter(|key| organization_id.is_none_or(|id| id == key.organization_id)) else { return Ok(None) };
        let counted_since = meta::usage_counted_since(connection)?.unwrap_or(key.created_at);
        let unused_since = now.plus_seconds(-UNUSED_AFTER_SECONDS).max(key.created_at).max(counted_since);
        let tokens = usage_sums::tokens(connection, client_id, from, to)?;
        let refusals = usage_sums::refusals(connection, client_id, from, to)?;
        let by_set = usage_sums::tokens_by_set(connection, client_id, Hour::of(unused_since).start())?;
        let ids: HashSet<i64> = tokens.iter().map(|(_, set, _)| *set).chain(by_set.iter().map(|(set, _)| *set)).collect();
        let sets = usage_sums::sets(connection, &ids.into_iter().collect::<Vec<_>>())?;
        let (unused_scopes, evidence) = unused(&key, &by_set, &sets);
        Ok(Some(KeyUsage {
            client_id,
            from,
            to,
            totals: Totals {
                tokens: tokens.iter().map(|(.., tokens)| tokens).sum(),
                refusals: refusals.iter().map(|(.., count)| count).sum(),
            },
            hours: by_hour(&tokens),
            tokens: by_scope(&tokens, &sets),
            refusals: refusals
                .into_iter()
                .map(|(hour, reason, count)| HourRefusals { hour: hour.start(), reason, count })
                .collect(),
            remark: remark(&key, evidence),
            unused_scopes,
            unused_since,
            evidence,
        }))
    })?;
    found.ok_or_else(|| AppError::not_found("API key", client_id))
}

fn by_hour(tokens: &[(Hour, i64, i64)]) -> Vec<HourTokens> {
    let mut sums: BTreeMap<Hour, i64> = BTreeMap::new();
    for (hour, _, tokens) in tokens {
        *sums.entry(*hour).or_default() += tokens;
    }
    sums.into_iter().map(|(hour, tokens)| HourTokens { hour: hour.start(), tokens }).collect()
}

fn by_scope(tokens: &[(Hour, i64, i64)], sets: &HashMap<i64, ScopeSet>) -> Vec<ScopeTokens> {
    let mut sums: BTreeMap<(Hour, Option<&str>), i64> = BTreeMap::new();
    for (hour, set, tokens) in tokens {
        match sets.get(set) {
            None => *sums.entry((*hour, None)).or_default() += tokens,
            Some(set) => {
                for scope in set.granted.split(' ') {
                    *sums.entry((*hour, Some(scope))).or_default() += tokens;
                }
            }
        }
    }
    let row = |((hour, scope), tokens): ((Hour, Option<&str>), i64)| ScopeTokens {
        hour: hour.start(),
        scope: scope.map(str::to_owned),
        tokens,
    };
    sums.into_iter().map(row).collect()
}

/// What was granted and named by no request.
fn unused(key: &ApiKey, by_set: &[(i64, i64)], sets: &HashMap<i64, ScopeSet>) -> (Vec<UnusedScope>, Evidence) {
    let mut evidence = Evidence::default();
    let mut named: BTreeSet<&str> = BTreeSet::new();
    for (set, tokens) in by_set {
        match sets.get(set).and_then(|set| set.requested.as_deref()) {
            None => evidence.tokens_without_scope += tokens,
            Some(requested) => {
                evidence.tokens_with_scope += tokens;
                named.extend(requested.split(' '));
            }
        }
    }
    let KeyKind::Scoped(grants) = &key.kind else { return (Vec::new(), evidence) };
    let unused = grants
        .iter()
        .flat_map(|grant| grant.scopes.iter().map(|scope| UnusedScope { target: grant.target, scope: scope.clone() }))
        .filter(|unused| !named.contains(unused.scope.as_str()))
        .collect();
    (unused, evidence)
}

const fn remark(key: &ApiKey, evidence: Evidence) -> &'static str {
    match (&key.kind, evidence) {
        (KeyKind::Admin(_), _) => "An admin key holds every scope of its level; none of them was granted by name.",
        (_, Evidence { tokens_with_scope: 0, tokens_without_scope: 0 }) => {
            "No token was issued in this time, so nothing was asked for."
        }
        (_, Evidence { tokens_with_scope: 0, .. }) => {
            "No request named a scope, so this is no evidence: without the parameter scope a token has all that the key holds."
        }
        (_, Evidence { tokens_without_scope: 0, .. }) => {
            "Every request named its scopes. A scope that was named for one account counts as used for all."
        }
        _ => {
            "Some requests named no scope; they got all that the key holds, and say nothing of what it needs. A scope that was \
             named for one account counts as used for all."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_has_an_end_after_its_beginning_and_at_most_31_days() {
        let now = Timestamp::from_unix(1_700_000_000);
        let period = Period::new(None, None, now).unwrap();
        assert_eq!((period.from.unix(), period.to.unix()), (1_699_394_400, 1_700_000_001));
        let at = |seconds: i64| Some(now.plus_seconds(seconds));
        assert!(Period::new(at(-31 * 86_400), at(0), now).is_ok());
        for (from, to) in [(at(0), at(-3_600)), (at(-33 * 86_400), at(0)), (at(7_200), None)] {
            assert!(Period::new(from, to, now).is_err(), "{from:?} {to:?}");
        }
    }

    #[test]
    fn a_token_counts_for_each_of_its_scopes_and_once_for_its_hour() {
        let hour = Hour::of(Timestamp::from_unix(7_200));
        let set = |id, granted: &str| (id, ScopeSet { id, granted: granted.to_owned(), requested: None });
        let sets = HashMap::from([set(1, "a b"), set(2, "b")]);
        let rows = [(hour, 0, 5), (hour, 1, 3), (hour, 2, 4)];
        let scopes: Vec<(Option<String>, i64)> = by_scope(&rows, &sets).into_iter().map(|row| (row.scope, row.tokens)).collect();
        assert_eq!(scopes, [(None, 5), (Some("a".to_owned()), 3), (Some("b".to_owned()), 7)]);
        assert_eq!(by_hour(&rows).iter().map(|row| row.tokens).collect::<Vec<_>>(), [12]);
    }
}
