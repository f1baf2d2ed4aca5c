//! RV1 to RV5.

use std::sync::Arc;
use std::time::Duration;

use super::{REVOKE, about, is_active, revoke};
use crate::support::postgres::Cluster;
use crate::support::token::TokenRequest;
use crate::support::tools::eventually;
use crate::support::{App, Backend, Site, on_both};

on_both!(rv1_a_key_revokes_its_own_token, |app| {
    let (asker, key) = (app.introspector(), app.key_with_grants(&["a"]));
    let (token, other) = (app.token_of(&key), app.token_of(&key));
    TokenRequest::at(app, REVOKE).param("token", &token).unauthorized();
    about(app, REVOKE, &key.with_wrong_secret(), &token).unauthorized();
    assert!(is_active(app, &asker, &token));
    revoke(app, &key, &token);
    assert!(!is_active(app, &asker, &token) && is_active(app, &asker, &other));
    // The key itself goes on.
    app.token(&key).accepted();
    let rows = app.audit_rows("token.revoked");
    let who: Vec<(&str, &str)> = rows.iter().map(|(actor, target, ..)| (actor.as_str(), target.as_str())).collect();
    assert_eq!(who, [(key.client_id.as_str(), key.client_id.as_str())]);
    // A start forgets nothing.
    app.kill();
    app.restart();
    assert!(!is_active(app, &asker, &token) && is_active(app, &asker, &other));
    about(app, REVOKE, &key, &token).method("GET").refused(405, "invalid_request");
});

on_both!(rv2_what_needs_no_revocation_is_answered_alike, |app| {
    let (key, asker) = (app.key_with_grants(&["a"]), app.introspector());
    let foreign = App::start(Backend::Sqlite, &[]);
    let of_another_server = foreign.token_of(&foreign.fixture.k1);
    let token = app.token_of(&key);
    revoke(app, &key, &token);
    for text in ["x", "a.b.c", "", "\u{1F511}", &of_another_server, &token, &token, &"a".repeat(15_000)] {
        if text.is_empty() {
            about(app, REVOKE, &key, text).refused(400, "invalid_request");
        } else {
            revoke(app, &key, text);
        }
    }
    TokenRequest::at(app, REVOKE).basic(&key.client_id, &key.client_secret).refused(400, "invalid_request");
    let hinted = app.token_of(&key);
    let response = about(app, REVOKE, &key, &hinted).param("token_type_hint", "refresh_token").send();
    assert_eq!(response.status, 200, "{response:?}");
    assert!(!is_active(app, &asker, &hinted));
});

on_both!(rv3_another_keys_token_stays_alive, |app| {
    let (asker, mine, theirs) = (app.introspector(), app.key_with_grants(&["a"]), app.key_with_grants(&["a"]));
    let token = app.token_of(&theirs);
    about(app, REVOKE, &mine, &token).refused(400, "unauthorized_client");
    about(app, REVOKE, &asker, &token).refused(400, "unauthorized_client");
    assert!(is_active(app, &asker, &token));
    assert!(app.audit_rows("token.revoked").is_empty());
});

#[test]
fn rv4_nothing_is_called_revoked_that_was_not_written_down() {
    let cluster = Arc::new(Cluster::new());
    let app = App::start_in(Site::in_cluster(Arc::clone(&cluster)), &[]);
    let (asker, key) = (app.introspector(), app.key_with_grants(&["a"]));
    std::thread::sleep(Duration::from_millis(600));
    let token = app.token_of(&key);
    assert!(is_active(&app, &asker, &token));
    cluster.stop();
    about(&app, REVOKE, &key, &token).refused(503, "temporarily_unavailable");
    assert!(is_active(&app, &asker, &token));
    cluster.start();
    eventually(Duration::from_secs(10), "it is revoked when it can be", || {
        (about(&app, REVOKE, &key, &token).send().status == 200).then_some(())
    });
    assert!(!is_active(&app, &asker, &token));
}

on_both!(rv5_revoked_many_times_at_once_it_is_dead_once, |app| {
    let (asker, key) = (app.introspector(), app.key_with_grants(&["a"]));
    let token = app.token_of(&key);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| revoke(app, &key, &token));
        }
    });
    assert!(!is_active(app, &asker, &token));
    assert_eq!(app.audit_rows("token.revoked").len(), 8);
    assert_eq!(app.site.sql("SELECT count(*) FROM revoked_tokens").trim(), "1");
});
