//! `/profile`

use actix_web::http::StatusCode;
use askama::Template;
use serde::Deserialize;

use super::program::program_of;
use crate::domain::time::Timestamp;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::view::When;
use crate::web::dashboard::visit::{Errors, Visit};

#[derive(Debug, Deserialize)]
struct Sessions {
    data: Vec<SessionEntry>,
}

#[derive(Debug, Deserialize)]
struct SessionEntry {
    id: String,
    current: bool,
    created_at: Timestamp,
    last_seen_at: Timestamp,
    address: Option<String>,
    user_agent: Option<String>,
}

struct SessionRow {
    id: String,
    current: bool,
    created_at: Timestamp,
    last_seen_at: Timestamp,
    address: Option<String>,
    user_agent: String,
    /// The browser and the system, as far as they are known.
    program: String,
}

#[derive(Template)]
#[template(path = "dashboard/profile/show.html")]
struct ProfilePage {
    shell: Shell,
    user_id: String,
    name: Option<String>,
    email: String,
    sessions: Vec<SessionRow>,
    errors: Errors,
}

/// `GET /profile`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    page(visit, StatusCode::OK, Errors::default())
}

pub(super) fn page(visit: &Visit, status: StatusCode, errors: Errors) -> Result<Reply, PageError> {
    let user = &visit.current()?.user;
    let sessions: Sessions = visit.read("/sessions", &[], &[])?;
    let mut sessions: Vec<SessionRow> = sessions.data.into_iter().map(row).collect();
    sessions.sort_by_key(|session| (!session.current, std::cmp::Reverse(session.last_seen_at.unix())));
    let page = ProfilePage {
        shell: Shell::new(visit, "Your profile", Section::Profile),
        user_id: user.id.to_string(),
        name: user.name.as_ref().map(ToString::to_string),
        email: user.email.to_string(),
        sessions,
        errors,
    };
    Reply::page_as(status, &page)
}

fn row(entry: SessionEntry) -> SessionRow {
    let SessionEntry { id, current, created_at, last_seen_at, address, user_agent } = entry;
    let user_agent = user_agent.unwrap_or_default();
    SessionRow { id, current, created_at, last_seen_at, address, program: program_of(&user_agent), user_agent }
}
