//! Each form of hash: the old secret works under the old client id, no other does, and our digest takes its place.

use std::time::Duration;

use serde_json::json;

use super::{BCRYPT_OF_ABC, FOREIGN_ID, HASHES, SECRET, SHA_256, ask, foreign_hashes, import_one};
use crate::support::tools::{HONOURED_WITHIN, eventually};
use crate::support::{App, Key, on_both};

/// What the first use leaves behind is written within the time that `last_used_at` has too.
const WRITTEN_WITHIN: Duration = Duration::from_secs(7);

#[track_caller]
fn until_honoured(app: &App, id: &str) {
    eventually(HONOURED_WITHIN, "the server knows the imported key", || ask(app, id, SECRET).works().then_some(()));
}

on_both!(ca2_every_kind_of_hash_lets_the_old_secret_in_under_the_old_id, |app| {
    for (number, (kind, hash)) in HASHES.into_iter().enumerate() {
        let foreign_id = format!("{FOREIGN_ID}{number}");
        let client_id = import_one(app, &foreign_id, hash, &json!({}));
        assert_eq!(foreign_hashes(app), 1, "{kind}");
        // The new name is known at once, the old one within a second.
        for wrong in ["", "z/t+Z:9 %", "z/t+Z:9 %= ", "Z/t+Z:9 %=", "imported", hash] {
            ask(app, &client_id, wrong).unauthorized();
        }
        assert_eq!(foreign_hashes(app), 1, "{kind}: a wrong secret replaced the hash");
        until_honoured(app, &foreign_id);
        let token = ask(app, &foreign_id, SECRET).accepted();
        // The key's own id stands in the token, whatever the client calls itself.
        assert_eq!(token.claims["sub"], json!(client_id), "{kind}");
        assert_eq!(token.claims["client_id"], json!(client_id), "{kind}");
        assert!(!serde_json::to_string(&token.claims).unwrap().contains(FOREIGN_ID), "{kind}");
        eventually(WRITTEN_WITHIN, "our digest takes the hash's place", || (foreign_hashes(app) == 0).then_some(()));
        // By our digest now.
        ask(app, &foreign_id, SECRET).accepted();
        ask(app, &client_id, SECRET).accepted();
        ask(app, &foreign_id, "z/t+Z:9 %").unauthorized();
        ask(app, &foreign_id, hash).unauthorized();
        let fresh = Key::from_json(app.json(&["keys", "regenerate", &client_id]));
        eventually(HONOURED_WITHIN, "the old secret dies", || (!ask(app, &foreign_id, SECRET).works()).then_some(()));
        ask(app, &foreign_id, &fresh.client_secret).accepted();
        app.token(&fresh).accepted();
    }
    let digests = app.site.sql("select distinct length(digest) from api_secrets");
    assert_eq!(digests.trim(), "32");
});

on_both!(ca4_a_wrong_secret_looks_like_an_unknown_id, |app| {
    for (number, (_, hash)) in HASHES.into_iter().enumerate() {
        import_one(app, &format!("id {number}"), hash, &json!({}));
    }
    until_honoured(app, "id 0");
    let unknown = ask(app, "id 99", SECRET).unauthorized();
    for number in 1..HASHES.len() {
        let wrong = ask(app, &format!("id {number}"), "wrong").unauthorized();
        assert_eq!(wrong.body, unknown.body);
        assert_eq!(wrong.header("www-authenticate"), unknown.header("www-authenticate"));
        assert_eq!(wrong.headers.len(), unknown.headers.len());
    }
    // Another spelling is another id; one in the body must be the one in the header.
    for id in ["ID 1", "id  1", "id 1 ", "id%201", ""] {
        ask(app, id, SECRET).unauthorized();
    }
    ask(app, "id 1", SECRET).param("client_id", "id 2").unauthorized();
    ask(app, "id 1", SECRET).param("client_id", "id 1").accepted();
});

on_both!(ca9_the_body_takes_old_ids_too_for_keys_that_are_registered_for_it, |app| {
    let post = json!({"token_endpoint_auth_method": "client_secret_post"});
    import_one(app, FOREIGN_ID, SHA_256, &post);
    import_one(app, "basic", HASHES[6].1, &json!({}));
    let by_body = |id: &str, secret: &str| app.anonymous().param("client_id", id).param("client_secret", secret);
    eventually(HONOURED_WITHIN, "the key is known", || by_body(FOREIGN_ID, SECRET).works().then_some(()));
    by_body(FOREIGN_ID, SECRET).accepted();
    by_body(FOREIGN_ID, "wrong").unauthorized();
    by_body(FOREIGN_ID, &format!("{SECRET}\0")).unauthorized();
    ask(app, FOREIGN_ID, SECRET).unauthorized();
    // CA12: the right secret by the wrong method, while it is still a foreign hash.
    by_body("basic", SECRET).unauthorized();
    // To bcrypt these are the same key.
    by_body("basic", &format!("{SECRET}\0{SECRET}")).unauthorized();
    ask(app, "basic", SECRET).accepted();
});

