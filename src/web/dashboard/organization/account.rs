//! `/accounts/{account_id}`

use actix_web::http::StatusCode;
use askama::Template;
use serde_json::json;

use super::accounts::Account;
use crate::web::api::Method;
use crate::web::dashboard::again::members;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::view::When;
use crate::web::dashboard::visit::{Errors, Visit};

const PATH: &str = "/accounts/{account_id}";

#[derive(Template)]
#[template(path = "dashboard/organization/account.html")]
struct AccountPage {
    shell: Shell,
    account: Account,
    /// As it stands in the form.
    name: String,
    may_write: bool,
    errors: Errors,
}

/// `GET /accounts/{account_id}`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    page(visit, StatusCode::OK, None, Errors::default())
}

/// `POST /accounts/{account_id}`
pub(in crate::web::dashboard) fn rename(visit: &Visit) -> Result<Reply, PageError> {
    let (id, name) = (visit.part("account_id"), visit.form.trimmed("name"));
    match visit.change(Method::Patch, PATH, &[("account_id", id)], members(json!({"name": name}))) {
        Ok(_) => Ok(Reply::see_other(visit.to(&format!("/accounts/{id}?notice=account-renamed")))),
        Err(error) => page(visit, StatusCode::UNPROCESSABLE_ENTITY, Some(name), Errors::from_api(error)?),
    }
}

fn page(visit: &Visit, status: StatusCode, typed: Option<&str>, errors: Errors) -> Result<Reply, PageError> {
    let account: Account = visit.read(PATH, &[("account_id", visit.part("account_id"))], &[])?;
    let name = typed.unwrap_or(&account.name).to_owned();
    let shell = Shell::new(visit, &account.name, Section::Accounts);
    let may_write = visit.may(Method::Patch, PATH);
    Reply::page_as(status, &AccountPage { shell, account, name, may_write, errors })
}
