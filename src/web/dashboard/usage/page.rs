//! `/usage`: what the organization's keys were used for, and how far their rate plans are used up now.

use actix_web::http::StatusCode;
use askama::Template;
use serde::Deserialize;

use super::chart::{Figure, Room};
use super::limits::{Limits, limits};
use super::series::{Series, Span, Sums};
use crate::domain::time::Timestamp;
use crate::web::dashboard::duration::Num;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::visit::Visit;

#[derive(Template)]
#[template(path = "dashboard/usage/page.html")]
struct UsagePage {
    shell: Shell,
    days: i64,
    tokens: Num,
    refused: Num,
    figure: Figure,
    rows: Vec<Row>,
    /// What links of this page add, when it is about one key.
    one_key: String,
    /// The client id that somebody filtered by, as typed.
    client_id: String,
    error: Option<&'static str>,
    choices: Vec<Choice>,
    is_first: bool,
    next: Option<String>,
}

/// A key of the table.
struct Row {
    client_id: String,
    name: String,
    tokens: Num,
    refused: Num,
    limits: Limits,
}

struct Choice {
    client_id: String,
    name: String,
}

#[derive(Deserialize)]
struct ByHour {
    totals: Sums,
    hours: Vec<HourUsage>,
}

#[derive(Deserialize)]
struct HourUsage {
    hour: Timestamp,
    tokens: i64,
    refusals: i64,
}

#[derive(Deserialize)]
struct Summaries {
    data: Vec<Summary>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Summary {
    client_id: String,
    name: String,
    tokens: i64,
    refusals: i64,
}

/// The usage of one key.
#[derive(Deserialize)]
struct OfKey {
    totals: Sums,
    hours: Vec<HourTokens>,
    refusals: Vec<HourRefusals>,
}

#[derive(Deserialize)]
struct HourTokens {
    hour: Timestamp,
    tokens: i64,
}

#[derive(Deserialize)]
struct HourRefusals {
    hour: Timestamp,
    count: i64,
}

#[derive(Deserialize)]
struct Keys {
    data: Vec<KeyName>,
}

#[derive(Deserialize)]
struct KeyName {
    client_id: String,
    name: String,
}

/// Keys of one page: what each one's plan says is looked up for each.
const ROWS: &str = "20";

/// `GET /usage`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    let span = Span::of(visit.query.text("days"), visit.inside.now);
    let client_id = visit.query.trimmed("client_id");
    match (client_id.is_empty(), of_key(visit, client_id, span)?) {
        (true, _) => of_organization(visit, span, None),
        (false, Some((row, totals, series))) => page(visit, span, vec![row], totals, &series, None, None),
        (false, None) => of_organization(visit, span, Some("There is no key of this client id in your organization.")),
    }
}

/// The key that is filtered by; `None` when there is none of this id.
fn of_key(visit: &Visit, client_id: &str, span: Span) -> Result<Option<(Row, Sums, Series)>, PageError> {
    let key: KeyName = match visit.read("/api-keys/{client_id}", &[("client_id", client_id)], &[]) {
        Ok(key) => key,
        Err(PageError::Api(error)) if error.code() == "not_found" => return Ok(None),
        Err(other) => return Err(other),
    };
    let usage: OfKey = visit.read("/usage", &[], &[("client_id", client_id), ("from", &span.from.to_string())])?;
    let mut series = Series::new(span);
    for hour in usage.hours {
        series.add(hour.hour, Sums { tokens: hour.tokens, refusals: 0 });
    }
    for row in usage.refusals {
        series.add(row.hour, Sums { tokens: 0, refusals: row.count });
    }
    let Sums { tokens, refusals } = usage.totals;
    let row = row(visit, Summary { client_id: key.client_id, name: key.name, tokens, refusals })?;
    Ok(Some((row, usage.totals, series)))
}

fn of_organization(visit: &Visit, span: Span, error: Option<&'static str>) -> Result<Reply, PageError> {
    let from = span.from.to_string();
    let by_hour: ByHour = visit.read("/usage/hours", &[], &[("from", &from)])?;
    let mut series = Series::new(span);
    for hour in by_hour.hours {
        series.add(hour.hour, Sums { tokens: hour.tokens, refusals: hour.refusals });
    }
    let cursor = visit.query.text("cursor");
    let keys: Summaries = visit.read("/usage", &[], &[("from", &from), ("limit", ROWS), ("cursor", cursor)])?;
    let rows = keys.data.into_iter().map(|summary| row(visit, summary)).collect::<Result<_, _>>()?;
    let next = keys.next_cursor.map(|next| visit.to(&format!("/usage?days={}&cursor={next}", span.days)));
    page(visit, span, rows, by_hour.totals, &series, next, error)
}

fn row(visit: &Visit, summary: Summary) -> Result<Row, PageError> {
    Ok(Row {
        limits: limits(visit, &summary.client_id)?,
        client_id: summary.client_id,
        name: summary.name,
        tokens: Num(summary.tokens),
        refused: Num(summary.refusals),
    })
}

fn page(
    visit: &Visit,
    span: Span,
    rows: Vec<Row>,
    totals: Sums,
    series: &Series,
    next: Option<String>,
    error: Option<&'static str>,
) -> Result<Reply, PageError> {
    let keys: Keys = visit.read("/api-keys", &[], &[("limit", "50")])?;
    let is_filtered = error.is_none() && !visit.query.trimmed("client_id").is_empty();
    let page = UsagePage {
        shell: Shell::new(visit, "Usage", Section::Usage),
        days: span.days,
        tokens: Num(totals.tokens),
        refused: Num(totals.refusals),
        figure: Figure::of(series, Room::Page)?,
        one_key: rows.first().filter(|_| is_filtered).map(|row| format!("&client_id={}", row.client_id)).unwrap_or_default(),
        rows,
        client_id: visit.query.trimmed("client_id").to_owned(),
        choices: keys.data.into_iter().map(|key| Choice { client_id: key.client_id, name: key.name }).collect(),
        is_first: visit.query.text("cursor").is_empty(),
        next,
        error,
    };
    Reply::page_as(if error.is_some() { StatusCode::NOT_FOUND } else { StatusCode::OK }, &page)
}
