//! Signing in and out.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::on_both;
use crate::support::people::{Login, a_password, an_email, cookie_of};
use crate::support::tools::fresh_address;

on_both!(a_login_gives_a_cookie_and_says_who_it_is, |app| {
    let login = app.user("admin");
    let response = app.login(&login.email.to_uppercase(), &login.password).send();
    let cookie = cookie_of(&response).unwrap();
    assert_eq!(response.status, 200, "{response:?}");
    assert!(cookie.starts_with("ses_") && cookie.len() == 47, "at least 128 random bits");
    let body = response.json();
    assert_eq!(body["user"]["id"], login.id.as_str());
    assert_eq!(body["user"]["email"], login.email.as_str());
    assert_eq!(body["user"]["role"], "admin");
    assert_eq!(body["user"]["status"], "active");
    assert!(body["user"]["last_login_at"].is_string());
    assert_eq!(body["organization"]["id"], app.fixture.organization.as_str());
    assert_eq!(body["has_fresh_proof"], true);
    assert!(!response.text().contains(&cookie));

    let browser = app.sign_in(&login);
    let whoami = browser.bare("GET", "/session").succeeds(200);
    assert_eq!(whoami["csrf_token"], browser.csrf());
    assert_eq!(whoami["user"], body["user"].clone().tap(|user| user["last_login_at"] = whoami["user"]["last_login_at"].clone()));
    assert!(!whoami.to_string().contains("password"), "{whoami}");
});

