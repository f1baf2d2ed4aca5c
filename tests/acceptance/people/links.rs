//! Invitations and forgotten passwords: links by mail.

use serde_json::json;

use crate::support::App;
use crate::support::api::ApiRequest;
use crate::support::on_both;
use crate::support::people::{Login, Mail, Postman, a_password, an_email};

fn accept<'a>(app: &'a App, token: &str, password: &str) -> ApiRequest<'a> {
    app.api("POST", "/invitations/accept").json(&json!({"token": token, "password": password}))
}

fn confirm<'a>(app: &'a App, token: &str, password: &str) -> ApiRequest<'a> {
    app.api("POST", "/password-reset/confirm").json(&json!({"token": token, "password": password}))
}

#[track_caller]
fn dead(request: &ApiRequest<'_>) {
    let problem = request.refused(422, "validation_failed");
    assert_eq!(problem["errors"][0]["field"], "token", "{problem}");
    assert_eq!(problem["errors"][0]["code"], "invalid_link", "{problem}");
}

on_both!(an_invitation_is_accepted_once, |app| {
    let (owner, postman) = (app.signed_in("owner"), Postman::of(&app.site));
    let email = an_email();
    let created = owner.api("POST", "/users").json(&json!({"email": email, "role": "admin", "name": "Grace"})).send();
    assert_eq!(created.status, 201, "{created:?}");
    let user = created.json();
    assert_eq!(
        created.header("location"),
        Some(format!("{}/api/v1/users/{}", app.base_url, user["id"].as_str().unwrap()).as_str())
    );
    assert_eq!(
        (user["status"].as_str(), user["role"].as_str(), user["name"].as_str()),
        (Some("invited"), Some("admin"), Some("Grace"))
    );
    let Mail { token, purpose, .. } = postman.deliver_to(&email);
    assert_eq!(purpose, "invitation");
    assert!(postman.deliver().is_empty(), "it leaves once");

    let password = a_password();
    let problem = accept(app, &token, "password1").refused(422, "validation_failed");
    assert_eq!(problem["errors"][0]["code"], "too_common", "the link still works after that");
    dead(&confirm(app, &token, &password));
    accept(app, &token, &password).succeeds(204);
    dead(&accept(app, &token, &a_password()));
    let login = Login { id: user["id"].as_str().unwrap().to_owned(), email, password };
    let invited = app.sign_in(&login);
    assert_eq!(invited.bare("GET", "/session").succeeds(200)["user"]["status"], "active");
    owner.api("POST", &format!("/users/{}/invite", login.id)).refused(409, "conflict");
    let everything = String::from_utf8_lossy(&app.site.database_bytes()).into_owned() + &app.server.log();
    assert!(!everything.contains(&token));
});

on_both!(an_invitation_can_be_sent_again, |app| {
    let (owner, postman) = (app.signed_in("owner"), Postman::of(&app.site));
    let email = an_email();
    let user = owner.api("POST", "/users").json(&json!({"email": email, "role": "admin"})).succeeds(201);
    let path = format!("/users/{}/invite", user["id"].as_str().unwrap());
    owner.api("POST", &path).succeeds(200);
    let first = postman.deliver_to(&email).token;
    owner.api("POST", &path).succeeds(200);
    assert!(postman.deliver().is_empty(), "nobody's mail box is filled");
    app.site.sql("UPDATE pending_mails SET created_at = created_at - 301");
    owner.api("POST", &path).succeeds(200);
    let second = postman.deliver_to(&email).token;
    assert_ne!(first, second);
    accept(app, &first, &a_password()).succeeds(204);
    // One that was used takes the others with it.
    dead(&accept(app, &second, &a_password()));
});

on_both!(mg7_a_forgotten_password_is_answered_the_same_for_everybody, |app| {
    let (user, disabled) = (app.user("developer"), app.user("developer"));
    app.cli(&["users", "disable", &disabled.id]).succeeded();
    let ask = |email: &str| app.api("POST", "/password-reset").json(&json!({"email": email})).send();
    let known = ask(&user.email);
    assert_eq!(known.status, 202, "{known:?}");
    for email in [an_email().as_str(), disabled.email.as_str(), "no address", "", &"x".repeat(500)] {
        assert_eq!(ask(email).look(), known.look(), "{email:.30}");
    }
    let mails = Postman::of(&app.site).deliver();
    assert_eq!(mails.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), [user.email.as_str()]);
    let told = app.audited("action = 'user.password_reset_requested'");
    assert_eq!(told.len(), 6, "{told:?}");
});

