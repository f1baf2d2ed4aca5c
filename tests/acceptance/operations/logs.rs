//! JSON logs with the request's id and no secret.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::support::tools::eventually;
use crate::support::{App, Key, on_both};

/// Sends every kind of request in which a secret may stand, also where it must not.
fn exercise(app: &App) -> Vec<Key> {
    let post = app.create_key(&["--grant", "a", "--token-endpoint-auth-method", "client_secret_post"]);
    let basic = app.key_with_grants(&["a b"]);
    let new = Key::from_json(app.key_command("regenerate", &basic, &["--grace", "1h"]));
    for key in [&basic, &new] {
        app.token(key).accepted();
        app.token(key).scope("zzz").send();
        app.token(key).account("nonsense").send();
        app.token(key).query(&format!("?client_secret={}", key.client_secret)).send();
        app.token(key).param("client_secret", &key.client_secret).send();
        app.token(key).content_type(Some("text/plain")).send();
        app.token(key).method("GET").send();
        app.anonymous().basic(&key.client_secret, &key.client_id).send();
        app.anonymous().basic(&key.client_id, &format!("{}%zz", key.client_secret)).send();
        app.anonymous().header("Authorization", format!("Bearer {}", key.client_secret)).send();
        app.anonymous().raw(&format!("client_id={}&client_secret={}", key.client_id, key.client_secret)).send();
        app.token(key).raw(&"x=1&".repeat(70)).send();
        app.token(key).raw(&"y".repeat(20_000)).send();
        app.get(&format!("/nothing/{}?secret={}", key.client_secret, key.client_secret));
    }
    app.anonymous().raw(&format!("client_id={}&client_secret={}", post.client_id, post.client_secret)).accepted();
    app.anonymous().raw(&format!("client_id={}&client_secret={}x", post.client_id, post.client_secret)).unauthorized();
    vec![post, basic, new, app.fixture.k1.clone()]
}

#[track_caller]
fn assert_no_secret(log: &str, keys: &[Key], tokens: &[String]) {
    for key in keys {
        let secret = &key.client_secret;
        let pair = STANDARD.encode(format!("{}:{secret}", key.client_id));
        let hex: String = secret.bytes().map(|b| format!("{b:02x}")).collect();
        for spelling in [&secret[4..47], &STANDARD.encode(secret), &pair, &pair[..60], &hex] {
            assert!(!log.contains(spelling), "{spelling} is in the log");
        }
    }
    for token in tokens {
        let signature = token.rsplit('.').next().unwrap();
        assert!(!log.contains(signature), "a token is in the log");
    }
}

on_both!(no_secret_is_in_the_logs, |app| {
    let keys = exercise(app);
    let tokens = vec![app.token(&app.fixture.k1).accepted().token];
    app.terminate();
    assert_no_secret(&app.log(), &keys, &tokens);
});

on_both!(no_secret_is_in_the_most_talkative_logs, backend, {
    let app = App::start(backend, &["--log-level", "trace"]);
    let keys = exercise(&app);
    let tokens = vec![app.token(&app.fixture.k1).accepted().token];
    app.terminate();
    assert_no_secret(&app.log(), &keys, &tokens);
});

on_both!(each_line_is_a_json_object_and_names_the_request, |app| {
    app.token(&app.fixture.k1).accepted();
    let answer = app.token(&app.fixture.k1.with_wrong_secret()).unauthorized();
    let id = answer.header("x-request-id").unwrap().to_owned();
    let line = eventually(Duration::from_secs(3), "the refusal is in the log", || {
        app.log().lines().find(|line| line.contains(&id)).map(str::to_owned)
    });
    assert!(serde_json::from_str::<Value>(&line).is_ok_and(|line| line.is_object()), "{line}");
    app.terminate();
    let log = app.log();
    assert!(!log.is_empty());
    for line in log.lines() {
        let object = serde_json::from_str::<Value>(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        assert!(object.is_object(), "{line}");
        assert!(object.get("level").is_some() && object.get("message").or(object.get("msg")).is_some(), "{line}");
    }
});

on_both!(nothing_sent_can_forge_a_line, |app| {
    let forged = "x\n{\"level\":\"ERROR\",\"message\":\"canary-line\"}";
    app.token(&app.fixture.k1).scope(forged).send();
    app.token(&app.fixture.k1).account(forged).send();
    app.anonymous().basic(forged, "x").send();
    app.get("/%0a%7b%22level%22:%22ERROR%22%7d");
    app.terminate();
    for line in app.log().lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "{line}");
        assert!(!line.starts_with("{\"level\":\"ERROR\",\"message\":\"canary-line\""), "{line}");
    }
});
