//! `/operator/organizations`

use actix_web::http::StatusCode;
use askama::Template;
use serde::Deserialize;
use serde_json::json;

use super::field::{Field, Fields, Kind};
use super::listing::{Listed, Pages};
use super::require;
use crate::domain::time::Timestamp;
use crate::web::api::Method;
use crate::web::dashboard::again::members;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::view::When;
use crate::web::dashboard::visit::{Errors, Visit, parsed};

const PATH: &str = "/operator/organizations";

#[derive(Debug, Deserialize)]
struct Row {
    id: String,
    name: String,
    platform: bool,
    plan: Option<String>,
    created_at: Timestamp,
}

#[derive(Template)]
#[template(path = "dashboard/operator/organizations.html")]
struct ListPage<'a> {
    shell: Shell,
    rows: Vec<Row>,
    pages: Pages,
    search: &'a str,
    plan: &'a str,
    may_create: bool,
}

#[derive(Template)]
#[template(path = "dashboard/operator/organization_new.html")]
struct NewPage {
    shell: Shell,
    fields: Fields,
}

/// `GET /operator/organizations`
pub(in crate::web::dashboard) fn list(visit: &Visit) -> Result<Reply, PageError> {
    let (search, plan) = (visit.query.trimmed("search"), visit.query.trimmed("plan"));
    // A longer text than a name can be is in none.
    let search: String = search.chars().filter(|c| !c.is_control()).take(64).collect();
    let query = [("search", search.as_str()), ("plan", plan), ("cursor", visit.query.text("cursor"))];
    let found: Listed<Row> = visit.read("/organizations", &[], &query)?;
    Reply::page(&ListPage {
        shell: Shell::new(visit, "Organizations", Section::Organizations),
        pages: Pages::of(visit, PATH, found.next_cursor.as_deref()),
        rows: found.data,
        search: &search,
        plan,
        may_create: visit.may(Method::Post, "/organizations"),
    })
}

/// `GET /operator/organizations/new`
pub(in crate::web::dashboard) fn new(visit: &Visit) -> Result<Reply, PageError> {
    require(visit, Method::Post, "/organizations")?;
    form(visit, StatusCode::OK, &Errors::default())
}

/// `POST /operator/organizations/new`
pub(in crate::web::dashboard) fn create(visit: &Visit) -> Result<Reply, PageError> {
    let body = json!({"name": visit.form.trimmed("name")});
    match visit.change(Method::Post, "/organizations", &[], members(body)) {
        Ok(answer) => {
            let made: Row = parsed(answer)?;
            Ok(Reply::see_other(visit.to(&format!("{PATH}/{}?notice=organization-created", made.id))))
        }
        Err(error) => form(visit, StatusCode::UNPROCESSABLE_ENTITY, &Errors::from_api(error)?),
    }
}

fn form(visit: &Visit, status: StatusCode, errors: &Errors) -> Result<Reply, PageError> {
    let name = Field::new(Kind::Text, "name", "Name", visit.form.text("name"))
        .required()
        .hint("The customer as your people know it, e.g. Example Shop Ltd. It can be changed later.");
    let shell = Shell::new(visit, "Create organization", Section::Organizations);
    Reply::page_as(status, &NewPage { shell, fields: Fields::new(vec![name], errors) })
}
