//! `/operator/catalogue/resource-servers`

use actix_web::http::StatusCode;
use askama::Template;
use serde_json::{Map, Value, json};

use super::{PATH, Server};
use crate::web::api::{ApiError, Method};
use crate::web::dashboard::again::members;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::operator::field::{Field, Fields, Kind};
use crate::web::dashboard::operator::require;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::visit::{Errors, Visit};

const ALL: &str = "/resource-servers";
const ONE: &str = "/resource-servers/{resource_server_id}";

#[derive(Template)]
#[template(path = "dashboard/operator/resource_server.html")]
struct ServerPage {
    shell: Shell,
    /// `None`: it is to be made.
    server: Option<Server>,
    /// `None`: it can't be changed.
    form: Option<Fields>,
    refused: Option<String>,
}

/// `GET /operator/catalogue/resource-servers/new`
pub(in crate::web::dashboard) fn new(visit: &Visit) -> Result<Reply, PageError> {
    require(visit, Method::Post, ALL)?;
    new_page(visit, StatusCode::OK, &Errors::default())
}

/// `POST /operator/catalogue/resource-servers/new`
pub(in crate::web::dashboard) fn create(visit: &Visit) -> Result<Reply, PageError> {
    let mut body = members(json!({"identifier": visit.form.trimmed("identifier")}));
    let name = visit.form.trimmed("name");
    if !name.is_empty() {
        body.insert("name".to_owned(), Value::from(name));
    }
    match visit.change(Method::Post, ALL, &[], body) {
        Ok(_) => Ok(Reply::see_other(visit.to(&format!("{PATH}?notice=resource-server-created")))),
        Err(error) => new_page(visit, StatusCode::UNPROCESSABLE_ENTITY, &Errors::from_api(error)?),
    }
}

/// `GET /operator/catalogue/resource-servers/{resource_server_id}`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    require(visit, Method::Get, "/organizations")?;
    page(visit, StatusCode::OK, None, None)
}

/// `POST /operator/catalogue/resource-servers/{resource_server_id}`
pub(in crate::web::dashboard) fn edit(visit: &Visit) -> Result<Reply, PageError> {
    let body = members(json!({"name": visit.form.trimmed("name")}));
    match visit.change(Method::Patch, ONE, &[id(visit)], body) {
        Ok(_) => Ok(Reply::see_other(visit.to(&format!("{PATH}?notice=resource-server-saved")))),
        Err(error) => page(visit, StatusCode::UNPROCESSABLE_ENTITY, Some(Errors::from_api(error)?), None),
    }
}

/// `POST /operator/catalogue/resource-servers/{resource_server_id}/delete`
pub(in crate::web::dashboard) fn delete(visit: &Visit) -> Result<Reply, PageError> {
    match visit.change(Method::Delete, ONE, &[id(visit)], Map::new()) {
        Ok(_) => Ok(Reply::see_other(visit.to(&format!("{PATH}?notice=resource-server-deleted")))),
        Err(error @ ApiError::Refused { .. }) => {
            let refused = Errors::from_api(error)?.general;
            page(visit, StatusCode::CONFLICT, None, refused)
        }
        Err(other) => Err(other.into()),
    }
}

fn id(visit: &Visit) -> (&'static str, &str) {
    ("resource_server_id", visit.part("resource_server_id"))
}

fn new_page(visit: &Visit, status: StatusCode, errors: &Errors) -> Result<Reply, PageError> {
    let fields = vec![
        Field::new(Kind::Code, "identifier", "Identifier", visit.form.text("identifier"))
            .required()
            .hint("An absolute URI, e.g. https://payments.example.com. Tokens carry it as aud; it is fixed from then on."),
        Field::new(Kind::Text, "name", "Name", visit.form.text("name")).hint("Shown to people. Empty: the identifier."),
    ];
    let page = ServerPage {
        shell: Shell::new(visit, "Create resource server", Section::Catalogue),
        server: None,
        form: Some(Fields::new(fields, errors)),
        refused: None,
    };
    Reply::page_as(status, &page)
}

fn page(visit: &Visit, status: StatusCode, errors: Option<Errors>, refused: Option<String>) -> Result<Reply, PageError> {
    let server: Server = visit.read(ONE, &[id(visit)], &[])?;
    let name = if errors.is_some() { visit.form.text("name") } else { server.name.as_str() };
    let field = Field::new(Kind::Text, "name", "Name", name).required();
    let form = (!server.builtin && visit.may(Method::Patch, ONE)).then(|| Fields::new(vec![field], &errors.unwrap_or_default()));
    let shell = Shell::new(visit, &server.name, Section::Catalogue);
    Reply::page_as(status, &ServerPage { shell, form, server: Some(server), refused })
}
