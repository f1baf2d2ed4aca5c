//! `/api-keys/{client_id}/delete`: for good, so its name has to be typed.

use actix_web::http::StatusCode;
use askama::Template;
use serde_json::Map;

use super::{how_tokens_die, key_for, last_use};
use crate::web::api::Method;
use crate::web::dashboard::api_keys::key::Key;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::visit::{Errors, Visit};

#[derive(Template)]
#[template(path = "dashboard/api_keys/delete.html")]
struct DeletePage {
    shell: Shell,
    here: String,
    points: Vec<String>,
    typed: String,
    errors: Errors,
    key: Key,
}

const OPERATION: &str = "/api-keys/{client_id}";

/// `GET …/delete`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    page(visit, key_for(visit, Method::Delete, OPERATION)?, StatusCode::OK, Errors::default())
}

/// `POST …/delete`
pub(in crate::web::dashboard) fn submit(visit: &Visit) -> Result<Reply, PageError> {
    let key = key_for(visit, Method::Delete, OPERATION)?;
    if visit.form.trimmed("name") != key.name {
        let mut errors = Errors::default();
        errors.add("name", "this is not the key's name");
        return page(visit, key, StatusCode::UNPROCESSABLE_ENTITY, errors);
    }
    match visit.change(Method::Delete, OPERATION, &[("client_id", &key.client_id)], Map::new()) {
        Ok(_) => Ok(Reply::see_other(visit.to("/api-keys?notice=key-deleted"))),
        Err(error) => page(visit, key, StatusCode::UNPROCESSABLE_ENTITY, Errors::from_api(error)?),
    }
}

fn page(visit: &Visit, key: Key, status: StatusCode, errors: Errors) -> Result<Reply, PageError> {
    let points = vec![
        "Whoever uses it gets no more tokens, from now on and for good: a deleted key does not come back.".to_owned(),
        how_tokens_die(&key),
        last_use(visit, &key),
        "Its rows in the audit log stay.".to_owned(),
    ];
    let page = DeletePage {
        shell: Shell::new(visit, "Delete this key?", Section::ApiKeys),
        here: visit.to(&key.path()),
        points,
        typed: visit.form.trimmed("name").to_owned(),
        errors,
        key,
    };
    Reply::page_as(status, &page)
}