on_both!(ca14_the_database_has_no_foreign_hash_in_the_clear, |app| {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let client_id = import_one(app, "dump", SHA_256, &json!({}));
    let raw = STANDARD.decode(SHA_256).unwrap();
    let hex: String = raw.iter().map(|byte| format!("{byte:02x}")).collect();
    let holds = |needle: &[u8]| app.site.database_bytes().windows(needle.len()).any(|window| window == needle);
    assert!(holds(client_id.as_bytes()), "the search itself does not work");
    assert!(!holds(SHA_256.as_bytes()) && !holds(&raw) && !holds(hex.as_bytes()));
    until_honoured(app, "dump");
    eventually(WRITTEN_WITHIN, "our digest takes the hash's place", || (foreign_hashes(app) == 0).then_some(()));
    assert!(!holds(SECRET.as_bytes()) && !app.log().contains(SECRET) && !app.log().contains(SHA_256));
});

on_both!(the_settings_of_an_imported_key_hold, |app| {
    let key = |id: &str, more| import_one(app, id, SHA_256, &more);
    let limited = key(
        "limited",
        json!({
            "grants": [{"account_id": app.fixture.account_1, "scopes": ["disputes:write"]}, {"account_id": null, "scopes": ["b", "a"]}],
            "ip_allowlist": ["203.0.113.0/24"],
            "max_payout": "55.00",
            "token_lifetime_seconds": 120,
            "plan": "growth",
            "expires_at": "2999-01-01T00:00:00Z",
        }),
    );
    let shown = app.json(&["keys", "show", &limited]);
    assert_eq!(shown["foreign_client_id"], json!("limited"), "{shown}");
    assert_eq!(shown["secrets"][0]["hint"], json!("imported"), "{shown}");
    assert_eq!((&shown["kind"], &shown["created_by"]), (&json!("scoped"), &json!("cli")), "{shown}");
    assert_eq!((&shown["max_payout"], &shown["token_lifetime_seconds"]), (&json!("55.00"), &json!(120)), "{shown}");
    assert_eq!((&shown["plan"], &shown["expires_at"]), (&json!("growth"), &json!("2999-01-01T00:00:00Z")), "{shown}");
    assert_eq!(shown["ip_allowlist"], json!(["203.0.113.0/24"]), "{shown}");
    ask(app, &limited, SECRET).refused(400, "unauthorized_client");
    app.json(&["keys", "edit", &limited, "--clear", "ip_allowlist"]);
    eventually(HONOURED_WITHIN, "the edit counts", || ask(app, &limited, SECRET).works().then_some(()));
    let token = ask(app, &limited, SECRET).account(&app.fixture.account_1).accepted();
    assert_eq!((token.scope.as_str(), token.expires_in), ("a b disputes:read disputes:write", 120));
    let disabled = key("disabled", json!({"disabled": true}));
    ask(app, &disabled, SECRET).unauthorized();
    app.json(&["keys", "enable", &disabled]);
    eventually(HONOURED_WITHIN, "it is enabled", || ask(app, &disabled, SECRET).works().then_some(()));
    let copy = Key::from_json(app.json(&["keys", "duplicate", &disabled]));
    assert_eq!(copy.json.get("foreign_client_id"), None, "{}", copy.json);
    app.token(&copy).accepted();
});

on_both!(both_secrets_of_a_key_that_was_being_rotated_work_until_their_end, |app| {
    let soon = |seconds: u32| {
        app.site.sql(&match app.site.backend {
            crate::support::Backend::Sqlite => format!("select strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '+{seconds} seconds')"),
            crate::support::Backend::Postgres => format!(
                "select to_char(now() at time zone 'UTC' + interval '{seconds} seconds', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
            ),
        })
    };
    let two = json!({"secrets": [{"hash": SHA_256, "expires_at": soon(4).trim()}, {"hash": BCRYPT_OF_ABC}]});
    let client_id = import_one(app, "two", SHA_256, &two);
    ask(app, &client_id, SECRET).accepted();
    ask(app, &client_id, "abc").accepted();
    eventually(Duration::from_secs(8), "the older one ends", || (!ask(app, &client_id, SECRET).works()).then_some(()));
    ask(app, &client_id, "abc").accepted();
    assert_eq!(app.json(&["keys", "show", &client_id])["secrets"].as_array().unwrap().len(), 1);
});
