//! `claviger keys usage`

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::context::{Context, Opened};
use super::{Failure, output, usage};
use crate::app::show_usage::{KeyUsage, Period, UnusedScope, key_usage};
use crate::clock;
use crate::domain::grant::GrantTarget;
use crate::domain::id::ClientId;
use crate::domain::time::{Hour, Timestamp};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// key_…
    client_id: ClientId,
    /// From the hour of this moment on [default: seven days before the end]
    #[arg(long, value_name = "RFC3339")]
    from: Option<Timestamp>,
    /// Up to this moment, at most 31 days later [default: now]
    #[arg(long, value_name = "RFC3339")]
    to: Option<Timestamp>,
    /// What a line of the table stands for; JSON has hours
    #[arg(long, value_enum, default_value_t = By::Day)]
    by: By,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum By {
    /// An hour, UTC
    Hour,
    /// A day, UTC
    Day,
}

/// The same as `GET /usage?client_id=…`, without regard to the organization.
pub(super) fn run(context: &Context, opened: &Opened, arguments: &Arguments) -> Result<(), Failure> {
    let now = clock::now();
    let period = Period::new(arguments.from, arguments.to, now).map_err(usage)?;
    let found = key_usage(&opened.db, None, arguments.client_id, period, now)?;
    if context.json {
        return output::object(true, &found);
    }
    let table = table(&found, arguments.by);
    if !table.is_empty() {
        output::list(false, &table, &[arguments.by.column(), "tokens", "scopes", "refusals", "reasons"])?;
        output::line("")?;
    }
    output::object(false, &Summary::from(&found))
}

impl By {
    const fn column(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    fn of(self, hour: Timestamp) -> Timestamp {
        match self {
            Self::Hour => hour,
            Self::Day => Hour::of(hour).day(),
        }
    }
}

/// What happened in an hour or a day.
#[derive(Default)]
struct Sums<'a> {
    tokens: i64,
    scopes: BTreeMap<&'a str, i64>,
    refusals: i64,
    reasons: BTreeMap<&'a str, i64>,
}

#[derive(Serialize)]
struct Line {
    hour: String,
    day: String,
    tokens: i64,
    scopes: Option<String>,
    refusals: i64,
    reasons: Option<String>,
}

fn table(found: &KeyUsage, by: By) -> Vec<Line> {
    let mut rows: BTreeMap<Timestamp, Sums<'_>> = BTreeMap::new();
    for hour in &found.hours {
        rows.entry(by.of(hour.hour)).or_default().tokens += hour.tokens;
    }
    for row in &found.tokens {
        let scope = row.scope.as_deref().unwrap_or("(not kept)");
        *rows.entry(by.of(row.hour)).or_default().scopes.entry(scope).or_default() += row.tokens;
    }
    for row in &found.refusals {
        let sums = rows.entry(by.of(row.hour)).or_default();
        sums.refusals += row.count;
        *sums.reasons.entry(&row.reason).or_default() += row.count;
    }
    let line = |(start, sums): (Timestamp, Sums<'_>)| {
        let hour = start.to_string();
        Line {
            day: hour.chars().take_while(|character| *character != 'T').collect(),
            hour,
            tokens: sums.tokens,
            scopes: counted(&sums.scopes),
            refusals: sums.refusals,
            reasons: counted(&sums.reasons),
        }
    };
    rows.into_iter().map(line).collect()
}

/// `a 5, b 3`, or nothing.
fn counted(sums: &BTreeMap<&str, i64>) -> Option<String> {
    let parts: Vec<String> = sums.iter().map(|(name, count)| format!("{name} {count}")).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

#[derive(Serialize)]
struct Summary {
    client_id: ClientId,
    from: Timestamp,
    to: Timestamp,
    tokens: i64,
    refusals: i64,
    unused_scopes: Vec<String>,
    unused_since: Timestamp,
    tokens_with_scope: i64,
    tokens_without_scope: i64,
    remark: &'static str,
}

impl From<&KeyUsage> for Summary {
    fn from(found: &KeyUsage) -> Self {
        Self {
            client_id: found.client_id,
            from: found.from,
            to: found.to,
            tokens: found.totals.tokens,
            refusals: found.totals.refusals,
            unused_scopes: found.unused_scopes.iter().map(as_grant).collect(),
            unused_since: found.unused_since,
            tokens_with_scope: found.evidence.tokens_with_scope,
            tokens_without_scope: found.evidence.tokens_without_scope,
            remark: found.remark,
        }
    }
}

/// As `--grant` spells it.
fn as_grant(unused: &UnusedScope) -> String {
    match unused.target {
        GrantTarget::Organization => unused.scope.to_string(),
        target => format!("{target}={}", unused.scope),
    }
}
