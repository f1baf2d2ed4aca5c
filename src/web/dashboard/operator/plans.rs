//! `/operator/plans`

use actix_web::http::StatusCode;
use askama::Template;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::field::{Field, Fields, Kind};
use super::limits::{self, Limits};
use super::listing::Listed;
use super::require;
use crate::web::api::{ApiError, Method};
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::visit::{Errors, Visit};

const PATH: &str = "/operator/plans";
const ONE: &str = "/plans/{name}";

#[derive(Debug, Deserialize)]
struct Plan {
    name: String,
    #[serde(flatten)]
    limits: Limits,
    dry_run: bool,
}

impl Plan {
    /// Whether its limits are set for each organization.
    fn is_enterprise(&self) -> bool {
        self.name == "enterprise"
    }
}

#[derive(Debug, Deserialize)]
struct ServerRow {
    default_plan: String,
}

#[derive(Debug, Deserialize)]
struct OrganizationRow {
    id: String,
    name: String,
}

#[derive(Template)]
#[template(path = "dashboard/operator/plans.html")]
struct ListPage {
    shell: Shell,
    plans: Vec<Plan>,
    default_plan: String,
    may_write: bool,
}

#[derive(Template)]
#[template(path = "dashboard/operator/plan.html")]
struct PlanPage {
    shell: Shell,
    /// `None`: it is to be made.
    name: Option<String>,
    limits: Limits,
    is_enterprise: bool,
    is_default: bool,
    dry_run: bool,
    /// For those who may send it: the limits apart, in the middle of it.
    form: Option<Form>,
    organizations: Option<Listed<OrganizationRow>>,
    refused: Option<String>,
}

#[derive(Debug)]
struct Form {
    head: Fields,
    limits: Fields,
    tail: Fields,
}

/// `GET /operator/plans`
pub(in crate::web::dashboard) fn list(visit: &Visit) -> Result<Reply, PageError> {
    let plans: Listed<Plan> = visit.read("/plans", &[], &[("limit", "200")])?;
    let server: ServerRow = visit.read("/server", &[], &[])?;
    Reply::page(&ListPage {
        shell: Shell::new(visit, "Plans", Section::Plans),
        plans: plans.data,
        default_plan: server.default_plan,
        may_write: visit.may(Method::Post, "/plans"),
    })
}

/// `GET /operator/plans/new`
pub(in crate::web::dashboard) fn new(visit: &Visit) -> Result<Reply, PageError> {
    require(visit, Method::Post, "/plans")?;
    new_page(visit, StatusCode::OK, &Errors::default())
}

/// `POST /operator/plans/new`
pub(in crate::web::dashboard) fn create(visit: &Visit) -> Result<Reply, PageError> {
    let mut body = members(visit);
    body.insert("name".to_owned(), visit.form.trimmed("name").into());
    match visit.change(Method::Post, "/plans", &[], body) {
        Ok(_) => Ok(Reply::see_other(visit.to(&format!("{PATH}?notice=plan-created")))),
        Err(error) => new_page(visit, StatusCode::UNPROCESSABLE_ENTITY, &Errors::from_api(error)?),
    }
}

/// `GET /operator/plans/{name}`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    page(visit, StatusCode::OK, None, None)
}

/// `POST /operator/plans/{name}`
pub(in crate::web::dashboard) fn edit(visit: &Visit) -> Result<Reply, PageError> {
    let mut body = members(visit);
    if name(visit).1 == "enterprise" {
        body.retain(|member, _| member == "dry_run");
    }
    match visit.change(Method::Patch, ONE, &[name(visit)], body) {
        Ok(_) => Ok(Reply::see_other(visit.to(&format!("{PATH}/{}?notice=plan-saved", name(visit).1)))),
        Err(error) => page(visit, StatusCode::UNPROCESSABLE_ENTITY, Some(Errors::from_api(error)?), None),
    }
}

/// `POST /operator/plans/{name}/delete`
pub(in crate::web::dashboard) fn delete(visit: &Visit) -> Result<Reply, PageError> {
    match visit.change(Method::Delete, ONE, &[name(visit)], Map::new()) {
        Ok(_) => Ok(Reply::see_other(visit.to(&format!("{PATH}?notice=plan-deleted")))),
        Err(error @ ApiError::Refused { .. }) => {
            let refused = Errors::from_api(error)?.general;
            page(visit, StatusCode::CONFLICT, None, refused)
        }
        Err(other) => Err(other.into()),
    }
}

fn name(visit: &Visit) -> (&'static str, &str) {
    ("name", visit.part("name"))
}

fn members(visit: &Visit) -> Map<String, Value> {
    let mut body = limits::members(&visit.form, false);
    body.insert("dry_run".to_owned(), visit.form.has("dry_run").into());
    body
}

fn new_page(visit: &Visit, status: StatusCode, errors: &Errors) -> Result<Reply, PageError> {
    let name = Field::new(Kind::Code, "name", "Name", visit.form.text("name"))
        .required()
        .hint("Small letters, digits, - and _, e.g. growth-plus. It stands in API answers and is fixed from then on.");
    let page = PlanPage {
        shell: Shell::new(visit, "Create plan", Section::Plans),
        name: None,
        limits: Limits::default(),
        is_enterprise: false,
        is_default: false,
        dry_run: false,
        form: Some(form(vec![name], limits::typed(&visit.form, false), visit.form.has("dry_run"), errors)),
        organizations: None,
        refused: None,
    };
    Reply::page_as(status, &page)
}

fn page(visit: &Visit, status: StatusCode, errors: Option<Errors>, refused: Option<String>) -> Result<Reply, PageError> {
    let plan: Plan = visit.read(ONE, &[name(visit)], &[])?;
    let server: ServerRow = visit.read("/server", &[], &[])?;
    let query = [("plan", plan.name.as_str()), ("limit", "10")];
    let organizations = visit.read("/organizations", &[], &query)?;
    let (limits, dry_run) = match &errors {
        Some(_) => (limits::typed(&visit.form, false), visit.form.has("dry_run")),
        None => (plan.limits.fields(false), plan.dry_run),
    };
    let limits = if plan.is_enterprise() { Vec::new() } else { limits };
    let form = visit.may(Method::Patch, ONE).then(|| form(Vec::new(), limits, dry_run, &errors.unwrap_or_default()));
    let page = PlanPage {
        shell: Shell::new(visit, &plan.name, Section::Plans),
        is_enterprise: plan.is_enterprise(),
        is_default: plan.name == server.default_plan,
        limits: plan.limits,
        dry_run: plan.dry_run,
        form,
        organizations: Some(organizations),
        refused,
        name: Some(plan.name),
    };
    Reply::page_as(status, &page)
}

fn form(head: Vec<Field>, limits: Vec<Field>, dry_run: bool, errors: &Errors) -> Form {
    let (heads, all) = (head.len(), head.len() + limits.len());
    let tick = Field::new(Kind::Tick, "dry_run", "Dry run", if dry_run { "true" } else { "" })
        .hint("Requests are counted, and what would be refused is reported in the metrics and the log; nothing is refused. So one sees first whom a new limit would meet.");
    let mut head = Fields::new(head.into_iter().chain(limits).chain([tick]).collect(), errors);
    let tail = head.split_off(all);
    let limits = head.split_off(heads);
    Form { head, limits, tail }
}
