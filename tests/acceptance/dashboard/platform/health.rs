//! How the server is: the operation and its page.

use serde_json::{Value, json};

use crate::support::api::PLATFORM;
use crate::support::on_both;

fn finding<'a>(server: &'a Value, check: &str) -> &'a Value {
    let findings = server["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["check"] == check).unwrap_or_else(|| panic!("{check}: {server}"))
}

on_both!(operators_see_how_the_server_is, ["--signing-key-rotation-days", "30"], |app| {
    let token = app.token_of(&app.operator());
    let server = app.api("GET", "/server").bearer(&token).succeeds(200);
    assert_eq!(server["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(server["issuer"], app.issuer.as_str());
    let kind = if app.site.database_url.starts_with("sqlite") { "sqlite" } else { "postgresql" };
    assert_eq!(server["database"]["kind"], kind);
    assert_eq!(server["database"]["schema_is_current"], true);
    assert!(server["database"]["read_microseconds"].as_u64().unwrap() > 0);
    assert!(server["uptime_seconds"].as_i64().unwrap() < 600);
    assert_eq!(server["signing"]["rotation_days"], 30);
    assert_eq!(server["signing"]["current"]["state"], "signing");
    assert_eq!(server["default_plan"], "unlimited");
    assert!(server["memory"]["feed_lag_milliseconds"].as_u64().unwrap() < 60_000);
    assert!(server["memory"]["hits"].as_u64().unwrap() + server["memory"]["misses"].as_u64().unwrap() > 0);
    let anchor = server["audit_log"]["anchor"].as_str().unwrap();
    assert_eq!(app.json(&["audit", "verify", "--anchor", anchor])["verified"], true);
    // No mail server, so invitations do not leave.
    assert_eq!(server["mail"]["is_configured"], false);
    assert_eq!(finding(&server, "mail")["status"], "warning");
    assert_eq!(server["status"], "warning");
    for check in ["database", "change feed", "memory", "signing key", "webhooks", "audit log", "network"] {
        assert_eq!(finding(&server, check)["status"], "ok", "{check}: {server}");
    }
    assert!(!server.to_string().contains("password"), "{server}");
});

on_both!(what_is_wrong_is_told_with_what_to_do, |app| {
    let token = app.token_of(&app.operator());
    let look = || app.api("GET", "/server").bearer(&token).succeeds(200);
    // As if it had been made 100 days ago, and every older row tampered with.
    app.site.sql("UPDATE signing_keys SET created_at = created_at - 8640000, signs_from = signs_from - 8640000");
    let old = look();
    assert_eq!(finding(&old, "signing key")["status"], "warning", "{old}");
    assert!(finding(&old, "signing key")["detail"].as_str().unwrap().contains("100 days ago"));
    app.site.sql("UPDATE audit_events SET action = 'nothing.happened' WHERE seq = 2");
    let tampered = look();
    assert_eq!(tampered["status"], "failed");
    let told = finding(&tampered, "audit log");
    assert!(told["detail"].as_str().unwrap().contains("row 2 ") && told["next"].as_str().unwrap().contains("audit verify"));
    assert_eq!(tampered["audit_log"]["anchor"], Value::Null);
    let page = app.at_pages_of(PLATFORM, "developer").page("/operator/health");
    for word in ["Something does not work", "Was tampered with: row 2", "<code>claviger audit verify</code>", "Failed</span>"] {
        assert!(page.contains(word), "{word}: {page}");
    }
});

on_both!(the_page_shows_what_waits, |app| {
    let operator = app.at_pages_of(PLATFORM, "owner");
    let customer = format!("/operator/organizations/{}/users", app.fixture.organization);
    operator.does(&customer, &[("email", "one@example.com"), ("role", "developer")]);
    operator.does(&customer, &[("email", "two@example.com"), ("role", "developer")]);
    let token = app.token_of(&app.operator());
    let server = app.api("GET", "/server").bearer(&token).succeeds(200);
    assert_eq!(server["mail"]["waiting"], json!(2), "{server}");
    assert!(server["mail"]["oldest_at"].is_string());
    let page = operator.page("/operator/health");
    for word in ["2 waiting", "Running for", "plain HTTP", "Default plan", "End of the audit log", env!("CARGO_PKG_VERSION")] {
        assert!(page.contains(word), "{word}: {page}");
    }
});
