//! Refused token requests appear in the log with their true reason, and cannot fill it.

use std::time::Duration;

use serde_json::{Value, json};

use super::{WITHIN, awaited, rows};
use crate::support::app::UNKNOWN_ID;
use crate::support::tools::{eventually, fresh_address};
use crate::support::{App, Key, on_both};

const TRUST: [&str; 2] = ["--trusted-proxies", "127.0.0.0/8"];

/// How many requests the rows tell of.
fn requests(rows: &[Value]) -> u64 {
    rows.iter().map(|row| row["after"]["requests"].as_u64().unwrap()).sum()
}

on_both!(ca4_every_refusal_has_a_row_with_its_true_reason, ["--trusted-proxies", "127.0.0.0/8"], |app| {
    let organization = app.fixture.organization.as_str();
    let k1 = &app.fixture.k1;
    let address = fresh_address();
    let from = |key: &Key| app.token(key).from(&address);
    let id = |key: &Key| key.client_id.clone();

    from(&k1.with_wrong_secret()).unauthorized();
    app.anonymous().from(&address).unauthorized();
    app.anonymous().basic(UNKNOWN_ID, "x").from(&address).unauthorized();
    from(k1).param("client_id", UNKNOWN_ID).unauthorized();
    let disabled = app.key_with_grants(&["a"]);
    app.key_action("disable", &disabled, &[]);
    from(&disabled).unauthorized();
    let deleted = app.key_with_grants(&["a"]);
    app.key_action("delete", &deleted, &[]);
    from(&deleted).unauthorized();
    let expired = app.create_key(&["--grant", "a", "--expires-at", "2100-01-01T00:00:00Z"]);
    app.site.sql(&format!("UPDATE api_keys SET expires_at = 1000000000 WHERE client_id = '{}'", expired.client_id));
    from(&expired).unauthorized();
    let elsewhere = app.create_key(&["--grant", "a", "--ip-allow", "192.0.2.1"]);
    from(&elsewhere).send();
    for _ in 0..3 {
        from(k1).scope("fx").send();
    }

    let expected = [
        (Some(id(k1)), "wrong_secret", "anonymous", Some(organization), 1),
        (None, "no_credentials", "anonymous", None, 1),
        (Some(UNKNOWN_ID.to_owned()), "unknown_client", "anonymous", None, 1),
        (Some(id(k1)), "other_client_id", "anonymous", Some(organization), 1),
        (Some(id(&disabled)), "disabled", "anonymous", Some(organization), 1),
        (Some(id(&deleted)), "deleted", "anonymous", Some(organization), 1),
        (Some(id(&expired)), "expired_key", "anonymous", Some(organization), 1),
        (Some(id(&elsewhere)), "unauthorized_client", "api_key", Some(organization), 1),
        (Some(id(k1)), "invalid_scope", "api_key", Some(organization), 3),
    ];
    for (target, reason, actor, organization, count) in expected {
        let found: Vec<Value> = eventually(WITHIN, reason, || {
            let all = rows(app, &["--action", "token.refused"]);
            let of: Vec<Value> = all
                .into_iter()
                .filter(|row| {
                    row["reason"] == json!(reason) && row["target"] == json!(target) && row["address"] == json!(address)
                })
                .collect();
            (!of.is_empty() && requests(&of) >= count).then_some(of)
        });
        assert_eq!(requests(&found), count, "{found:?}");
        for row in &found {
            assert_eq!(row["outcome"], "refused", "{row}");
            assert_eq!(row["actor"]["type"], json!(actor), "{row}");
            assert_eq!(row["actor"]["id"], if actor == "api_key" { json!(target) } else { json!(null) }, "{row}");
            assert_eq!(row["organization_id"], json!(organization), "{row}");
            assert!(row["request_id"].is_string() && row["before"].is_null(), "{row}");
        }
    }
    app.cli(&["audit", "verify"]).succeeded();
});

on_both!(refusals_of_the_management_api_have_rows_too, |app| {
    let key = app.key_with_grants(&["api-keys:write a"]);
    let token = app.token_of(&key);
    let strong = app.key_with_grants(&["a b"]);
    let path = format!("/api-keys/{}", strong.client_id);
    for _ in 0..2 {
        app.api("DELETE", &path).bearer(&token).refused(403, "beyond_own_grants");
    }
    app.api("GET", "/audit-events").bearer(&token).refused(403, "insufficient_scope");
    app.api("GET", &path).bearer("nonsense").refused(401, "invalid_token");
    // What breaks rules is no refusal.
    app.api("POST", "/api-keys").bearer(&token).json(&json!({})).refused(422, "validation_failed");
    app.terminate();
    let found = rows(app, &["--action", "api.refused"]);
    let of = |reason: &str| -> &Value {
        let of: Vec<&Value> = found.iter().filter(|row| row["reason"] == json!(reason)).collect();
        assert_eq!(of.len(), 1, "{reason}: {found:#?}");
        of[0]
    };
    let row = of("beyond_own_grants");
    assert_eq!(row["actor"], json!({"type": "api_key", "id": key.client_id}), "{row}");
    assert_eq!((&row["organization_id"], &row["target"]), (&json!(app.fixture.organization), &json!(strong.client_id)), "{row}");
    assert_eq!(row["after"], json!({"requests": 2, "method": "DELETE", "path": "/api-keys/{client_id}"}), "{row}");
    assert_eq!(of("insufficient_scope")["after"]["path"], "/audit-events");
    let stranger = of("invalid_token");
    assert_eq!((&stranger["actor"]["type"], &stranger["target"]), (&json!("anonymous"), &json!(null)), "{stranger}");
    assert_eq!(found.len(), 3, "{found:#?}");
});

