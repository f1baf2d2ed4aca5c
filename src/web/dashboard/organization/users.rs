//! `/users`

use askama::Template;
use serde::Deserialize;

use super::pager::Pager;
use crate::domain::time::Timestamp;
use crate::web::api::Method;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell, role_named};
use crate::web::dashboard::view::When;
use crate::web::dashboard::visit::Visit;

#[derive(Debug, Deserialize)]
struct Users {
    data: Vec<User>,
    next_cursor: Option<String>,
}

/// A user as pages show it.
#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) email: String,
    pub(super) name: Option<String>,
    pub(super) role: String,
    pub(super) status: String,
    pub(super) disabled_at: Option<Timestamp>,
    pub(super) last_login_at: Option<Timestamp>,
    pub(super) created_at: Timestamp,
}

impl User {
    /// What people call them.
    pub(super) fn title(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.email)
    }

    /// The role in words.
    pub(super) fn role_in_words(&self) -> String {
        role_named(&self.role)
    }

    /// How the user stands to signing in, with the badge that says so.
    pub(super) fn standing(&self) -> (&'static str, &'static str) {
        match self.status.as_str() {
            "active" => ("good", "Active"),
            "invited" => ("warn", "Invited"),
            _ => ("bad", "Disabled"),
        }
    }
}

#[derive(Template)]
#[template(path = "dashboard/organization/users.html")]
struct UsersPage {
    shell: Shell,
    users: Vec<User>,
    own_id: String,
    pager: Pager,
    search: String,
    may_write: bool,
}

/// `GET /users`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    let search = visit.query.trimmed("search");
    let found: Users = visit.read("/users", &[], &[("search", search), ("cursor", visit.query.text("cursor"))])?;
    Reply::page(&UsersPage {
        shell: Shell::new(visit, "Users", Section::Users),
        users: found.data,
        own_id: visit.current()?.user.id.to_string(),
        pager: Pager::new(visit, found.next_cursor.as_deref()),
        search: search.to_owned(),
        may_write: visit.may(Method::Post, "/users"),
    })
}
