//! `/operator/catalogue/scopes`

use actix_web::http::StatusCode;
use askama::Template;
use serde_json::{Map, json};

use super::{PATH, Scope, Server};
use crate::web::api::{ApiError, Method};
use crate::web::dashboard::again::members;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::operator::field::{Choice, Field, Fields, Kind};
use crate::web::dashboard::operator::listing::read_all;
use crate::web::dashboard::operator::require;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::visit::{Errors, Visit};

const ALL: &str = "/scopes";
const ONE: &str = "/scopes/{scope}";

#[derive(Template)]
#[template(path = "dashboard/operator/scope.html")]
struct ScopePage {
    shell: Shell,
    /// `None`: it is to be made.
    scope: Option<Scope>,
    /// `None`: it can't be changed.
    form: Option<Fields>,
    is_builtin: bool,
    refused: Option<String>,
}

/// `GET /operator/catalogue/scopes/new`
pub(in crate::web::dashboard) fn new(visit: &Visit) -> Result<Reply, PageError> {
    require(visit, Method::Post, ALL)?;
    new_page(visit, StatusCode::OK, &Errors::default())
}

/// `POST /operator/catalogue/scopes/new`
pub(in crate::web::dashboard) fn create(visit: &Visit) -> Result<Reply, PageError> {
    let form = &visit.form;
    let body = json!({
        "name": form.trimmed("name"),
        "resource_server": form.trimmed("resource_server"),
        "level": form.trimmed("level"),
        "description": form.trimmed("description"),
        "implies": form.all("implies").collect::<Vec<_>>(),
    });
    match visit.change(Method::Post, ALL, &[], members(body)) {
        Ok(_) => Ok(Reply::see_other(visit.to(&format!("{PATH}?notice=scope-created")))),
        Err(error) => new_page(visit, StatusCode::UNPROCESSABLE_ENTITY, &Errors::from_api(error)?),
    }
}

/// `GET /operator/catalogue/scopes/{scope}`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    require(visit, Method::Get, "/organizations")?;
    page(visit, StatusCode::OK, None, None)
}

/// `POST /operator/catalogue/scopes/{scope}`
pub(in crate::web::dashboard) fn edit(visit: &Visit) -> Result<Reply, PageError> {
    let implies: Vec<&str> = visit.form.all("implies").collect();
    let body = json!({"description": visit.form.trimmed("description"), "implies": implies});
    match visit.change(Method::Patch, ONE, &[id(visit)], members(body)) {
        Ok(_) => Ok(Reply::see_other(visit.to(&format!("{PATH}?notice=scope-saved")))),
        Err(error) => page(visit, StatusCode::UNPROCESSABLE_ENTITY, Some(Errors::from_api(error)?), None),
    }
}

/// `POST /operator/catalogue/scopes/{scope}/delete`
pub(in crate::web::dashboard) fn delete(visit: &Visit) -> Result<Reply, PageError> {
    match visit.change(Method::Delete, ONE, &[id(visit)], Map::new()) {
        Ok(_) => Ok(Reply::see_other(visit.to(&format!("{PATH}?notice=scope-deleted")))),
        Err(error @ ApiError::Refused { .. }) => {
            let refused = Errors::from_api(error)?.general;
            page(visit, StatusCode::CONFLICT, None, refused)
        }
        Err(other) => Err(other.into()),
    }
}

fn id(visit: &Visit) -> (&'static str, &str) {
    ("scope", visit.part("scope"))
}

fn new_page(visit: &Visit, status: StatusCode, errors: &Errors) -> Result<Reply, PageError> {
    let servers: Vec<Server> = read_all(visit, "/resource-servers")?;
    let is_sent = visit.form.has("resource_server");
    let wanted = if is_sent { visit.form.text("resource_server") } else { visit.query.text("server") };
    let own = servers.iter().filter(|server| !server.builtin);
    let label = |server: &Server| format!("{} ({})", server.name, server.identifier);
    let choices: Vec<Choice> = own.map(|server| Choice::new(&server.id, &label(server), server.id == wanted)).collect();
    let level = if is_sent { visit.form.text("level") } else { "organization" };
    let levels = [
        ("organization", "Organization: granted for the organization as a whole"),
        ("account", "Account: granted for one or more of its accounts"),
        ("platform", "Platform: for the platform's own keys alone"),
    ];
    let fields = vec![
        Field::new(Kind::Code, "name", "Name", visit.form.text("name"))
            .required()
            .hint("By custom resource:action, e.g. payments:read. It is fixed from then on: keys and tokens name it."),
        Field::new(Kind::Select(choices), "resource_server", "Resource server", ""),
        Field::new(
            Kind::Select(levels.iter().map(|(value, label)| Choice::new(value, label, *value == level)).collect()),
            "level",
            "Level",
            "",
        ),
        description(visit.form.text("description")),
        implies(visit, None, &visit.form.all("implies").collect::<Vec<_>>(), &servers)?,
    ];
    let page = ScopePage {
        shell: Shell::new(visit, "Create scope", Section::Catalogue),
        scope: None,
        form: Some(Fields::new(fields, errors)),
        is_builtin: false,
        refused: None,
    };
    Reply::page_as(status, &page)
}

fn page(visit: &Visit, status: StatusCode, errors: Option<Errors>, refused: Option<String>) -> Result<Reply, PageError> {
    let scope: Scope = visit.read(ONE, &[id(visit)], &[])?;
    let servers: Vec<Server> = read_all(visit, "/resource-servers")?;
    let is_builtin = servers.iter().any(|server| server.builtin && server.identifier == scope.resource_server);
    let form = if !is_builtin && visit.may(Method::Patch, ONE) {
        let (text, chosen) = match &errors {
            Some(_) => (visit.form.text("description"), visit.form.all("implies").collect()),
            None => (scope.description.as_str(), scope.implies.iter().map(String::as_str).collect::<Vec<_>>()),
        };
        let fields = vec![description(text), implies(visit, Some(&scope), &chosen, &servers)?];
        Some(Fields::new(fields, &errors.unwrap_or_default()))
    } else {
        None
    };
    let shell = Shell::new(visit, &scope.name, Section::Catalogue);
    Reply::page_as(status, &ScopePage { shell, form, is_builtin, refused, scope: Some(scope) })
}

fn description(text: &str) -> Field {
    Field::new(Kind::Text, "description", "Description", text)
        .hint("What it lets its holder do, e.g. See payments. People choose scopes by it.")
}

/// What a scope may imply: others of its level, none of this server's own.
fn implies(visit: &Visit, of: Option<&Scope>, chosen: &[&str], servers: &[Server]) -> Result<Field, PageError> {
    let all: Vec<Scope> = read_all(visit, "/scopes")?;
    let is_own = |scope: &Scope| servers.iter().any(|server| server.builtin && server.identifier == scope.resource_server);
    let fits = |scope: &&Scope| !is_own(scope) && of.is_none_or(|of| of.level == scope.level && of.id != scope.id);
    let choice = |scope: &Scope| {
        let level = if of.is_none() { format!("{} level. ", scope.level_in_words()) } else { String::new() };
        let hint = format!("{level}{}", scope.description);
        Choice { hint, ..Choice::new(&scope.name, &scope.name, chosen.contains(&scope.name.as_str())) }
    };
    let choices = all.iter().filter(fits).map(choice).collect();
    Ok(Field::new(Kind::Choices(choices), "implies", "Implies", "").hint(
        "Whoever holds this scope holds these too: payments:write usually implies payments:read. They must have the same level.",
    ))
}
