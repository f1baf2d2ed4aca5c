//! The daily sweep: keys that end soon, old secrets, keys that nobody uses.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::{LOOPBACK, SOON, manager, sql, webhook};
use crate::support::on_both;
use crate::support::receiver::{Receiver, Reply};

const DAY: i64 = 86_400;

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

on_both!(what_ends_soon_and_what_is_stale_is_told_once, [LOOPBACK[0], LOOPBACK[1]], |app| {
    let token = manager(app);
    let receiver = Receiver::start(Reply::ok(200));
    let kinds = ["api_key.expiring", "api_key.stale"];
    webhook(app, &token, &json!({"url": receiver.url(), "events": kinds}));
    let key = |name: &str| {
        let organization = ["--organization", app.fixture.organization.as_str()];
        let args = [&["keys", "create", "--grant", "a", "--name", name][..], &organization].concat();
        app.json(&args)["client_id"].as_str().unwrap().to_owned()
    };
    let [ending, rotated, old, unused, disabled, young] = ["ending", "rotated", "old", "unused", "disabled", "young"].map(key);
    app.cli(&["keys", "regenerate", &rotated, "--grace", "24h"]).succeeded();
    app.cli(&["keys", "disable", &disabled]).succeeded();
    app.kill();
    let long_ago = now() - 91 * DAY;
    sql(app, &format!("UPDATE api_keys SET expires_at = {} WHERE client_id = '{ending}'", now() + 3 * DAY));
    for id in [&old, &unused, &disabled] {
        sql(app, &format!("UPDATE api_secrets SET created_at = {long_ago} WHERE client_id = '{id}'"));
        sql(app, &format!("UPDATE api_keys SET created_at = {long_ago} WHERE client_id = '{id}'"));
    }
    sql(app, &format!("UPDATE api_keys SET last_used_at = {} WHERE client_id = '{old}'", now() - DAY));
    let sweep_again = || {
        app.kill();
        sql(app, "UPDATE leases SET done_at = NULL, expires_at = 0");
        app.restart();
    };
    sweep_again();
    let received = receiver.wait_for(4, SOON);
    let told: BTreeSet<(String, String)> = received
        .iter()
        .map(|message| {
            let body = message.json();
            (body["type"].as_str().unwrap().to_owned(), body["data"]["client_id"].as_str().unwrap().to_owned())
        })
        .collect();
    let expected = [(kinds[0], &ending), (kinds[0], &rotated), (kinds[1], &old), (kinds[1], &unused)];
    assert_eq!(told, expected.map(|(kind, id)| (kind.to_owned(), id.clone())).into());
    assert!(!told.iter().any(|(_, id)| *id == young || *id == disabled));
    let about = |id: &str| received.iter().map(|message| message.json()).find(|body| body["data"]["client_id"] == id).unwrap();
    assert_eq!(about(&old)["data"]["reasons"], json!(["secret_age"]));
    assert_eq!(about(&unused)["data"]["reasons"], json!(["secret_age", "unused"]));
    assert!(about(&rotated)["data"]["secret"]["hint"].as_str().unwrap().starts_with("clv_..."), "{}", about(&rotated));
    assert_eq!(about(&ending)["data"].get("secret"), None::<&Value>, "{}", about(&ending));

    // Another sweep says nothing of what was said.
    sweep_again();
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(receiver.received().len(), 4);
    // A month later it speaks of stale keys again, and a day before the end of that end.
    sql(app, "UPDATE announcements SET announced_at = 1 WHERE what = 'stale'");
    sql(app, &format!("UPDATE api_keys SET expires_at = {} WHERE client_id = '{ending}'", now() + DAY / 2));
    sweep_again();
    let again: Vec<Value> =
        receiver.wait_for(7, SOON)[4..].iter().map(|message| message.json()["data"]["client_id"].clone()).collect();
    assert_eq!(again.len(), 3);
    for id in [&old, &unused, &ending] {
        assert!(again.contains(&json!(id)), "{id}: {again:?}");
    }
});
