//! `/webhooks/{webhook_id}/secret`: a new secret, shown once.

use askama::Template;
use serde_json::json;
use zeroize::Zeroizing;

use super::webhook_form::{PATH, read};
use super::webhook_list::Webhook;
use crate::domain::time::Timestamp;
use crate::web::api::{Answer, ApiError, Method};
use crate::web::dashboard::again::members;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::shown_once;
use crate::web::dashboard::view::When;
use crate::web::dashboard::visit::{Errors, Visit};

#[derive(Template)]
#[template(path = "dashboard/organization/webhook_secret.html")]
struct SecretPage {
    shell: Shell,
    webhook: Webhook,
    secret: Option<Zeroizing<String>>,
    /// Until when the earlier one signs too.
    overlap_until: Option<Timestamp>,
}

/// Sends the secret that an operation has just answered on to the page that shows it.
pub(super) fn hand_over(visit: &Visit, mut answer: Answer) -> Result<Reply, PageError> {
    let mut body = answer.body.take().unwrap_or_default();
    let secret = body.get_mut("secret").map(serde_json::Value::take).unwrap_or_default();
    let (Some(id), serde_json::Value::String(secret)) = (body.get("id").and_then(|id| id.as_str()), secret) else {
        return Err(ApiError::internal("the operation answered no secret").into());
    };
    let secret = Zeroizing::new(secret);
    let (name, cookie) = shown_once::hand_over(visit, id, &secret)?;
    Ok(Reply::see_other(visit.to(&format!("/webhooks/{id}/secret"))).with_header(name, cookie))
}

/// `POST /webhooks/{webhook_id}/rotate-secret`
pub(in crate::web::dashboard) fn rotate(visit: &Visit) -> Result<Reply, PageError> {
    let grace: i64 = visit.form.text("grace_period_seconds").parse().unwrap_or(-1);
    let parts = [("webhook_id", visit.part("webhook_id"))];
    let body = members(json!({"grace_period_seconds": grace}));
    match visit.change(Method::Post, "/webhooks/{webhook_id}/rotate-secret", &parts, body) {
        Ok(answer) => hand_over(visit, answer),
        Err(error) => super::webhook::with_errors(visit, Errors::from_api(error)?),
    }
}

/// `GET /webhooks/{webhook_id}/secret`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    super::require(visit, Method::Patch, PATH)?;
    let webhook = read(visit)?;
    let secret = shown_once::take(visit, &webhook.id);
    let (name, cookie) = shown_once::clear(&webhook.id);
    let overlap_until = webhook.secrets.iter().find_map(|secret| secret.expires_at);
    let title = if secret.is_some() { "The webhook's secret" } else { "The secret was shown once" };
    let shell = Shell::new(visit, title, Section::Webhooks);
    Ok(Reply::page(&SecretPage { shell, webhook, secret, overlap_until })?.with_header(name, cookie))
}
