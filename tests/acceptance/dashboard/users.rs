//! Users and roles.

use serde_json::json;

use crate::support::api::PLATFORM;
use crate::support::on_both;
use crate::support::people::{Login, Postman, an_email};

const EVIL: &str = "<img src=x onerror=alert(1)>";
const MAIL: [&str; 4] = ["--smtp-url", "smtp://127.0.0.1:9?tls=none", "--mail-from", "c@example.com"];

on_both!(users_are_listed_with_role_and_state, |app| {
    let invited = an_email();
    let owner = app.at_pages("owner");
    owner.does("/users", &[("email", &invited), ("name", EVIL), ("role", "admin")]);
    let disabled = app.user("developer");
    app.cli(&["users", "disable", &disabled.id]).succeeded();
    for role in ["owner", "admin"] {
        let visitor = if role == "owner" { app.at_pages("owner") } else { app.at_pages(role) };
        let page = visitor.page("/users");
        assert!(page.contains(&invited) && page.contains("&#60;img") && page.contains(">Invited<"), "{page}");
        assert!(page.contains(">Disabled<") && page.contains(">Active<"), "{page}");
        assert_eq!(page.matches(">You<").count(), 1, "{page}");
        assert_eq!(page.contains("/users/new"), role == "owner");
    }
    let developer = app.at_pages("developer");
    assert_eq!(developer.get("/users").status, 403);
    assert!(!developer.page("/profile").contains("href=\"/users\""));
});

on_both!(users_are_searched_and_paged, |app| {
    let token = app.token_of(&app.integrator());
    for number in 0..60 {
        let new = json!({"email": an_email(), "name": format!("Person {number:02}"), "role": "developer"});
        app.api("POST", "/users").bearer(&token).json(&new).succeeds(201);
    }
    let odd = json!({"email": format!("zoe.{}", an_email()), "name": EVIL, "role": "admin"});
    app.api("POST", "/users").bearer(&token).json(&odd).succeeds(201);
    let owner = app.at_pages("owner");
    let names = |page: &str| page.matches("class=\"row-link\"").count();
    let first = owner.page("/users");
    assert!(names(&first) == 50 && first.contains("role=\"search\"") && first.contains("Next page"), "{first}");
    let next = first.split("href=\"").find(|tag| tag.contains("rel=\"next\"")).unwrap().split('"').next().unwrap();
    assert!(names(&owner.page(&next.replace("&#38;", "&"))) >= 11);
    // By a part of the name, or of the address.
    let found = owner.page("/users?search=PERSON+1");
    assert!(names(&found) == 10 && found.contains("value=\"PERSON 1\"") && !found.contains("Person 22"), "{found}");
    let found = owner.page("/users?search=zoe.");
    assert!(names(&found) == 1 && found.contains("&#60;img"), "{found}");
    let none = owner.page(&format!("/users?search={}", "%3Cimg+src%3Dno"));
    assert!(names(&none) == 0 && none.contains("contains “&#60;img src=no”") && none.contains("href=\"/users\">Clear"), "{none}");
    // An address that somebody else's organization has is not found.
    let listed = app.api("GET", "/users?search=person%20&limit=200").bearer(&token).succeeds(200);
    assert_eq!(listed["data"].as_array().unwrap().len(), 60);
    let theirs = app.stranger("users:read");
    assert_eq!(app.api("GET", "/users?search=person%20").bearer(&theirs).succeeds(200)["data"], json!([]));
    app.api("GET", &format!("/users?search={}", "x".repeat(65))).bearer(&token).refused(400, "invalid_query");
    // Operators look through them too.
    let operator = app.at_pages_of(PLATFORM, "owner");
    let path = format!("/operator/organizations/{}", app.fixture.organization);
    let page = operator.page(&path);
    assert!(page.contains("role=\"search\"") && page.contains("Next page"), "{page}");
    let page = operator.page(&format!("{path}?search=person+07"));
    assert!(page.contains("Person 07") && !page.contains("Person 08"), "{page}");
    assert!(operator.page(&format!("{path}?search=no-such")).contains("There is nobody like that."));
});

