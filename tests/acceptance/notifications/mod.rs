//! What owners and webhooks are told of, and how surely.

mod faults;
mod mail;
mod management;
mod nodes;
mod sweep;
mod webhooks;

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::App;
use crate::support::receiver::Receiver;
use crate::support::tools::eventually;

/// Lets webhooks be on loopback.
pub(crate) const LOOPBACK: [&str; 2] = ["--webhook-allow-private", "127.0.0.0/8"];

/// How long the first attempt may take to arrive on a machine that does much else.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// The token of a key that may manage webhooks and keys; nothing from before is on its way any more.
#[track_caller]
pub(crate) fn manager(app: &App) -> String {
    let token = app.token_of(&app.integrator());
    wait_for_dispatch(app);
    token
}

/// Waits until every event that happened so far has its deliveries: a webhook made a moment later gets none of them.
#[track_caller]
pub(crate) fn wait_for_dispatch(app: &App) {
    eventually(SOON, "every event is dispatched", || {
        let waiting = sql(app, "SELECT 'waiting ' || count(*) FROM events WHERE dispatched_at IS NULL");
        waiting.contains("waiting 0").then_some(())
    });
}

/// Makes a webhook of the fixture's organization.
#[track_caller]
pub(crate) fn webhook(app: &App, token: &str, body: &Value) -> Value {
    app.api("POST", "/webhooks").bearer(token).json(body).succeeds(201)
}

/// A webhook for that receiver, and the path of its resource.
#[track_caller]
pub(crate) fn webhook_to(app: &App, token: &str, receiver: &Receiver) -> String {
    let made = webhook(app, token, &json!({"url": receiver.url()}));
    format!("/webhooks/{}", made["id"].as_str().unwrap())
}

/// The deliveries to a webhook, the newest first.
#[track_caller]
pub(crate) fn deliveries(app: &App, token: &str, webhook: &str) -> Vec<Value> {
    let page = app.api("GET", &format!("{webhook}/deliveries?limit=200")).bearer(token).succeeds(200);
    page["data"].as_array().unwrap().clone()
}

/// Waits until the newest delivery looks as `is_right` wants it.
#[track_caller]
pub(crate) fn delivery_where(app: &App, token: &str, webhook: &str, what: &str, is_right: impl Fn(&Value) -> bool) -> Value {
    eventually(SOON, what, || deliveries(app, token, webhook).into_iter().next().filter(|delivery| is_right(delivery)))
}

/// Lets what waits for its next attempt be due now.
pub(crate) fn make_due(app: &App) {
    sql(app, "UPDATE deliveries SET next_attempt_at = 1 WHERE next_attempt_at IS NOT NULL AND lease IS NULL");
}

/// Runs SQL beside a server that writes too.
pub(crate) fn sql(app: &App, statement: &str) -> String {
    match app.site.backend {
        crate::support::Backend::Sqlite => app.site.sql(&format!("PRAGMA busy_timeout = 5000; {statement}")),
        crate::support::Backend::Postgres => app.site.sql(statement),
    }
}
