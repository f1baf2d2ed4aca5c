//! What the audit log has of a key, in words, for those who may read it.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use crate::domain::time::Timestamp;
use crate::web::api::Method;
use crate::web::dashboard::duration::counted;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::usage::reasons;
use crate::web::dashboard::view::When;
use crate::web::dashboard::visit::Visit;

/// A row.
#[derive(Debug)]
pub(super) struct Activity {
    pub(super) at: When,
    pub(super) what: String,
    pub(super) was_refused: bool,
    pub(super) who: String,
    pub(super) address: Option<String>,
}

#[derive(Deserialize)]
struct Rows {
    data: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    occurred_at: Timestamp,
    actor: Actor,
    address: Option<String>,
    action: String,
    outcome: String,
    reason: Option<String>,
    after: Option<Value>,
}

#[derive(Deserialize)]
struct Actor {
    #[serde(rename = "type")]
    kind: String,
    id: Option<String>,
}

#[derive(Deserialize)]
struct User {
    email: String,
    name: Option<String>,
}

/// The last rows about a key; `None` when the person may not read the log.
pub(super) fn of_key(visit: &Visit, client_id: &str) -> Result<Option<Vec<Activity>>, PageError> {
    if !visit.may(Method::Get, "/audit-events") {
        return Ok(None);
    }
    let rows: Rows = visit.read("/audit-events", &[], &[("target", client_id), ("limit", "8")])?;
    let mut people = People { visit, client_id, known: HashMap::new() };
    rows.data.into_iter().map(|row| activity(row, &mut people)).collect::<Result<_, _>>().map(Some)
}

fn activity(row: Row, people: &mut People<'_>) -> Result<Activity, PageError> {
    let who = match (row.actor.kind.as_str(), row.actor.id.as_deref()) {
        ("user", Some(id)) => people.name(id)?,
        ("api_key", Some(id)) if id == people.client_id => "The key itself".to_owned(),
        (kind, id) => in_words(kind, id).to_owned(),
    };
    let requests = row.after.as_ref().and_then(|after| after.get("requests")).and_then(Value::as_i64);
    let was_refused = row.outcome == "refused";
    Ok(Activity {
        at: When(row.occurred_at),
        what: what(&row.action, was_refused, row.reason.as_deref(), requests),
        was_refused,
        who,
        address: row.address,
    })
}

fn what(action: &str, was_refused: bool, reason: Option<&str>, requests: Option<i64>) -> String {
    if action == "token.refused" {
        let times = requests.filter(|times| *times > 1).map(|times| format!(", {}", counted(times, "request")));
        return format!("Token refused: {}{}", reasons::of(reason.unwrap_or_default()).title, times.unwrap_or_default());
    }
    let done = match action {
        "api_key.created" => "Key created",
        "api_key.regenerated" => "Secret regenerated",
        "api_key.duplicated" => "Made as a copy",
        "api_key.edited" => "Settings changed, old secret retired or tokens revoked",
        "api_key.disabled" => "Key disabled",
        "api_key.enabled" => "Key enabled",
        "api_key.imported" => "Key imported",
        other => other,
    };
    if was_refused { format!("Refused: {done}") } else { done.to_owned() }
}

/// Who did something, or made a key, when it is no person.
fn in_words<'a>(kind: &'a str, id: Option<&'a str>) -> &'a str {
    match (kind, id) {
        ("api_key" | "unknown", Some(id)) => id,
        ("cli", _) => "The command line",
        ("dev", _) => "The demo",
        ("system", _) => "This server",
        ("anonymous", _) => "Unauthenticated",
        (other, _) => other,
    }
}

/// Whoever made the key, as the API names them: a user's or a key's id, or a word.
pub(super) fn creator(visit: &Visit, created_by: &str) -> Result<String, PageError> {
    if created_by.starts_with("user_") {
        return People { visit, client_id: "", known: HashMap::new() }.name(created_by);
    }
    let id = created_by.starts_with("key_").then_some(created_by);
    Ok(in_words(if id.is_some() { "api_key" } else { created_by }, id).to_owned())
}

/// Names of users, each looked up once.
struct People<'a> {
    visit: &'a Visit,
    /// The key that the page is about.
    client_id: &'a str,
    known: HashMap<String, String>,
}

impl People<'_> {
    fn name(&mut self, id: &str) -> Result<String, PageError> {
        if self.visit.current()?.user.id.to_string() == id {
            return Ok("You".to_owned());
        }
        if let Some(name) = self.known.get(id) {
            return Ok(name.clone());
        }
        let name = self.look_up(id)?;
        self.known.insert(id.to_owned(), name.clone());
        Ok(name)
    }

    /// The id, where there is nobody of it any more or the role does not see people.
    fn look_up(&self, id: &str) -> Result<String, PageError> {
        if !self.visit.may(Method::Get, "/users/{user_id}") {
            return Ok(id.to_owned());
        }
        match self.visit.read::<User>("/users/{user_id}", &[("user_id", id)], &[]) {
            Ok(user) => Ok(user.name.unwrap_or(user.email)),
            Err(PageError::Api(error)) if error.code() == "not_found" => Ok(id.to_owned()),
            Err(other) => Err(other),
        }
    }
}
