//! `/api-keys/{client_id}/secrets/{secret_id}/retire`: ends an old secret before its grace period is over.

use actix_web::http::StatusCode;
use askama::Template;
use serde_json::Map;

use super::key_for;
use crate::web::api::Method;
use crate::web::dashboard::api_keys::key::Key;
use crate::web::dashboard::api_keys::rotation::{Rotation, Verdict, rotation};
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::visit::{Errors, Visit};

#[derive(Template)]
#[template(path = "dashboard/api_keys/retire.html")]
struct RetirePage {
    shell: Shell,
    here: String,
    rotation: Rotation,
    error: Option<String>,
    key: Key,
}

const OPERATION: &str = "/api-keys/{client_id}/secrets/{secret_id}/retire";

/// `GET …/retire`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    page(visit, StatusCode::OK, None)
}

/// `POST …/retire`
pub(in crate::web::dashboard) fn submit(visit: &Visit) -> Result<Reply, PageError> {
    let (client_id, secret_id) = (visit.part("client_id"), visit.part("secret_id"));
    match visit.change(Method::Post, OPERATION, &[("client_id", client_id), ("secret_id", secret_id)], Map::new()) {
        Ok(_) => Ok(Reply::see_other(visit.to(&format!("/api-keys/{client_id}?notice=secret-retired")))),
        // It has ended meanwhile, unless the key is not there either.
        Err(error) if error.code() == "not_found" => Ok(Reply::see_other(visit.to(&Key::of_path(visit)?.path()))),
        Err(error) => {
            let errors = Errors::from_api(error)?;
            page(visit, StatusCode::UNPROCESSABLE_ENTITY, Some(errors.besides(&[]).join(" ")))
        }
    }
}

fn page(visit: &Visit, status: StatusCode, error: Option<String>) -> Result<Reply, PageError> {
    let key = key_for(visit, Method::Post, OPERATION)?;
    let under_way = rotation(&key, visit.inside.now);
    let Some(rotation) = under_way.filter(|rotation| error.is_some() || rotation.old_id == visit.part("secret_id")) else {
        return Ok(Reply::see_other(visit.to(&key.path())));
    };
    let page = RetirePage {
        shell: Shell::new(visit, "Retire the old secret?", Section::ApiKeys),
        here: visit.to(&key.path()),
        rotation,
        error,
        key,
    };
    Reply::page_as(status, &page)
}