on_both!(a_forgotten_password_is_replaced_and_ends_every_session, |app| {
    let (user, postman) = (app.user("owner"), Postman::of(&app.site));
    let browser = app.sign_in(&user);
    for _ in 0..3 {
        app.api("POST", "/password-reset").json(&json!({"email": user.email})).succeeds(202);
    }
    let Mail { token, purpose, .. } = postman.deliver_to(&user.email);
    assert_eq!(purpose, "password_reset");
    assert!(!browser.is_signed_out(), "asking changes nothing");
    app.login(&user.email, &user.password).succeeds(200);
    let password = a_password();
    dead(&accept(app, &token, &password));
    confirm(app, &token, &password).succeeds(204);
    assert!(browser.is_signed_out());
    app.login(&user.email, &user.password).refused(401, "invalid_credentials");
    app.login(&user.email, &password).succeeds(200);
    dead(&confirm(app, &token, &password));
});

on_both!(a_link_dies_with_time_and_with_what_it_was_for, |app| {
    let (user, postman, owner) = (app.user("developer"), Postman::of(&app.site), app.signed_in("owner"));
    let link = || {
        app.site.sql("DELETE FROM pending_mails");
        app.api("POST", "/password-reset").json(&json!({"email": user.email})).succeeds(202);
        postman.deliver_to(&user.email).token
    };
    let token = link();
    app.site.sql("UPDATE user_links SET expires_at = expires_at - 3600");
    dead(&confirm(app, &token, &a_password()));
    let token = link();
    owner.api("PATCH", &format!("/users/{}", user.id)).json(&json!({"disabled": true})).succeeds(200);
    dead(&confirm(app, &token, &a_password()));
    owner.api("PATCH", &format!("/users/{}", user.id)).json(&json!({"disabled": false})).succeeds(200);
    dead(&confirm(app, &token, &a_password()));
    let token = link();
    let browser = app.sign_in(&user);
    let body = json!({"current_password": user.password, "new_password": a_password()});
    browser.take(&browser.api("POST", "/session/password").json(&body).send());
    dead(&confirm(app, &token, &a_password()));
    let token = link();
    owner.api("DELETE", &format!("/users/{}", user.id)).succeeds(204);
    dead(&confirm(app, &token, &a_password()));
});

on_both!(rs6_only_a_links_own_token_is_one, |app| {
    let owner = app.signed_in("owner");
    let access_token = app.token_of(&app.integrator());
    let made_up = format!("lnk_{}", "A".repeat(43));
    for foreign in
        [owner.cookie(), owner.csrf(), access_token[..500].to_owned(), made_up, String::new(), "' OR 1=1 --".to_owned()]
    {
        dead(&accept(app, &foreign, &a_password()));
        dead(&confirm(app, &foreign, &a_password()));
    }
    let user = app.user("developer");
    app.api("POST", "/password-reset").json(&json!({"email": user.email})).succeeds(202);
    let token = Postman::of(&app.site).deliver_to(&user.email).token;
    app.api("GET", "/session").header("Cookie", format!("__Host-claviger_session={token}")).refused(401, "invalid_session");
    app.api("GET", "/api-keys").bearer(&token).refused(401, "invalid_token");
});

on_both!(one_link_used_by_many_at_once_is_used_once, |app| {
    let user = app.user("developer");
    app.api("POST", "/password-reset").json(&json!({"email": user.email})).succeeds(202);
    let token = Postman::of(&app.site).deliver_to(&user.email).token;
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(|| confirm(app, &token, &a_password()).send().status)).collect();
        all.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 204 | 422)), "{statuses:?}");
});

on_both!(whoever_follows_a_link_is_at_a_known_place, ["--trusted-proxies", "127.0.0.0/8"], |app| {
    let user = app.user("owner");
    for _ in 0..101 {
        app.login(&user.email, "wrong").header("X-Forwarded-For", crate::support::tools::fresh_address()).send();
    }
    let from = |password: &str| app.login(&user.email, password).header("X-Forwarded-For", "203.0.113.9");
    from(&user.password).refused(429, "too_many_attempts");
    app.api("POST", "/password-reset").json(&json!({"email": user.email})).succeeds(202);
    let token = Postman::of(&app.site).deliver_to(&user.email).token;
    let password = a_password();
    confirm(app, &token, &password).header("X-Forwarded-For", "203.0.113.9").succeeds(204);
    from(&password).succeeds(200);
});
