//! `/api-keys/{client_id}/duplicate`

use actix_web::http::StatusCode;
use askama::Template;
use serde_json::{Map, Value};

use super::{key_for, once, submission, to_secret};
use crate::domain::name::Name;
use crate::web::api::{ApiError, Method};
use crate::web::dashboard::api_keys::holding::{Held, holding};
use crate::web::dashboard::api_keys::key::Key;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::visit::{Errors, Visit};

#[derive(Template)]
#[template(path = "dashboard/api_keys/duplicate.html")]
struct DuplicatePage {
    shell: Shell,
    here: String,
    copy_name: String,
    holding: Vec<Held>,
    submission: String,
    error: Option<String>,
    key: Key,
}

const OPERATION: &str = "/api-keys/{client_id}/duplicate";

/// `GET …/duplicate`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    page(visit, StatusCode::OK, None)
}

/// `POST …/duplicate`
pub(in crate::web::dashboard) fn submit(visit: &Visit) -> Result<Reply, PageError> {
    match once(visit, OPERATION, Map::new()) {
        Ok(mut answer) => {
            let id = answer.body.as_ref().and_then(|body| body.get("client_id")).and_then(Value::as_str);
            let id = id.ok_or_else(|| ApiError::internal("a copy without an id"))?.to_owned();
            to_secret(visit, &id, &mut answer)
        }
        Err(error) => {
            let errors = Errors::from_api(error)?;
            page(visit, StatusCode::UNPROCESSABLE_ENTITY, Some(errors.besides(&[]).join(" ")))
        }
    }
}

fn page(visit: &Visit, status: StatusCode, error: Option<String>) -> Result<Reply, PageError> {
    let key = key_for(visit, Method::Post, OPERATION)?;
    if key.is_admin() && error.is_none() {
        return Ok(Reply::see_other(visit.to(&key.path())));
    }
    let name: Option<Name> = key.name.parse().ok();
    let page = DuplicatePage {
        shell: Shell::new(visit, "Duplicate this key?", Section::ApiKeys),
        here: visit.to(&key.path()),
        copy_name: name.map(|name| name.of_copy().to_string()).unwrap_or_default(),
        holding: holding(visit, &key)?,
        submission: submission(visit)?,
        error,
        key,
    };
    Reply::page_as(status, &page)
}
