//! CA4 to CA9, CA12: who is let in, by which method, and what the others see.

use crate::support::app::UNKNOWN_ID;
use crate::support::http::Response;
use crate::support::token::basic;
use crate::support::tools::{HONOURED_WITHIN, eventually};
use crate::support::{App, Key, on_both};

const ASSERTION: &str = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&\
                         client_assertion=eyJhbGciOiJub25lIn0.e30.";

/// A key for `client_secret_post`.
fn post_key(app: &App) -> Key {
    app.create_key(&["--grant", "a b", "--token-endpoint-auth-method", "client_secret_post"])
}

/// The credentials as two parameters of the form.
fn in_body(key: &Key) -> String {
    format!("client_id={}&client_secret={}", key.client_id, key.client_secret)
}

on_both!(ca4_an_unknown_id_and_a_wrong_secret_look_the_same, |app| {
    let k1 = &app.fixture.k1;
    let reference = app.token(&k1.with_wrong_secret()).unauthorized();
    assert_eq!(reference.header("www-authenticate").map(|v| v.starts_with("Basic realm=\"")), Some(true));

    let expires = time::OffsetDateTime::now_utc() + time::Duration::seconds(2);
    let expires = expires.format(&time::format_description::well_known::Rfc3339).unwrap();
    let expired = app.create_key(&["--grant", "a", "--expires-at", &expires]);
    let disabled = app.key_with_grants(&["a"]);
    let deleted = app.key_with_grants(&["a"]);
    let replaced = app.key_with_grants(&["a"]);
    for key in [&disabled, &deleted, &replaced] {
        app.token(key).accepted();
    }
    app.key_action("disable", &disabled, &[]);
    app.key_action("delete", &deleted, &[]);
    app.key_action("regenerate", &replaced, &[]);
    for key in [&disabled, &deleted, &replaced] {
        eventually(HONOURED_WITHIN, "the change is honoured", || (!app.token(key).works()).then_some(()));
    }
    eventually(std::time::Duration::from_secs(6), "the key expires", || (!app.token(&expired).works()).then_some(()));

    let last = k1.client_secret.chars().last().unwrap();
    let almost = format!("{}{}", &k1.client_secret[..52], if last == '0' { '1' } else { '0' });
    let same: Vec<(&str, Response)> = vec![
        ("unknown", app.anonymous().basic(UNKNOWN_ID, &k1.client_secret).send()),
        ("no id at all", app.anonymous().basic("nobody", &k1.client_secret).send()),
        ("of another kind", app.anonymous().basic(&app.fixture.organization, &k1.client_secret).send()),
        ("disabled", app.token(&disabled).send()),
        ("disabled, wrong secret", app.token(&disabled.with_wrong_secret()).send()),
        ("deleted", app.token(&deleted).send()),
        ("expired", app.token(&expired).send()),
        ("expired, wrong secret", app.token(&expired.with_wrong_secret()).send()),
        ("replaced", app.token(&replaced).send()),
        ("another key's secret", app.token(&k1.with_secret(&disabled.client_secret)).send()),
        ("one character off", app.token(&k1.with_secret(&almost)).send()),
        ("one character short", app.token(&k1.with_secret(&k1.client_secret[..52])).send()),
        ("one character more", app.token(&k1.with_secret(&format!("{}0", k1.client_secret))).send()),
        ("no secret", app.token(&k1.with_secret("")).send()),
        ("no credentials", app.anonymous().send()),
        ("method of another key", app.anonymous().raw(&in_body(k1)).send()),
    ];
    for (what, answer) in same {
        assert_eq!(answer.look(), reference.look(), "{what}");
    }
});

on_both!(ca5_no_credentials_or_an_id_alone_are_401, |app| {
    let k1 = &app.fixture.k1;
    app.anonymous().unauthorized();
    app.anonymous().body("").unauthorized();
    app.anonymous().param("client_id", &k1.client_id).unauthorized();
    app.anonymous().param("client_id", &k1.client_id).param("client_secret", "").unauthorized();
    app.anonymous().param("client_secret", &k1.client_secret).unauthorized();
    app.anonymous().param("client_id", "").param("client_secret", "").unauthorized();
});