on_both!(an_owner_invites_changes_disables_and_removes, |app| {
    let owner = app.at_pages("owner");
    let form = owner.page("/users/new");
    assert!(form.contains("What roles may do") && form.contains("sends no mail") && form.contains("reset-password"), "{form}");
    let taken = app.user("developer").email;
    let page = owner.is_asked_to_mend("/users", &[("email", &taken), ("name", "Robin"), ("role", "admin")], "already");
    assert!(page.contains("value=\"Robin\"") && page.contains("value=\"admin\" selected"), "{page}");
    owner.is_asked_to_mend("/users", &[("email", "nobody"), ("role", "admin")], "email-error");
    let email = an_email();
    let made = owner.does("/users", &[("email", &email), ("name", ""), ("role", "developer")]);
    let path = made.strip_suffix("?notice=user-created").unwrap().to_owned();
    let id = path.strip_prefix("/users/").unwrap().to_owned();
    let page = owner.page(&path);
    assert!(page.contains(&format!("claviger users reset-password {id}")) && page.contains("Not accepted yet"), "{page}");

    assert_eq!(owner.does(&path, &[("name", EVIL), ("role", "admin")]), format!("{path}?notice=user-changed"));
    assert!(owner.page(&path).contains("&#60;img"));
    let password = crate::support::people::a_password();
    app.cli_json(&["users", "reset-password", &id], &password).succeeded();
    let theirs = app.sign_in(&Login { id: id.clone(), email, password });
    assert_eq!(owner.does(&format!("{path}/disable"), &[]), format!("{path}?notice=user-disabled"));
    assert!(theirs.is_signed_out());
    assert!(owner.page(&path).contains("Enable "));
    owner.does(&format!("{path}/enable"), &[]);
    assert_eq!(owner.does(&format!("{path}/remove"), &[]), "/users?notice=user-removed");
    assert_eq!(owner.get(&path).status, 404);
});

on_both!(mg8_the_last_owner_stays, |app| {
    let owner = app.at_pages("owner");
    let path = format!("/users/{}", owner.login.as_ref().unwrap().id);
    assert!(owner.page(&path).contains(">You<"));
    let word = "last owner can&#39;t be removed";
    for (rest, fields) in [("", &[("name", ""), ("role", "admin")][..]), ("/disable", &[]), ("/remove", &[])] {
        let page = owner.is_asked_to_mend(&format!("{path}{rest}"), fields, word);
        assert!(rest.is_empty() == page.contains("value=\"admin\" selected"), "what was chosen stays chosen");
    }
    assert!(owner.page(&path).contains("value=\"owner\" selected"));
});

on_both!(admins_see_users_and_change_none, |app| {
    let user = app.user("developer");
    let path = format!("/users/{}", user.id);
    let admin = app.at_pages("admin");
    let page = admin.page(&path);
    assert!(page.contains(&user.email) && !page.contains("/remove") && !page.contains("name=\"role\""), "{page}");
    assert_eq!(admin.get("/users/new").status, 403);
    for rest in ["", "/disable", "/enable", "/remove", "/invite"] {
        assert_eq!(admin.post(&format!("{path}{rest}"), &[("role", "owner")]).status, 403, "{rest}");
    }
    assert_eq!(admin.post("/users", &[("email", &an_email()), ("role", "owner")]).status, 403);
    let owner = app.at_pages("owner");
    assert_eq!(owner.post_bare(&format!("{path}/remove"), &[("form_token", "x")]).status, 403);
    let stranger = app.user_of(&app.fixture.other_organization, "owner");
    assert_eq!(owner.get(&format!("/users/{}", stranger.id)).status, 404);
    assert_eq!(owner.post(&format!("/users/{}/remove", stranger.id), &[]).status, 404);
});

on_both!(an_invitation_is_sent_again_from_the_users_page, [MAIL[0], MAIL[1], MAIL[2], MAIL[3]], |app| {
    let owner = app.at_pages("owner");
    assert!(owner.page("/users/new").contains("Send invitation"));
    let email = an_email();
    let made = owner.does("/users", &[("email", &email), ("role", "developer")]);
    let path = made.strip_suffix("?notice=user-invited").unwrap().to_owned();
    assert!(owner.page(&path).contains("Send the invitation again"));
    assert_eq!(owner.does(&format!("{path}/invite"), &[]), format!("{path}?notice=user-invited"));
    drop(Postman::of(&app.site));
});

on_both!(mg6_a_stale_proof_is_asked_for_and_nothing_typed_is_lost, |app| {
    let owner = app.at_pages("owner");
    app.site.sql("UPDATE sessions SET proved_at = proved_at - 301");
    let email = an_email();
    let asked = owner.post("/users", &[("email", &email), ("name", "Robin"), ("role", "admin")]);
    assert_eq!(asked.status, 403, "{asked:?}");
    let text = asked.text();
    assert!(
        text.contains("Confirm your password")
            && text.contains("To invite this person,")
            && text.contains(&format!("value=\"{email}\"")),
        "{text}"
    );
    let password = owner.login.clone().unwrap().password;
    let done = owner.post("/users", &[("email", &email), ("name", "Robin"), ("role", "admin"), ("confirm_password", &password)]);
    assert_eq!(done.status, 303, "{done:?}");
});
