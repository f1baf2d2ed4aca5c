//! `/organization`: its name

use actix_web::http::StatusCode;
use askama::Template;
use serde::Deserialize;
use serde_json::json;

use crate::domain::time::Timestamp;
use crate::web::api::Method;
use crate::web::dashboard::again::members;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::view::When;
use crate::web::dashboard::visit::{Errors, Visit};

#[derive(Debug, Deserialize)]
struct Organization {
    id: String,
    name: String,
    platform: bool,
    created_at: Timestamp,
}

#[derive(Template)]
#[template(path = "dashboard/organization/settings.html")]
struct SettingsPage {
    shell: Shell,
    organization: Organization,
    /// As it stands in the form.
    name: String,
    may_write: bool,
    errors: Errors,
}

/// `GET /organization`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    page(visit, StatusCode::OK, None, Errors::default())
}

/// `POST /organization`
pub(in crate::web::dashboard) fn rename(visit: &Visit) -> Result<Reply, PageError> {
    let name = visit.form.trimmed("name");
    match visit.change(Method::Patch, "/organization", &[], members(json!({"name": name}))) {
        Ok(_) => Ok(Reply::see_other(visit.to("/organization?notice=organization-renamed"))),
        Err(error) => page(visit, StatusCode::UNPROCESSABLE_ENTITY, Some(name), Errors::from_api(error)?),
    }
}

fn page(visit: &Visit, status: StatusCode, typed: Option<&str>, errors: Errors) -> Result<Reply, PageError> {
    let organization: Organization = visit.read("/organization", &[], &[])?;
    let name = typed.unwrap_or(&organization.name).to_owned();
    let shell = Shell::new(visit, "Organization", Section::Accounts);
    let may_write = visit.may(Method::Patch, "/organization");
    Reply::page_as(status, &SettingsPage { shell, organization, name, may_write, errors })
}
