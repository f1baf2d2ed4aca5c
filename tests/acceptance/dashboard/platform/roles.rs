//! Who sees what, and who may do what.

use crate::dashboard::pages::hidden;
use crate::support::api::PLATFORM;
use crate::support::http::Response;
use crate::support::{App, on_both};

/// Every page of the operators, and whether it is a form alone.
fn pages(app: &App) -> Vec<(String, bool)> {
    let organization = &app.fixture.organization;
    let scope = app.json(&["scopes", "list"]);
    let named = |name: &str| scope.as_array().unwrap().iter().find(|scope| scope["name"] == name).unwrap()["id"].clone();
    let server = app.json(&["resource-servers", "list"])[0]["id"].clone();
    [
        ("/operator/organizations".to_owned(), false),
        ("/operator/organizations/new".to_owned(), true),
        (format!("/operator/organizations/{organization}"), false),
        ("/operator/plans".to_owned(), false),
        ("/operator/plans/new".to_owned(), true),
        ("/operator/plans/growth".to_owned(), false),
        ("/operator/catalogue".to_owned(), false),
        ("/operator/catalogue/resource-servers/new".to_owned(), true),
        (format!("/operator/catalogue/resource-servers/{}", server.as_str().unwrap()), false),
        ("/operator/catalogue/scopes/new".to_owned(), true),
        (format!("/operator/catalogue/scopes/{}", named("payments:read").as_str().unwrap()), false),
        ("/operator/signing-keys".to_owned(), false),
        ("/operator/health".to_owned(), false),
    ]
    .into()
}

/// Every form of the operators, filled in so that it would work.
fn forms(app: &App) -> Vec<(String, Vec<(&'static str, &'static str)>)> {
    let organization = format!("/operator/organizations/{}", app.fixture.organization);
    vec![
        ("/operator/organizations/new".to_owned(), vec![("name", "Newcomer")]),
        (organization.clone(), vec![("name", "Renamed")]),
        (format!("{organization}/users"), vec![("email", "somebody@example.com"), ("role", "owner")]),
        ("/operator/plans/new".to_owned(), vec![("name", "newcomer")]),
        ("/operator/plans/growth".to_owned(), vec![("requests_per_minute", "1")]),
        ("/operator/plans/growth/delete".to_owned(), vec![]),
        ("/operator/catalogue/resource-servers/new".to_owned(), vec![("identifier", "urn:new")]),
        (
            "/operator/catalogue/scopes/new".to_owned(),
            vec![("name", "new"), ("resource_server", "urn:new"), ("level", "account")],
        ),
        ("/operator/signing-keys/rotate".to_owned(), vec![]),
        ("/operator/signing-keys/compromise".to_owned(), vec![("confirmation", "compromised")]),
        ("/operator/signing-keys/import".to_owned(), vec![("pem_secret", "x")]),
    ]
}

/// What nobody may have changed.
fn state(app: &App) -> String {
    app.site.sql(
        "SELECT (SELECT count(*) FROM organizations), (SELECT count(*) FROM plans), (SELECT count(*) FROM signing_keys), \
         (SELECT count(*) FROM scopes), (SELECT count(*) FROM resource_servers), (SELECT count(*) FROM users), \
         (SELECT requests_per_minute FROM plans WHERE name = 'growth'), \
         (SELECT count(*) FROM organizations WHERE name = 'Renamed')",
    )
}

#[track_caller]
fn is_refused(response: &Response, path: &str) {
    assert_eq!(response.status, 403, "{path}: {response:?}");
    let text = response.text();
    assert!(text.contains("Not allowed"), "{path}: {text}");
}

on_both!(mg2_a_customers_owner_sees_nothing_of_the_platform, |app| {
    let owner = app.at_pages("owner");
    assert!(!owner.page("/profile").contains("/operator/"));
    for (path, _) in pages(app) {
        is_refused(&owner.get(&path), &path);
    }
    let before = state(app);
    for (path, fields) in forms(app) {
        is_refused(&owner.post(&path, &fields), &path);
    }
    assert_eq!(state(app), before);
    // Who has not signed in is asked to, and comes back afterwards.
    let stranger = app.visitor().get("/operator/plans");
    assert_eq!((stranger.status, stranger.header("location")), (303, Some("/sign-in?next=%2Foperator%2Fplans")));
});

on_both!(mg2_a_developer_of_the_platform_sees_and_changes_nothing, |app| {
    let developer = app.at_pages_of(PLATFORM, "developer");
    assert!(developer.page("/profile").contains("/operator/organizations"));
    for (path, is_form) in pages(app) {
        if is_form {
            is_refused(&developer.get(&path), &path);
        } else {
            let page = developer.page(&path);
            let main = page.split_once("<main").unwrap().1;
            assert!(!main.contains("method=\"post\"") && !main.contains("/new\""), "{path}: {main}");
        }
    }
    let before = state(app);
    for (path, fields) in forms(app) {
        is_refused(&developer.post(&path, &fields), &path);
    }
    assert_eq!(state(app), before);
});

on_both!(mg2_an_admin_of_the_platform_changes_all_but_people, |app| {
    let admin = app.at_pages_of(PLATFORM, "admin");
    for (path, _) in pages(app) {
        admin.page(&path);
    }
    let organization = format!("/operator/organizations/{}", app.fixture.organization);
    let page = admin.page(&organization);
    assert!(page.contains("name=\"plan\"") && !page.contains("Invite"), "{page}");
    is_refused(&admin.post(&format!("{organization}/users"), &[("email", "x@example.com"), ("role", "owner")]), &organization);
    assert!(admin.does(&organization, &[("name", "Acme")]).ends_with("?notice=organization-saved"));
});

on_both!(mg5_forms_without_or_with_a_foreign_token_do_nothing, |app| {
    let owner = app.at_pages_of(PLATFORM, "owner");
    let foreign = hidden(&app.at_pages_of(PLATFORM, "owner").page("/profile"), "form_token").unwrap();
    let before = state(app);
    for (path, fields) in forms(app) {
        for token in [None, Some(foreign.as_str())] {
            let mut all = fields.clone();
            all.extend(token.map(|token| ("form_token", token)));
            let all: Vec<(&str, &str)> = all;
            assert_eq!(owner.post_bare(&path, &all).status, 403, "{path}");
        }
    }
    assert_eq!(state(app), before);
});
