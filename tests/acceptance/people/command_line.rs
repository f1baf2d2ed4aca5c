//! `claviger users`, and the login that `serve --dev` makes.

use serde_json::json;

use crate::support::on_both;
use crate::support::people::{a_password, an_email};
use crate::support::{Backend, Options, Server, Site};

on_both!(users_are_made_and_changed_by_the_command_line, |app| {
    let organization = app.fixture.organization.as_str();
    let email = an_email();
    let create = |email: &str, role: &str, password: &str| {
        app.cli_json(&["users", "create", "--organization", organization, "--email", email, "--role", role], password)
    };
    let user = create(&email, "owner", &a_password()).succeeded().json();
    let id = user["id"].as_str().unwrap();
    assert!(id.starts_with("user_"), "{user}");
    assert_eq!((&user["email"], &user["role"], &user["status"]), (&json!(email), &json!("owner"), &json!("active")));
    create(&email, "owner", &a_password()).failed_with(1).in_one_line();
    create(&email.to_uppercase(), "developer", &a_password()).failed_with(1).in_one_line();
    create(&an_email(), "root", &a_password()).failed_with(2);
    create("x", "owner", &a_password()).failed_with(2);
    for bad in ["", "short", "password1", "\n"] {
        create(&an_email(), "owner", bad).failed_with(1).in_one_line();
    }
    let nowhere =
        ["users", "create", "--organization", "org_01arz3ndektsv4rrffq69g5fav", "--email", "a@b.example", "--role", "owner"];
    app.cli_with(&nowhere, &a_password(), &[]).failed_with(1).in_one_line();

    // Line ends do not belong to a password; other white space does.
    let password = format!(" {} ", a_password());
    let changed = app.cli_json(&["users", "reset-password", id], &format!("{password}\r\n")).succeeded().json();
    assert_eq!(changed["id"], id);
    app.login(&email, &password).succeeds(200);
    app.login(&email, password.trim()).refused(401, "invalid_credentials");

    app.user("owner");
    assert_eq!(app.json(&["users", "set-role", id, "admin"])["role"], "admin");
    assert_eq!(app.json(&["users", "disable", id])["status"], "disabled");
    app.login(&email, &password).refused(401, "invalid_credentials");
    assert_eq!(app.json(&["users", "enable", id])["status"], "active");
    app.login(&email, &password).succeeds(200);
    for action in ["disable", "enable", "reset-password"] {
        app.cli_with(&["users", action, "user_01arz3ndektsv4rrffq69g5fav"], &a_password(), &[]).failed_with(1).in_one_line();
    }

    let foreign = app.user_of(&app.fixture.other_organization, "developer");
    let ids = |list: serde_json::Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap().to_owned()).collect()
    };
    let all = ids(app.json(&["users", "list"]));
    assert!(all.contains(&id.to_owned()) && all.contains(&foreign.id));
    assert_eq!(ids(app.json(&["users", "list", "--organization", &app.fixture.other_organization])), [foreign.id]);
    let table = app.cli(&["users", "list"]).succeeded().stdout;
    assert!(table.starts_with("ID") && table.contains(&email), "{table}");
    let told = app.audited("actor = 'cli' AND action LIKE 'user.%'");
    assert!(told.contains(&"user.password_set done -".to_owned()), "{told:?}");
});

on_both!(dev_makes_an_owner_login_that_is_new_at_each_start, backend, {
    let site = Site::empty(backend);
    let server = Server::start(&site, Options::flags(&["--dev"]));
    let said = |log: &str| -> Vec<String> {
        let of_line = |line: &str| {
            let rest = line.split_once("The demo's owner is owner@demo.example with the password ")?.1;
            Some(rest.split_once(' ')?.0.to_owned())
        };
        log.lines().filter_map(of_line).collect()
    };
    let first = said(&server.log());
    assert_eq!(first.len(), 1, "{}", server.log());
    let body = server.login("owner@demo.example", &first[0]).succeeds(200);
    assert_eq!((&body["user"]["role"], &body["organization"]["name"]), (&json!("owner"), &json!("Demo Shop")));
    server.terminate();
    server.start_again(&site);
    let both = said(&server.log());
    assert_eq!(both.len(), 2);
    server.login("owner@demo.example", &both[0]).refused(401, "invalid_credentials");
    server.login("owner@demo.example", &both[1]).succeeds(200);
    assert!(!String::from_utf8_lossy(&site.database_bytes()).contains(&both[1]));
});

#[test]
fn who_manages_keys_is_said_in_the_settings_file_in_either_spelling() {
    let site = Site::empty(Backend::Sqlite);
    let run = |text: &str| {
        let path = site.dir.join("claviger.toml");
        std::fs::write(&path, text).unwrap();
        let mut command = site.command();
        command.arg("--config").arg(&path).args(["organizations", "create", "X"]);
        crate::support::Output::of(&mut command, "")
    };
    run("admin_manages_keys = true\n").succeeded();
    run("[roles]\nadmin_manages_keys = true\n").succeeded();
    run("admin_manages_keys = true\n[roles]\nadmin_manages_keys = false\n").failed_with(2).in_one_line();
    run("[roles]\nadmin_manages_key = true\n").failed_with(2).in_one_line();
}
