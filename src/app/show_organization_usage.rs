//! What the keys of an organization are used for: sums of each key, and of all of them by hour.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;
use utoipa::ToSchema;

use super::AppError;
use super::show_usage::{Period, Totals};
use crate::domain::api_key::{ApiKey, KeySort};
use crate::domain::id::{ClientId, OrganizationId};
use crate::domain::name::Name;
use crate::domain::time::Timestamp;
use crate::store::Db;
use crate::store::key_list::{self, KeyFilter, KeyPlace};
use crate::store::usage::ScopeSet;
use crate::store::usage_sums::{self, KeySums};

/// A key in the summary of an organization.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = KeyUsageSummary)]
pub struct KeySummary {
    /// `key_…`
    pub client_id: ClientId,
    /// Shown to people.
    pub name: Name,
    /// Tokens issued in the period.
    pub tokens: i64,
    /// Token requests refused in the period.
    pub refusals: i64,
    /// The tokens by scope. A token counts for each of its scopes.
    pub scopes: Vec<ScopeSum>,
    /// The refusals by reason.
    pub reasons: Vec<ReasonSum>,
}

/// The tokens of a period with some scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ScopeSum {
    /// `null`: tokens whose scopes were not kept.
    pub scope: Option<String>,
    /// Tokens issued with this scope.
    pub tokens: i64,
}

/// The refusals of a period for some reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReasonSum {
    /// The true reason.
    pub reason: String,
    /// How many.
    pub count: i64,
}

impl KeySummary {
    fn new(key: ApiKey, sums: KeySums, sets: &HashMap<i64, ScopeSet>) -> Self {
        let mut scopes: BTreeMap<Option<&str>, i64> = BTreeMap::new();
        for (set, tokens) in &sums.tokens {
            match sets.get(set) {
                None => *scopes.entry(None).or_default() += tokens,
                Some(set) => set.granted.split(' ').for_each(|scope| *scopes.entry(Some(scope)).or_default() += tokens),
            }
        }
        Self {
            client_id: key.client_id,
            name: key.settings.name,
            tokens: sums.tokens.iter().map(|(_, tokens)| tokens).sum(),
            refusals: sums.refusals.iter().map(|(_, count)| count).sum(),
            scopes: scopes.into_iter().map(|(scope, tokens)| ScopeSum { scope: scope.map(str::to_owned), tokens }).collect(),
            reasons: sums.refusals.into_iter().map(|(reason, count)| ReasonSum { reason, count }).collect(),
        }
    }
}

/// Up to `limit` keys of an organization, the newest first, made before the key `before`; and whether there are more.
///
/// # Errors
/// [`AppError::Store`].
pub fn organization_usage(
    db: &Db,
    organization_id: OrganizationId,
    period: Period,
    before: Option<ClientId>,
    limit: i64,
) -> Result<(Vec<KeySummary>, bool), AppError> {
    Ok(db.read(|connection| {
        let (all, more) = (KeyFilter::default(), limit.saturating_add(1));
        let place = before.map(KeyPlace::Newest);
        let order = (KeySort::Newest, place.as_ref());
        let keys = key_list::page(connection, organization_id, &all, order, more, period.to)?;
        let (keys, has_more) = super::page_of(keys, limit);
        let ids: Vec<ClientId> = keys.iter().map(|key| key.client_id).collect();
        let mut sums = usage_sums::sums(connection, &ids, period.from, period.to)?;
        let sets: HashSet<i64> = sums.values().flat_map(|sums| sums.tokens.iter().map(|(set, _)| *set)).collect();
        let sets = usage_sums::sets(connection, &sets.into_iter().collect::<Vec<_>>())?;
        let summary = |key: ApiKey| {
            let its = sums.remove(&key.client_id).unwrap_or_default();
            KeySummary::new(key, its, &sets)
        };
        Ok((keys.into_iter().map(summary).collect(), has_more))
    })?)
}

/// The usage of an organization.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OrganizationUsage {
    /// The first hour's start.
    pub from: Timestamp,
    /// Hours that begin here or later are left out.
    pub to: Timestamp,
    /// Sums of the period.
    pub totals: Totals,
    /// By hour; hours without anything are left out.
    pub hours: Vec<HourUsage>,
}

/// What all keys of an organization did in an hour.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct HourUsage {
    /// Its start.
    pub hour: Timestamp,
    /// Tokens issued in it.
    pub tokens: i64,
    /// Token requests refused in it.
    pub refusals: i64,
}

/// The usage of all keys that an organization has.
///
/// # Errors
/// [`AppError::Store`].
pub fn usage_by_hour(db: &Db, organization_id: OrganizationId, period: Period) -> Result<OrganizationUsage, AppError> {
    let Period { from, to } = period;
    let sums = db.read(|connection| usage_sums::of_organization(connection, organization_id, from, to))?;
    let hours: Vec<HourUsage> =
        sums.into_iter().map(|(hour, (tokens, refusals))| HourUsage { hour: hour.start(), tokens, refusals }).collect();
    let totals =
        Totals { tokens: hours.iter().map(|hour| hour.tokens).sum(), refusals: hours.iter().map(|hour| hour.refusals).sum() };
    Ok(OrganizationUsage { from, to, totals, hours })
}
