//! `/accounts`

use actix_web::http::StatusCode;
use askama::Template;
use serde::Deserialize;
use serde_json::json;

use super::pager::Pager;
use super::require;
use crate::domain::time::Timestamp;
use crate::web::api::Method;
use crate::web::dashboard::again::members;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::view::When;
use crate::web::dashboard::visit::{Errors, Visit, parsed};

#[derive(Debug, Deserialize)]
struct Accounts {
    data: Vec<Account>,
    next_cursor: Option<String>,
}

/// An account as pages show it.
#[derive(Debug, Deserialize)]
pub(super) struct Account {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) created_at: Timestamp,
}

#[derive(Template)]
#[template(path = "dashboard/organization/accounts.html")]
struct AccountsPage {
    shell: Shell,
    accounts: Vec<Account>,
    pager: Pager,
    search: String,
    organization: String,
    may_write: bool,
}

#[derive(Template)]
#[template(path = "dashboard/organization/account_new.html")]
struct NewAccountPage {
    shell: Shell,
    name: String,
    errors: Errors,
}

/// `GET /accounts`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    let search = visit.query.trimmed("search");
    let found: Accounts = visit.read("/accounts", &[], &[("search", search), ("cursor", visit.query.text("cursor"))])?;
    Reply::page(&AccountsPage {
        shell: Shell::new(visit, "Accounts", Section::Accounts),
        accounts: found.data,
        pager: Pager::new(visit, found.next_cursor.as_deref()),
        search: search.to_owned(),
        organization: visit.current()?.organization.name.to_string(),
        may_write: visit.may(Method::Post, "/accounts"),
    })
}

/// `GET /accounts/new`
pub(in crate::web::dashboard) fn show_new(visit: &Visit) -> Result<Reply, PageError> {
    require(visit, Method::Post, "/accounts")?;
    form(visit, StatusCode::OK, Errors::default())
}

/// `POST /accounts`
pub(in crate::web::dashboard) fn create(visit: &Visit) -> Result<Reply, PageError> {
    let body = json!({"name": visit.form.trimmed("name")});
    match visit.change(Method::Post, "/accounts", &[], members(body)) {
        Ok(answer) => {
            let account: Account = parsed(answer)?;
            Ok(Reply::see_other(visit.to(&format!("/accounts/{}?notice=account-created", account.id))))
        }
        Err(error) => form(visit, StatusCode::UNPROCESSABLE_ENTITY, Errors::from_api(error)?),
    }
}

fn form(visit: &Visit, status: StatusCode, errors: Errors) -> Result<Reply, PageError> {
    let shell = Shell::new(visit, "Create account", Section::Accounts);
    Reply::page_as(status, &NewAccountPage { shell, name: visit.form.trimmed("name").to_owned(), errors })
}
