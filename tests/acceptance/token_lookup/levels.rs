//! IN6: the verdict follows every level: token, key, signing key; at introspection and at the management API.

use std::time::Duration;

use super::{introspected, is_active, revoke};
use crate::support::tools::{HONOURED_WITHIN, eventually};
use crate::support::{App, Key, on_both};

/// A key that may read keys, with a live token.
fn reader(app: &App) -> (Key, String) {
    let key = app.key_with_grants(&["api-keys:read"]);
    let token = app.token_of(&key);
    (key, token)
}

#[track_caller]
fn dies(app: &App, asker: &Key, token: &str) {
    eventually(HONOURED_WITHIN, "the token is dead", || (!is_active(app, asker, token)).then_some(()));
    app.api("GET", "/api-keys").bearer(token).refused(401, "invalid_token");
}

on_both!(in6_what_happens_to_a_key_happens_to_its_tokens, |app| {
    let asker = app.introspector();
    for (action, args) in [
        ("disable", &[][..]),
        ("delete", &[]),
        ("revoke-tokens", &[]),
        ("regenerate", &["--revoke-tokens"]),
        ("edit", &["--grant", "a", "--revoke-tokens"]),
    ] {
        let (key, token) = reader(app);
        assert!(is_active(app, &asker, &token), "{action}");
        app.key_action(action, &key, args);
        dies(app, &asker, &token);
    }
    // What does not revoke leaves tokens alone.
    let (key, token) = reader(app);
    app.key_action("regenerate", &key, &[]);
    app.key_action("edit", &key, &["--name", "Another"]);
    std::thread::sleep(Duration::from_millis(400));
    assert!(is_active(app, &asker, &token));
    // Enabled again, the tokens from before stay dead.
    let (key, token) = reader(app);
    app.key_action("disable", &key, &[]);
    dies(app, &asker, &token);
    app.key_action("enable", &key, &[]);
    let fresh = eventually(HONOURED_WITHIN, "a token again", || {
        let answer = app.token(&key).send();
        (answer.status == 200).then(|| answer.json()["access_token"].as_str().unwrap().to_owned())
    });
    assert!(is_active(app, &asker, &fresh) && !is_active(app, &asker, &token));
});

on_both!(in6_a_key_that_expires_takes_its_tokens_with_it, |app| {
    let asker = app.introspector();
    let soon = time::OffsetDateTime::now_utc() + Duration::from_secs(6);
    let soon = soon.format(&time::format_description::well_known::Rfc3339).unwrap();
    let key = app.create_key(&["--grant", "a", "--expires-at", &soon]);
    let token = app.token_of(&key);
    assert!(is_active(app, &asker, &token));
    eventually(Duration::from_secs(8), "the key expires", || (!is_active(app, &asker, &token)).then_some(()));
});

on_both!(in6_a_signing_key_that_is_compromised_takes_its_tokens_with_it, |app| {
    let (asker, (_, token)) = (app.introspector(), reader(app));
    app.json(&["signing-keys", "rotate"]);
    std::thread::sleep(Duration::from_millis(400));
    assert!(is_active(app, &asker, &token), "a new key that does not sign yet changes nothing");
    app.json(&["signing-keys", "rotate", "--now"]);
    dies(app, &asker, &token);
    assert!(is_active(app, &asker, &app.token_of(&app.fixture.k1)));
});

on_both!(in6_a_revoked_token_is_dead_at_the_management_api_too, |app| {
    let (asker, (key, token)) = (app.introspector(), reader(app));
    let sibling = app.token_of(&key);
    app.api("GET", "/api-keys").bearer(&token).succeeds(200);
    revoke(app, &key, &token);
    app.api("GET", "/api-keys").bearer(&token).refused(401, "invalid_token");
    assert!(!is_active(app, &asker, &token));
    assert_eq!(introspected(app, &asker, &sibling)["active"], true);
    app.api("GET", "/api-keys").bearer(&sibling).succeeds(200);
});
