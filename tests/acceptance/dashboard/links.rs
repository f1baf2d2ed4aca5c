//! The pages behind mailed links: invitations, forgotten passwords.

use std::time::Duration;

use serde_json::json;

use super::pages::{hidden, set_cookie};
use crate::support::people::{Login, Postman, a_password, an_email};
use crate::support::tools::eventually;
use crate::support::{App, on_both};

/// The page behind a link, in a browser of its own: its address, its token's cookie, its text.
#[track_caller]
fn open(app: &App, path: &str, token: &str) -> (String, String) {
    let arrived = app.visitor().get(&format!("{path}?token={token}"));
    assert_eq!(arrived.status, 303, "{arrived:?}");
    assert_eq!(arrived.header("location"), Some(path), "the token leaves the address");
    assert_eq!(arrived.header("referrer-policy"), Some("same-origin"));
    let cookie = set_cookie(&arrived, "__Host-claviger_");
    assert!(cookie.ends_with(&format!("={token}")), "{cookie}");
    let page = app.visitor().with_cookie(&cookie).page(path);
    (cookie, page)
}

on_both!(an_invitation_is_accepted_at_its_page, |app| {
    let (owner, postman) = (app.signed_in("owner"), Postman::of(&app.site));
    let email = an_email();
    let name = "<img src=x onerror=alert(1)>";
    owner.api("POST", "/users").json(&json!({"email": email, "role": "admin", "name": name})).succeeds(201);
    let token = postman.deliver_to(&email).token;
    let (cookie, page) = open(app, "/invitation", &token);
    assert!(page.contains(&email) && page.contains("as an admin") && page.contains("8 to 256 characters"), "{page}");
    assert!(page.contains("&#60;img") || page.contains("&lt;img"), "{page}");
    assert_eq!(hidden(&page, "token"), Some(token.clone()));

    let visitor = app.visitor().with_cookie(&cookie);
    let send = |password: &str, again: &str| {
        visitor.post_bare("/invitation", &[("token", &token), ("new_password", password), ("new_password_again", again)])
    };
    let password = a_password();
    let differs = send(&password, "something else");
    assert_eq!(differs.status, 422, "{differs:?}");
    assert!(differs.text().contains("not the same") && !differs.text().contains(&password), "{differs:?}");
    let common = send("password1", "password1");
    assert_eq!(common.status, 422, "{common:?}");
    assert!(common.text().contains("guesser") && common.text().contains("aria-invalid"), "{common:?}");
    let done = send(&password, &password);
    assert_eq!((done.status, done.header("location")), (303, Some("/sign-in?notice=invitation-accepted")), "{done:?}");
    assert_eq!(set_cookie(&done, "__Host-claviger_invitation"), "__Host-claviger_invitation=");
    assert!(app.visitor().page("/sign-in?notice=invitation-accepted").contains("Your password is set"));
    drop(app.sign_in(&Login { id: String::new(), email, password }));

    let again = visitor.get("/invitation");
    assert_eq!(again.status, 410, "{again:?}");
    assert!(again.text().contains("send the invitation again") && hidden(&again.text(), "token").is_none());
    assert_eq!(send(&a_password(), "x").status, 410);
    let log = app.log();
    assert!(!log.contains(&token), "the token is in the log");
});

on_both!(
    a_forgotten_password_is_set_at_its_page,
    ["--smtp-url", "smtp://127.0.0.1:9?tls=none", "--mail-from", "c@example.com"],
    |app| {
        let user = app.user("developer");
        let session = app.sign_in(&user);
        assert!(app.visitor().page("/sign-in").contains("href=\"/forgot-password\""));
        assert!(app.visitor().page("/forgot-password").contains("Send the link"));
        for email in [user.email.as_str(), "nobody@example.com"] {
            let asked = app.visitor().post_bare("/forgot-password", &[("email", email)]);
            assert_eq!((asked.status, asked.header("location")), (303, Some("/sign-in?notice=reset-asked")), "{asked:?}");
        }
        assert_eq!(app.visitor().post_bare("/forgot-password", &[("email", " ")]).status, 422);
        let postman = Postman::of(&app.site);
        // The server tries too, in vain, and puts the mail off.
        let token = eventually(Duration::from_secs(5), "the mail can be taken", || {
            app.site.sql("UPDATE pending_mails SET taken_until = NULL");
            postman.deliver().pop().map(|mail| mail.token)
        });
        let (cookie, page) = open(app, "/password-reset", &token);
        assert!(page.contains(&user.email) && page.contains("All your sessions end"), "{page}");
        // A link for one thing is none for another.
        let other = app.visitor().with_cookie(&cookie.replace("_reset=", "_invitation=")).get("/invitation");
        assert_eq!(other.status, 410, "{other:?}");
        let password = a_password();
        let fields = [("token", token.as_str()), ("new_password", &password), ("new_password_again", &password)];
        let done = app.visitor().post_bare("/password-reset", &fields);
        assert_eq!((done.status, done.header("location")), (303, Some("/sign-in?notice=password-reset")), "{done:?}");
        assert!(session.is_signed_out());
        drop(app.sign_in(&Login { password: password.clone(), ..user }));
        let dead = app.visitor().post_bare("/password-reset", &fields);
        assert_eq!(dead.status, 410, "{dead:?}");
        assert!(dead.text().contains("Ask for another link"));
    }
);

on_both!(a_server_without_mail_says_what_to_do_instead, |app| {
    let page = app.visitor().page("/forgot-password");
    assert!(page.contains("sends no mail") && page.contains("claviger users reset-password"), "{page}");
    assert!(!page.contains("<form"), "{page}");
});

on_both!(a_link_that_never_was_one_sets_nothing, |app| {
    for evil in ["%0d%0aset-cookie:%20x=y", "a;b", "", &"a".repeat(200)] {
        for path in ["/invitation", "/password-reset", "/setup"] {
            let arrived = app.visitor().get(&format!("{path}?token={evil}"));
            assert_eq!((arrived.status, arrived.header("location")), (303, Some(path)), "{arrived:?}");
            assert!(set_cookie(&arrived, "__Host-claviger_").ends_with('='), "{arrived:?}");
            assert_eq!(app.visitor().get(path).status, 410);
        }
    }
});