on_both!(a_refusal_just_before_the_stop_is_in_the_log, |app| {
    app.token(&app.fixture.k1.with_wrong_secret()).unauthorized();
    app.terminate();
    let found = rows(app, &["--action", "token.refused", "--target", &app.fixture.k1.client_id]);
    assert_eq!(requests(&found), 1, "{found:?}");
});

on_both!(issued_tokens_have_no_row, |app| {
    let before = rows(app, &[]).len();
    for _ in 0..5 {
        app.token(&app.fixture.k1).accepted();
    }
    app.token(&app.fixture.k1.with_wrong_secret()).unauthorized();
    awaited(app, &["--action", "token.refused"]);
    assert_eq!(rows(app, &[]).len(), before + 1);
});

on_both!(a_flood_of_refusals_is_bounded_and_its_size_is_told, ["--trusted-proxies", "127.0.0.0/8"], |app| {
    const FLOOD: usize = 2_400;
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..FLOOD / 8 {
                    app.anonymous().basic(UNKNOWN_ID, "x").from(&fresh_address()).unauthorized();
                }
            });
        }
    });
    let told = || {
        let listed = rows(app, &["--action", "token.refused"]);
        let unlisted = rows(app, &["--action", "refusals.unlisted"]);
        let rest: u64 = unlisted.iter().map(|row| row["after"]["requests"]["unknown_client"].as_u64().unwrap()).sum();
        (listed.len(), requests(&listed) + rest)
    };
    let (listed, _) =
        eventually(WITHIN, "every refusal is told of", || Some(told()).filter(|(_, requests)| *requests == FLOOD as u64));
    // A burst of 1,000 and ten a second.
    assert!((900..=1_400).contains(&listed), "{listed} rows");
    app.cli(&["audit", "verify"]).succeeded();
});

on_both!(ca10_no_secret_and_no_foreign_text_gets_into_the_log, ["--trusted-proxies", "127.0.0.0/8"], |app| {
    let secret = app.fixture.k1.client_secret.clone();
    let canaries =
        ["canary-id", "canary-secret", "canary-scope", "canary-account", "canary-query", "canary-grant", "canary-resource"];
    app.anonymous().basic("canary-id", "canary-secret").unauthorized();
    app.anonymous().basic(&secret, &app.fixture.k1.client_id).unauthorized();
    app.token(&app.fixture.k1).scope("canary-scope").send();
    app.token(&app.fixture.k1).account("canary-account").send();
    app.token(&app.fixture.k1).resource("https://canary-resource").send();
    app.token(&app.fixture.k1).query("?client_id=canary-query").send();
    app.anonymous().body("grant_type=canary-grant").basic(&app.fixture.k1.client_id, &secret).send();
    awaited(app, &["--action", "token.refused", "--target", &app.fixture.k1.client_id]);
    app.terminate();
    let exported = app.cli(&["audit", "export"]).succeeded().stdout;
    for canary in canaries.iter().copied().chain([secret.as_str()]) {
        assert!(!exported.contains(canary), "{canary} is in the log");
    }
});

/// `kill -9` may lose the refusals of the last seconds, and never leaves a log that does not verify.
fn kills(backend: crate::support::Backend) {
    let app = App::start(backend, &TRUST);
    for cycle in 0..10 {
        let stop = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    // The server dies under it.
                    let request = app.anonymous().basic(UNKNOWN_ID, "x").from(&fresh_address()).request();
                    let _ = crate::support::http::exchange(app.address(), &request);
                }
            });
            std::thread::sleep(Duration::from_millis(1_900 + cycle * 120));
            app.kill();
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        app.cli(&["audit", "verify"]).succeeded();
        app.restart();
    }
    app.anonymous().basic(UNKNOWN_ID, "x").unauthorized();
    awaited(&app, &["--action", "token.refused"]);
    app.cli(&["audit", "verify"]).succeeded();
}

#[test]
fn f1_kill_9_never_leaves_a_broken_chain_sqlite() {
    kills(crate::support::Backend::Sqlite);
}

#[test]
fn f1_kill_9_never_leaves_a_broken_chain_postgres() {
    kills(crate::support::Backend::Postgres);
}