on_both!(ca6_every_401_has_a_challenge, |app| {
    let k1 = &app.fixture.k1;
    // `unauthorized` looks for `WWW-Authenticate: Basic realm="…"` each time.
    app.anonymous().unauthorized();
    app.token(&k1.with_wrong_secret()).unauthorized();
    app.anonymous().header("Authorization", "Bearer x").unauthorized();
    app.anonymous().raw(&in_body(&k1.with_wrong_secret())).unauthorized();
    app.anonymous().raw(ASSERTION).unauthorized();
});

on_both!(ca7_two_ways_of_authentication_at_once_are_refused, |app| {
    let (k1, post) = (&app.fixture.k1, &post_key(app));
    for key in [k1, post] {
        app.token(key).param("client_secret", &key.client_secret).refused(400, "invalid_request");
        app.token(key).raw(&in_body(key)).refused(400, "invalid_request");
        app.token(key).param("client_secret", "wrong").refused(400, "invalid_request");
        app.token(key).raw(ASSERTION).refused(400, "invalid_request");
        app.anonymous().raw(&in_body(key)).raw(ASSERTION).refused(400, "invalid_request");
    }
    app.token(&k1.with_wrong_secret()).param("client_secret", "wrong").refused(400, "invalid_request");
});

on_both!(ca8_an_empty_secret_counts_as_none_and_another_id_is_refused, |app| {
    let k1 = &app.fixture.k1;
    app.token(k1).param("client_secret", "").accepted();
    app.token(k1).param("client_id", "").accepted();
    app.token(k1).param("client_id", &k1.client_id).accepted();
    app.token(k1).param("client_id", &k1.client_id).param("client_secret", "").accepted();
    app.token(k1).param("client_assertion", "").accepted();
    app.token(k1).param("client_id", UNKNOWN_ID).unauthorized();
    app.token(k1).param("client_id", &k1.client_id.to_uppercase()).unauthorized();
    app.token(k1).param("client_id", &app.key_with_grants(&["a"]).client_id).unauthorized();
});

on_both!(ca9_a_secret_in_the_body_is_for_keys_registered_so, |app| {
    let (k1, post) = (&app.fixture.k1, &post_key(app));
    let accepted = app.anonymous().raw(&in_body(post)).accepted();
    assert_eq!((accepted.scope.as_str(), &accepted.claims["sub"]), ("a b", &post.client_id.clone().into()));
    app.anonymous().raw(&in_body(&post.with_wrong_secret())).unauthorized();
    app.anonymous().raw(&in_body(k1)).unauthorized();
});

on_both!(ca12_a_key_is_held_to_its_one_method, |app| {
    let (k1, post) = (&app.fixture.k1, &post_key(app));
    let reference = app.token(&k1.with_wrong_secret()).unauthorized().look();
    assert_eq!(app.token(post).send().look(), reference);
    assert_eq!(app.anonymous().raw(&in_body(k1)).send().look(), reference);
    assert_eq!(app.anonymous().raw(ASSERTION).param("client_id", &k1.client_id).send().look(), reference);
    // Fixed at creation.
    for method in ["client_secret_post", "client_secret_basic"] {
        app.cli(&["keys", "edit", &k1.client_id, "--token-endpoint-auth-method", method]).failed();
    }
    app.token(k1).accepted();
});

on_both!(ca12_a_secret_is_never_taken_from_another_place, |app| {
    let k1 = &app.fixture.k1;
    let credentials = basic(&k1.client_id, &k1.client_secret);
    for (name, value) in [
        ("Proxy-Authorization", credentials.as_str()),
        ("X-Api-Key", &k1.client_secret),
        ("Cookie", &format!("client_id={}; client_secret={}", k1.client_id, k1.client_secret)),
    ] {
        app.anonymous().header(name, value).unauthorized();
    }
});
