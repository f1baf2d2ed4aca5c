//! How sessions end.

use serde_json::json;

use crate::support::on_both;
use crate::support::people::a_password;

on_both!(mg4_a_session_ends_when_it_is_not_used_and_at_the_latest_after_half_a_day, |app| {
    let login = app.user("developer");
    for change in [
        "last_seen_at = last_seen_at - 3600",
        "created_at = created_at - 43200, expires_at = expires_at - 43200",
        // The clock was set back: one from the future is over too.
        "created_at = created_at + 7200, last_seen_at = last_seen_at + 7200, expires_at = expires_at + 7200",
    ] {
        let browser = app.sign_in(&login);
        assert!(!browser.is_signed_out());
        app.site.sql(&format!("UPDATE sessions SET {change}"));
        browser.bare("GET", "/session").refused(401, "invalid_session");
        assert_eq!(app.site.sql("SELECT count(*) FROM sessions").trim(), "0", "it must not come back: {change}");
    }
    let browser = app.sign_in(&login);
    app.site.sql("UPDATE sessions SET last_seen_at = last_seen_at - 3500");
    assert!(!browser.is_signed_out());
    app.site.sql("UPDATE sessions SET last_seen_at = last_seen_at - 3500");
    assert!(!browser.is_signed_out(), "each use counts");
});

on_both!(mg4_another_password_ends_the_other_sessions, |app| {
    let login = app.user("owner");
    let (one, two) = (app.sign_in(&login), app.sign_in(&login));
    let cookie = one.cookie();
    let new = a_password();
    one.take(
        &one.api("POST", "/session/password").json(&json!({"current_password": login.password, "new_password": new})).send(),
    );
    assert_ne!(one.cookie(), cookie);
    assert!(!one.is_signed_out());
    assert!(two.is_signed_out());
    app.login(&login.email, &login.password).refused(401, "invalid_credentials");
    app.login(&login.email, &new).succeeds(200);
    let wrong =
        one.api("POST", "/session/password").json(&json!({"current_password": login.password, "new_password": a_password()}));
    wrong.refused(403, "invalid_credentials");
});

on_both!(mg4_another_role_and_being_kept_out_end_every_session, |app| {
    let owner = app.signed_in("owner");
    let user = app.user("developer");
    let path = format!("/users/{}", user.id);
    for body in [json!({"role": "admin"}), json!({"disabled": true})] {
        let (one, two) = (app.sign_in(&user), app.sign_in(&user));
        owner.api("PATCH", &path).json(&body).succeeds(200);
        assert!(one.is_signed_out() && two.is_signed_out(), "{body}");
    }
    app.login(&user.email, &user.password).refused(401, "invalid_credentials");
    owner.api("PATCH", &path).json(&json!({"disabled": false})).succeeds(200);
    let browser = app.sign_in(&user);
    owner.api("PATCH", &path).json(&json!({"name": "Ada"})).succeeds(200);
    assert!(!browser.is_signed_out(), "a name is nothing that a session hangs on");
    assert_eq!(browser.bare("GET", "/session").succeeds(200)["user"]["role"], "admin");
    owner.api("DELETE", &path).succeeds(204);
    assert!(browser.is_signed_out());
    app.login(&user.email, &user.password).refused(401, "invalid_credentials");
    // And by the command line.
    let user = app.user("developer");
    for args in [vec!["set-role", &user.id, "admin"], vec!["disable", &user.id]] {
        let browser = app.sign_in(&user);
        let mut all = vec!["users"];
        all.extend(args);
        app.cli(&all).succeeded();
        assert!(browser.is_signed_out(), "{all:?}");
    }
    app.cli(&["users", "enable", &user.id]).succeeded();
    let browser = app.sign_in(&user);
    app.cli_with(&["users", "reset-password", &user.id], &a_password(), &[]).succeeded();
    assert!(browser.is_signed_out());
});

on_both!(people_see_and_end_their_own_sessions_and_nobody_elses, |app| {
    let login = app.user("developer");
    let (one, two, three) = (app.sign_in(&login), app.sign_in(&login), app.sign_in(&login));
    let other = app.signed_in("owner");
    let ids = |browser: &crate::support::people::Browser<'_>| -> Vec<(String, bool)> {
        let list = browser.bare("GET", "/sessions").succeeds(200);
        assert_eq!(list["next_cursor"], json!(null));
        let entry = |session: &serde_json::Value| {
            assert_eq!(session["address"], "127.0.0.1");
            (session["id"].as_str().unwrap().to_owned(), session["current"].as_bool().unwrap())
        };
        list["data"].as_array().unwrap().iter().map(entry).collect()
    };
    let seen = ids(&one);
    assert_eq!(seen.len(), 3);
    assert_eq!(seen.iter().map(|(_, current)| *current).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!(ids(&other).len(), 1);

    for id in [ids(&other)[0].0.as_str(), "sess_01arz3ndektsv4rrffq69g5fav", "x"] {
        one.api("DELETE", &format!("/sessions/{id}")).refused(404, "not_found");
    }
    assert!(!other.is_signed_out());
    one.api("DELETE", &format!("/sessions/{}", seen[1].0)).succeeds(204);
    assert!(two.is_signed_out() && !three.is_signed_out());
    one.api("DELETE", "/sessions").succeeds(204);
    assert!(three.is_signed_out() && !one.is_signed_out());
    one.api("DELETE", &format!("/sessions/{}", seen[0].0)).succeeds(204);
    assert!(one.is_signed_out());
});

on_both!(a_session_ends_on_every_node_at_once, backend, {
    // SQLite serves two processes on one machine; PostgreSQL any number.
    let app = &crate::support::App::start(backend, &[]);
    let node = app.another_node(&[]);
    let login = app.user("developer");
    let browser = app.sign_in(&login);
    let there = || node.api("GET", "/session").header("Cookie", format!("__Host-claviger_session={}", browser.cookie()));
    there().succeeds(200);
    browser.api("DELETE", "/session").succeeds(204);
    there().refused(401, "invalid_session");
});

on_both!(sessions_do_not_pile_up, |app| {
    let login = app.user("developer");
    let first = app.sign_in(&login);
    for _ in 0..20 {
        app.sign_in(&login);
    }
    assert!(first.is_signed_out());
    assert_eq!(app.site.sql("SELECT count(*) FROM sessions").trim(), "20");
});
