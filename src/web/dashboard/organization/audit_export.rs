//! `/audit-log/export`: the rows of the filters as a file.

use serde::Deserialize;
use serde_json::Value;

use super::audit_filter::AuditFilterForm;
use crate::app::audit_csv::AuditCsv;
use crate::web::api::ApiError;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::visit::Visit;

/// The most rows of one file: it is made in memory. `claviger audit export` has no such bound.
const MOST_ROWS: usize = 10_000;

/// The same for people.
pub(super) const MOST_ROWS_IN_WORDS: &str = "the newest 10,000";

/// Pages that are asked for: a filter that hardly anything passes makes many that are empty.
const MOST_PAGES: usize = 200;

const PAGE_ROWS: &str = "200";

#[derive(Debug, Deserialize)]
struct Rows {
    data: Vec<Value>,
    next_cursor: Option<String>,
}

/// `GET /audit-log/export`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    let (rows, is_all) = collect(visit)?;
    let part = if is_all { "" } else { "-newest" };
    let day = visit.inside.now.to_string();
    let day = day.split('T').next().unwrap_or_default();
    match visit.query.text("format") {
        "csv" => {
            let name = format!("claviger-audit-log-{day}{part}.csv");
            Ok(Reply::file(&name, "text/csv; charset=utf-8", csv(&rows).map_err(ApiError::internal)?))
        }
        "jsonl" => {
            let name = format!("claviger-audit-log-{day}{part}.jsonl");
            let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
            Ok(Reply::file(&name, "application/jsonl", lines.into_bytes()))
        }
        _ => Err(PageError::NotFound),
    }
}

/// The newest rows, and whether there are no others.
fn collect(visit: &Visit) -> Result<(Vec<Value>, bool), PageError> {
    let filter = AuditFilterForm::of(visit);
    if !filter.errors.is_empty() {
        return Err(ApiError::bad_request("invalid_query", "the days of the filter are not days").into());
    }
    let mut rows = Vec::new();
    let mut cursor = String::new();
    for _ in 0..MOST_PAGES {
        let mut query = vec![("limit", PAGE_ROWS), ("cursor", cursor.as_str())];
        query.extend(filter.query());
        let found: Rows = visit.read("/audit-events", &[], &query)?;
        rows.extend(found.data);
        match found.next_cursor {
            None => return Ok((rows, true)),
            Some(next) if rows.len() < MOST_ROWS => cursor = next,
            Some(_) => break,
        }
    }
    rows.truncate(MOST_ROWS);
    Ok((rows, false))
}

fn csv(rows: &[Value]) -> Result<Vec<u8>, csv::Error> {
    let mut out = Vec::new();
    let mut table = AuditCsv::begin(&mut out)?;
    for row in rows {
        table.add(row)?;
    }
    table.end()?;
    Ok(out)
}