/// Changes a copy.
trait Tap: Sized {
    fn tap(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

impl Tap for serde_json::Value {}

on_both!(mg7_unknown_disabled_invited_and_wrong_look_the_same, |app| {
    let (user, disabled) = (app.user("developer"), app.user("developer"));
    app.cli(&["users", "disable", &disabled.id]).succeeded();
    let owner = app.signed_in("owner");
    let invited = an_email();
    owner.api("POST", "/users").json(&json!({"email": invited, "role": "admin"})).succeeds(201);
    let look = |email: &str, password: &str| {
        let response = app.login(email, password).send();
        let (status, headers, _) = response.look();
        let mut body = response.json();
        body["request_id"] = json!(null);
        assert!(response.all("set-cookie").is_empty());
        (status, headers, body)
    };
    let wrong = look(&user.email, "not the password");
    assert_eq!(wrong.0, 401);
    for (email, password) in [
        (an_email().as_str(), user.password.as_str()),
        (disabled.email.as_str(), disabled.password.as_str()),
        (disabled.email.as_str(), "not the password"),
        (invited.as_str(), "not the password"),
        (invited.as_str(), ""),
        ("not an address", "x"),
        ("", ""),
        (user.email.as_str(), &"x".repeat(10_000)),
        (&"x".repeat(10_000), "y"),
        ("a\0b@example.com", "x"),
    ] {
        assert_eq!(look(email, password), wrong, "{email:.40} {password:.40}");
    }
    let reasons = app.audited("action = 'session.created' AND outcome = 'refused'");
    for reason in ["wrong_password", "unknown_user", "user_disabled", "not_accepted_yet"] {
        assert!(reasons.contains(&format!("session.created refused {reason}")), "{reasons:?}");
    }
});

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

on_both!(mg7_unknown_and_known_logins_take_the_same_time, ["--trusted-proxies", "127.0.0.0/8"], |app| {
    let user = app.user("developer");
    let long = "long ".repeat(40);
    let time = |email: &str, password: &str| {
        let request = app.login(email, password).header("X-Forwarded-For", fresh_address());
        let start = Instant::now();
        request.refused(401, "invalid_credentials");
        start.elapsed()
    };
    // Other tests share the machine: medians of interleaved tries, and the best of three runs. What is looked for is the
    // missing hash, which would be most of the time.
    let mut seen = Vec::new();
    let same = (0..3).any(|_| {
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for n in 0..14 {
            let password = if n % 2 == 0 { "short" } else { long.as_str() };
            known.push(time(&user.email, password));
            unknown.push(time(&an_email(), password));
        }
        let (known, unknown) = (median(known), median(unknown));
        seen.push((known, unknown));
        known.abs_diff(unknown) <= known.max(unknown) / 4
    });
    assert!(same, "medians of (known, unknown): {seen:?}");
});

on_both!(mg4_each_login_has_a_session_of_its_own_and_ends_the_one_it_came_with, |app| {
    let login = app.user("owner");
    let first = app.sign_in(&login);
    let second = app.sign_in(&login);
    assert_ne!(first.cookie(), second.cookie());
    assert!(!first.is_signed_out(), "another browser's");

    let third = app.sign_in(&login);
    let before = third.cookie();
    third.take(&third.bare("POST", "/session").json(&json!({"email": login.email, "password": login.password})).send());
    assert_ne!(third.cookie(), before);
    let old = app.api("GET", "/session").header("Cookie", format!("__Host-claviger_session={before}")).send();
    assert_eq!(old.status, 401, "{old:?}");
    assert!(!first.is_signed_out() && !third.is_signed_out());
});

on_both!(mg4_a_cookie_from_before_the_login_is_worth_nothing, |app| {
    let login = app.user("owner");
    let planted = format!("ses_{}", "A".repeat(43));
    let with =
        |method: &str, cookie: &str| app.api(method, "/session").header("Cookie", format!("__Host-claviger_session={cookie}"));
    with("GET", &planted).refused(401, "invalid_session");
    let response = with("POST", &planted).json(&json!({"email": login.email, "password": login.password})).send();
    assert_ne!(cookie_of(&response).unwrap(), planted);
    with("GET", &planted).refused(401, "invalid_session");
    for odd in ["", "x", "ses_", &"x".repeat(5_000)] {
        let status = with("GET", odd).send().status;
        assert_eq!(status, 401, "{odd:.20}");
        let again = with("POST", odd).json(&json!({"email": login.email, "password": login.password})).send();
        assert_eq!(again.status, 200, "{again:?}");
    }
});

on_both!(mg4_signing_out_ends_the_session_on_the_server, |app| {
    let browser = app.signed_in("developer");
    let response = browser.api("DELETE", "/session").send();
    assert_eq!(response.status, 204, "{response:?}");
    let cleared = response.header("set-cookie").unwrap();
    assert_eq!(cleared, "__Host-claviger_session=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax");
    browser.bare("GET", "/session").refused(401, "invalid_session");
    browser.api("DELETE", "/session").refused(401, "invalid_session");
    let told = app.audited(&format!("actor = '{}'", browser.login.id));
    assert_eq!(told, ["session.created done -", "session.ended done -"]);
});

on_both!(rs6_no_token_of_another_kind_is_a_session, |app| {
    let key = app.integrator();
    let access_token = app.token_of(&key);
    let browser = app.signed_in("owner");
    for foreign in [access_token.as_str(), &browser.csrf(), &key.client_secret] {
        let cookie = format!("__Host-claviger_session={foreign}");
        app.api("GET", "/session").header("Cookie", cookie).refused(401, "invalid_session");
    }
    for foreign in [browser.cookie(), browser.csrf()] {
        app.api("GET", "/api-keys").bearer(&foreign).refused(401, "invalid_token");
    }
    // One way of saying who one is, not two.
    browser.api("GET", "/api-keys").bearer(&access_token).refused(400, "invalid_request");
    let cookie = format!("__Host-claviger_session={0}; __Host-claviger_session={0}", browser.cookie());
    app.api("GET", "/session").header("Cookie", cookie).refused(400, "invalid_request");
    // A program has no session.
    app.api("GET", "/session").bearer(&access_token).refused(403, "forbidden");
    app.api("GET", "/sessions").bearer(&access_token).refused(403, "forbidden");
});

on_both!(the_secrets_of_a_session_are_kept_nowhere, |app| {
    let browser = app.signed_in("owner");
    browser.reauthenticate();
    let everything = String::from_utf8_lossy(&app.site.database_bytes()).into_owned() + &app.server.log();
    for secret in [browser.cookie(), browser.csrf(), browser.login.password.clone()] {
        assert!(!everything.contains(&secret), "{secret}");
    }
});

on_both!(a_login_needs_both_members_and_nothing_else, |app| {
    let Login { email, password, .. } = app.user("owner");
    for (body, field, code) in [
        (json!({}), "email", "required"),
        (json!({"email": email}), "password", "required"),
        (json!({"email": email, "password": null}), "password", "wrong_type"),
        (json!({"email": [email], "password": password}), "email", "wrong_type"),
        (json!({"email": email, "password": password, "remember": true}), "remember", "unknown_member"),
    ] {
        let problem = app.api("POST", "/session").json(&body).refused(422, "validation_failed");
        let errors = problem["errors"].as_array().unwrap();
        assert!(errors.iter().any(|e| e["field"] == field && e["code"] == code), "{problem}");
    }
    app.api("POST", "/session").send();
    app.api("POST", "/session").raw("text/plain", "{}").refused(415, "unsupported_media_type");
    app.api("PUT", "/session").refused(405, "method_not_allowed");
    // Whoever sends the same key gets the same answer elsewhere; here that would be somebody's session.
    let with_key = || app.login(&email, &password).header("Idempotency-Key", "same").send();
    assert_ne!(cookie_of(&with_key()), cookie_of(&with_key()));
    let another = a_password();
    app.login(&email, &another).header("Idempotency-Key", "same").refused(401, "invalid_credentials");
});
