//! One's own password and sessions.

use super::pages::Visitor;
use crate::support::browser::flows;
use crate::support::on_both;
use crate::support::people::{Login, a_password};

fn change(visitor: &Visitor<'_>, now: &str, new: &str, again: &str) -> crate::support::http::Response {
    visitor.post("/profile/password", &[("current_password", now), ("new_password", new), ("new_password_again", again)])
}

fn login(visitor: &Visitor<'_>) -> Login {
    visitor.login.clone().unwrap()
}

on_both!(everybody_sees_their_own_profile, |app| {
    for role in ["developer", "admin", "owner"] {
        let visitor = app.at_pages(role);
        let page = visitor.page("/profile");
        assert!(page.contains(&login(&visitor).email) && page.contains("This session"), "{page}");
        assert_eq!(page.contains(&format!("href=\"/users/{}\"", login(&visitor).id)), role == "owner", "{role}");
    }
    let stranger = app.visitor().get("/profile");
    assert_eq!((stranger.status, stranger.header("location")), (303, Some("/sign-in?next=%2Fprofile")));
});

on_both!(a_password_is_changed_and_other_sessions_end, |app| {
    let visitor = app.at_pages("developer");
    let other = app.sign_in(&login(&visitor));
    let (now, new) = (login(&visitor).password, a_password());
    for (current, chosen, again, word) in [
        ("wrong", new.as_str(), new.as_str(), "not your password"),
        (&now, &new, "else", "not the same"),
        (&now, "password1", "password1", "guesser"),
    ] {
        let response = change(&visitor, current, chosen, again);
        assert_eq!(response.status, 422, "{response:?}");
        assert!(response.text().contains(word) && response.text().contains("aria-invalid"), "{word}: {response:?}");
        assert!(!response.text().contains(&new) && !response.text().contains(&now));
    }
    assert!(!other.is_signed_out());
    let done = change(&visitor, &now, &new, &new);
    assert_eq!((done.status, done.header("location")), (303, Some("/profile?notice=password-changed")), "{done:?}");
    assert!(crate::support::people::cookie_of(&done).is_some(), "the session goes on under another token");
    assert!(other.is_signed_out());
    drop(app.sign_in(&Login { password: new, ..login(&visitor) }));
});

on_both!(sessions_are_ended_one_by_one_or_all_others, |app| {
    let visitor = app.at_pages("admin");
    let others = [app.sign_in(&login(&visitor)), app.sign_in(&login(&visitor))];
    let page = visitor.page("/profile");
    let ids: Vec<&str> =
        page.split("/profile/sessions/").skip(1).filter_map(|rest| rest.split_once("/end").map(|p| p.0)).collect();
    let ids: Vec<&str> = ids.into_iter().filter(|id| id.starts_with("sess_") && id.len() < 40).collect();
    assert_eq!(ids.len(), 2, "{page}");
    let path = format!("/profile/sessions/{}/end", ids[0]);
    let foreign = visitor.post_bare(&path, &[("form_token", "x")]);
    assert_eq!(foreign.status, 403, "{foreign:?}");
    assert_eq!(visitor.does(&path, &[]), "/profile?notice=session-ended");
    assert_eq!(others.iter().filter(|other| other.is_signed_out()).count(), 1);
    let stranger = app.at_pages("owner");
    assert_eq!(stranger.post(&format!("/profile/sessions/{}/end", ids[1]), &[]).status, 404);
    assert_eq!(visitor.does("/profile/sessions/end-others", &[]), "/profile?notice=sessions-ended");
    assert!(others.iter().all(|other| other.is_signed_out()));
    assert!(visitor.page("/profile").contains("This session"));
});

flows!(both "profile.mjs":
    a_forgotten_password_is_replaced_with_a_link,
    a_person_changes_the_password_and_ends_other_sessions,
);

// The form is there when the server sends mail; nobody listens at that address, so the mail waits.
on_both!(
    who_forgot_the_password_asks_for_a_link,
    ["--smtp-url", "smtp://127.0.0.1:9?tls=none", "--mail-from", "c@example.com"],
    |app| {
        crate::support::browser::run_flow(app, "profile.mjs", "who_forgot_the_password_asks_for_a_link");
    }
);
