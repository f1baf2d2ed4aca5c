//! `/audit-log`

use actix_web::http::StatusCode;
use askama::Template;
use serde::Deserialize;
use serde_json::Value;

use super::audit_filter::AuditFilterForm;
use super::audit_words::{Change, action_in_words, changes, reason_in_words};
use super::pager::Pager;
use crate::domain::id::SessionId;
use crate::domain::time::Timestamp;
use crate::web::api::{ApiError, Method};
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::view::When;
use crate::web::dashboard::visit::{Visit, sentence};

#[derive(Debug, Deserialize)]
struct Rows {
    data: Vec<Row>,
    next_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Row {
    id: String,
    seq: i64,
    occurred_at: String,
    actor: Actor,
    address: Option<String>,
    request_id: Option<String>,
    action: String,
    target: Option<String>,
    target_name: Option<String>,
    outcome: String,
    reason: Option<String>,
    before: Option<Value>,
    after: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Actor {
    #[serde(rename = "type")]
    kind: String,
    id: Option<String>,
    name: Option<String>,
}

/// Who did it, or what it was done to.
struct Party {
    label: String,
    /// Its page, while it is there.
    href: Option<String>,
    id: Option<String>,
}

struct Entry {
    id: String,
    seq: i64,
    at: Option<Timestamp>,
    exactly: String,
    who: Party,
    what: String,
    action: String,
    about: Option<Party>,
    address: Option<String>,
    request_id: Option<String>,
    is_refused: bool,
    reason: Option<String>,
    is_comparison: bool,
    changes: Vec<Change>,
}

/// Each with what it changed: more of them make a heavy page.
const ROWS: &str = "40";

#[derive(Template)]
#[template(path = "dashboard/organization/audit_log.html")]
struct AuditLogPage {
    shell: Shell,
    entries: Vec<Entry>,
    pager: Pager,
    filter: AuditFilterForm,
    error: Option<String>,
    csv: String,
    jsonl: String,
    most: &'static str,
}

/// `GET /audit-log`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    let filter = AuditFilterForm::of(visit);
    let mut query = vec![("limit", ROWS), ("cursor", visit.query.text("cursor"))];
    query.extend(filter.query());
    let (found, error) = match visit.read::<Rows>("/audit-events", &[], &query) {
        Ok(found) => (found, None),
        // A filter that is not one is said beside the filters.
        Err(PageError::Api(ApiError::Refused { status: StatusCode::BAD_REQUEST, detail, .. })) => {
            (Rows { data: Vec::new(), next_cursor: None }, Some(sentence(&detail)))
        }
        Err(other) => return Err(other),
    };
    let is_wrong = error.is_some() || !filter.errors.is_empty();
    let page = AuditLogPage {
        shell: Shell::new(visit, "Audit log", Section::AuditLog),
        pager: Pager::new(visit, found.next_cursor.as_deref()),
        entries: found.data.into_iter().map(|row| entry(visit, row)).collect(),
        csv: filter.download(visit, "csv"),
        jsonl: filter.download(visit, "jsonl"),
        filter,
        error,
        most: super::audit_export::MOST_ROWS_IN_WORDS,
    };
    Reply::page_as(if is_wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }, &page)
}

fn entry(visit: &Visit, row: Row) -> Entry {
    Entry {
        at: row.occurred_at.parse().ok(),
        exactly: row.occurred_at.replace('T', " ").replace('Z', " UTC"),
        who: who(visit, row.actor),
        what: action_in_words(&row.action),
        about: row.target.map(|target| about(visit, target, row.target_name)),
        address: row.address,
        request_id: row.request_id,
        is_refused: row.outcome == "refused",
        reason: row.reason.as_deref().map(reason_in_words),
        is_comparison: row.before.is_some() && row.after.is_some(),
        changes: changes(row.before.as_ref(), row.after.as_ref()),
        action: row.action,
        id: row.id,
        seq: row.seq,
    }
}

fn who(visit: &Visit, actor: Actor) -> Party {
    let Actor { kind, id, name } = actor;
    let href = name.as_ref().and_then(|_| page_of(visit, id.as_deref()?));
    let label = match (kind.as_str(), name) {
        (_, Some(name)) => name,
        ("cli", _) => "Command line".to_owned(),
        ("dev", _) => "Demo start".to_owned(),
        ("system", _) => "The server".to_owned(),
        ("anonymous", _) => "Unauthenticated".to_owned(),
        ("user", _) => "A user who is gone, or an operator".to_owned(),
        ("api_key", _) => "An API key that is gone".to_owned(),
        _ => id.clone().unwrap_or(kind),
    };
    Party { label, href, id }
}

fn about(visit: &Visit, target: String, name: Option<String>) -> Party {
    match name {
        Some(label) => Party { label, href: page_of(visit, &target), id: Some(target) },
        // A session's id says nothing to anybody.
        None if target.starts_with(SessionId::PREFIX) => Party { label: "Session".to_owned(), href: None, id: Some(target) },
        None => Party { label: target.clone(), href: None, id: Some(target) },
    }
}

/// The page of a thing, for those who may see it.
fn page_of(visit: &Visit, id: &str) -> Option<String> {
    const PAGES: [(&str, &str, &str); 4] = [
        ("user_", "/users", "/users/{user_id}"),
        ("key_", "/api-keys", "/api-keys/{client_id}"),
        ("acct_", "/accounts", "/accounts/{account_id}"),
        ("wh_", "/webhooks", "/webhooks/{webhook_id}"),
    ];
    let (_, path, operation) = PAGES.into_iter().find(|(prefix, ..)| id.starts_with(prefix))?;
    visit.may(Method::Get, operation).then(|| visit.to(&format!("{path}/{id}")))
}
