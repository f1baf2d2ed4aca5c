//! What is done to a webhook from its page.

use serde_json::{Map, Value, json};

use super::webhook::with_errors;
use super::webhook_form::{PATH, read};
use crate::web::api::Method;
use crate::web::dashboard::again::members;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::visit::{Errors, Visit};

/// `POST /webhooks/{webhook_id}/disable`
pub(in crate::web::dashboard) fn disable(visit: &Visit) -> Result<Reply, PageError> {
    change(visit, Method::Patch, PATH, members(json!({"enabled": false})), "webhook-disabled")
}

/// `POST /webhooks/{webhook_id}/enable`
pub(in crate::web::dashboard) fn enable(visit: &Visit) -> Result<Reply, PageError> {
    change(visit, Method::Patch, PATH, members(json!({"enabled": true})), "webhook-enabled")
}

/// `POST /webhooks/{webhook_id}/test`
pub(in crate::web::dashboard) fn test(visit: &Visit) -> Result<Reply, PageError> {
    change(visit, Method::Post, "/webhooks/{webhook_id}/test", Map::new(), "webhook-tested")
}

/// `POST /webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver`
pub(in crate::web::dashboard) fn redeliver(visit: &Visit) -> Result<Reply, PageError> {
    let path = "/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver";
    change(visit, Method::Post, path, Map::new(), "redelivered")
}

/// `POST /webhooks/{webhook_id}/delete`: its host is typed, so that nobody deletes the wrong one
pub(in crate::web::dashboard) fn delete(visit: &Visit) -> Result<Reply, PageError> {
    let webhook = read(visit)?;
    if visit.form.trimmed("host") != webhook.host() {
        let mut errors = Errors::default();
        errors.add("host", "this is not the webhook's host");
        return with_errors(visit, errors);
    }
    visit.change(Method::Delete, PATH, &[("webhook_id", &webhook.id)], Map::new())?;
    Ok(Reply::see_other(visit.to("/webhooks?notice=webhook-deleted")))
}

fn change(visit: &Visit, method: Method, path: &'static str, body: Map<String, Value>, notice: &str) -> Result<Reply, PageError> {
    let id = visit.part("webhook_id");
    let parts = [("webhook_id", id), ("delivery_id", visit.part("delivery_id"))];
    let named = if path.contains("{delivery_id}") { &parts[..] } else { &parts[..1] };
    match visit.change(method, path, named, body) {
        Ok(_) => Ok(Reply::see_other(visit.to(&format!("/webhooks/{id}?notice={notice}")))),
        Err(error) => with_errors(visit, Errors::from_api(error)?),
    }
}
