//! A change by session comes from a page of this server, or not at all.

use serde_json::json;

use crate::support::on_both;

on_both!(mg5_a_change_without_the_sessions_own_token_is_refused, |app| {
    let (mine, other) = (app.signed_in("owner"), app.signed_in("owner"));
    let body = json!({"name": "x", "grants": [{"account_id": null, "scopes": ["a"]}]});
    for method in [("POST", "/api-keys"), ("DELETE", "/session"), ("PATCH", "/users/x"), ("POST", "/session/reauthenticate")] {
        mine.bare(method.0, method.1).json(&body).refused(403, "csrf_token_invalid");
        for wrong in ["", "x", &other.csrf(), &mine.cookie(), &mine.csrf()[1..], &format!("{}A", mine.csrf())] {
            mine.bare(method.0, method.1).header("X-CSRF-Token", wrong).json(&body).refused(403, "csrf_token_invalid");
        }
        let twice = mine.api(method.0, method.1).header("X-CSRF-Token", mine.csrf()).json(&body);
        twice.refused(403, "csrf_token_invalid");
    }
    // As a form of another site would send it.
    mine.bare("POST", "/api-keys").raw("text/plain", body.to_string()).refused(403, "csrf_token_invalid");
    mine.bare("POST", "/api-keys").raw("application/x-www-form-urlencoded", "name=x").refused(403, "csrf_token_invalid");
    assert!(!mine.is_signed_out());
    mine.api("POST", "/api-keys").json(&body).succeeds(201);
    mine.api("POST", "/api-keys").raw("text/plain", body.to_string()).refused(415, "unsupported_media_type");
});

on_both!(mg5_another_sites_page_is_refused, |app| {
    let owner = app.signed_in("owner");
    let body = json!({"name": "x", "grants": [{"account_id": null, "scopes": ["a"]}]});
    let post = || owner.api("POST", "/api-keys").json(&body);
    for (name, value) in [
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Sec-Fetch-Site", "x"),
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Origin", "http://127.0.0.1:1"),
        ("Origin", "https://127.0.0.1.evil.example"),
    ] {
        post().header(name, value).refused(403, "cross_site_request");
        // Nor can it sign somebody in.
        let login = app.login(&owner.login.email, &owner.login.password).header(name, value);
        let response = login.send();
        assert_eq!(response.status, 403, "{response:?}");
        assert!(response.all("set-cookie").is_empty());
    }
    post().header("Origin", &app.base_url).header("Sec-Fetch-Site", "same-origin").succeeds(201);
    post().header("Sec-Fetch-Site", "none").succeeds(201);
    // Reading changes nothing, and another site cannot read the answer.
    let response = owner.bare("GET", "/session").header("Origin", "https://evil.example").send();
    assert_eq!(response.status, 200);
    assert!(response.all("access-control-allow-origin").is_empty());
});

on_both!(mg5_programs_with_tokens_need_none_of_it, |app| {
    let token = app.token_of(&app.integrator());
    let body = json!({"name": "x", "grants": [{"account_id": null, "scopes": ["a"]}]});
    app.api("POST", "/api-keys").bearer(&token).json(&body).succeeds(201);
});
