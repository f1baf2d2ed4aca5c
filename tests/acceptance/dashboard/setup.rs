//! The platform's first operator, with the link that the server prints.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;

use super::pages::set_cookie;
use crate::support::http::{self, Request};
use crate::support::people::{Login, PLATFORM, a_password, an_email};
use crate::support::tools::{eventually, free_port, signal};
use crate::support::workspace::Registered;
use crate::support::{App, Backend, Output, Site, on_both};

fn link(app: &App) -> String {
    app.cli(&["--issuer", &app.issuer, "users", "setup-link"]).succeeded().stdout.trim().to_owned()
}

fn token_of(link: &str) -> String {
    link.split_once("?token=").unwrap().1.to_owned()
}

on_both!(mg7_the_first_operator_sets_the_platform_up_once, |app| {
    assert!(app.log().contains("claviger users setup-link"), "{}", app.log());
    let first = link(app);
    assert!(first.starts_with(&format!("{}/setup?token=setup_", app.issuer)), "{first}");
    let second = token_of(&link(app));
    let token = token_of(&first);
    assert!(!app.log().contains(&token[20..]), "no link is in the log");

    let arrived = app.visitor().get(&format!("/setup?token={token}"));
    assert_eq!((arrived.status, arrived.header("location")), (303, Some("/setup")), "{arrived:?}");
    let visitor = app.visitor().with_cookie(&set_cookie(&arrived, "__Host-claviger_setup"));
    assert!(visitor.page("/setup").contains("first operator"));
    let (email, password) = (an_email(), a_password());
    let send = |token: &str, email: &str, password: &str| {
        let fields = [
            ("token", token),
            ("name", "<img src=x onerror=alert(1)>"),
            ("email", email),
            ("new_password", password),
            ("new_password_again", password),
        ];
        visitor.post_bare("/setup", &fields)
    };
    let wrong = send(&token, "not an address", "password1");
    assert_eq!(wrong.status, 422, "{wrong:?}");
    assert!(wrong.text().contains("email-error") && wrong.text().contains("not an address"), "{wrong:?}");
    let weak = send(&token, &email, &email);
    assert_eq!(weak.status, 422, "{weak:?}");
    assert!(weak.text().contains("guesser") && weak.text().contains(&email), "{weak:?}");

    let done = send(&token, &email, &password);
    assert_eq!((done.status, done.header("location")), (303, Some("/sign-in?notice=set-up")), "{done:?}");
    let operator = app.sign_in(&Login { id: String::new(), email: email.clone(), password });
    let me = operator.api("GET", "/session").succeeds(200);
    assert_eq!((&me["user"]["role"], &me["organization"]["id"]), (&json!("owner"), &json!(PLATFORM)));
    operator.api("GET", "/organizations").succeeds(200);
    assert_eq!(app.audited("action = 'platform.set_up'"), ["platform.set_up done -"]);
    assert_eq!(app.audited("action = 'user.created' AND actor = 'anonymous'"), ["user.created done -"]);

    // Every link is dead now, and no other is printed.
    for token in [&token, &second] {
        assert_eq!(send(token, &an_email(), &a_password()).status, 410);
        let problem = app.api("POST", "/setup/show").json(&json!({"token": token})).refused(422, "validation_failed");
        assert_eq!(problem["errors"][0]["code"], "invalid_link");
    }
    let none = app.cli(&["users", "setup-link"]).failed_with(1);
    assert!(none.stdout.is_empty() && none.stderr.contains("users already"), "{none:?}");
    assert_eq!(visitor.get("/setup").status, 410);
});

on_both!(mg7_of_two_who_set_up_at_once_one_wins, |app| {
    let token = token_of(&link(app));
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6)
            .map(|_| {
                let body = json!({"token": token, "email": an_email(), "password": a_password()});
                scope.spawn(move || app.api("POST", "/setup").json(&body).send().status)
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    let condition = format!("organization_id = '{PLATFORM}'");
    assert_eq!(app.site.sql(&format!("SELECT count(*) FROM users WHERE {condition}")).trim(), "1");
});

on_both!(mg7_a_thousand_strangers_neither_hold_nor_block_the_set_up, |app| {
    let real = token_of(&link(app));
    let (time, tag) = real.strip_prefix("setup_").unwrap().split_once('_').unwrap();
    let before = app.site.sql("SELECT count(*) FROM audit_events");
    for number in 0..1_000_u64 {
        let token = match number % 3 {
            0 => format!("setup_{time}_{:064x}", number + 1),
            1 => format!("setup_{}_{tag}", time.parse::<u64>().unwrap() + 1 + number),
            _ => format!("setup_{number}"),
        };
        let body = json!({"token": token, "email": an_email(), "password": a_password()});
        let problem = app.api("POST", "/setup").json(&body).refused(422, "validation_failed");
        assert_eq!(problem["errors"][0]["field"], "token", "{problem}");
    }
    assert_eq!(app.site.sql("SELECT count(*) FROM audit_events"), before, "strangers fill no log");
    let body = json!({"token": real, "email": an_email(), "password": a_password()});
    app.api("POST", "/setup").json(&body).succeeds(201);
});

/// What a start says to whoever sits at the terminal, before and after there is an operator.
#[test]
fn the_first_operators_link_is_printed_in_a_terminal_while_there_is_none() {
    let site = Site::empty(Backend::Sqlite);
    let start = |heard: &str| -> String {
        let said = site.dir.path().join("terminal");
        drop(std::fs::remove_file(&said));
        let listen = format!("127.0.0.1:{}", free_port());
        // A terminal of its own, from util-linux.
        let mut command = Command::new("script");
        let serve = format!("{} serve --listen {listen} --issuer https://auth.example.com", env!("CARGO_BIN_EXE_claviger"));
        command.args(["--quiet", "--flush", "--return", "--command", &serve]).arg(&said).current_dir(site.dir.path());
        command.env("CLAVIGER_DATABASE_URL", &site.database_url).env("CLAVIGER_KEYS_DIR", &site.keys_dir);
        let mut terminal = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("script runs");
        let _registered = Registered::new(terminal.id(), "KILL");
        let text = eventually(Duration::from_secs(30), heard, || {
            let text = std::fs::read_to_string(&said).unwrap_or_default();
            let is_up = http::exchange(listen.parse().unwrap(), &Request::new("GET", "/readyz")).is_ok();
            Some(text).filter(|text| is_up && text.contains(heard))
        });
        // Asked kindly, the terminal ends the server too, also where nobody hears a hang-up.
        signal(terminal.id(), "TERM");
        drop(terminal.wait());
        text
    };
    let text = start("Set up the first operator: https://auth.example.com/setup?token=setup_");
    assert!(!text.contains("users setup-link"), "{text}");
    let output = site.command().args(["users", "setup-link"]).output().unwrap();
    assert!(output.status.success());
    let email = ["users", "create", "--organization", PLATFORM, "--email", "o@example.com", "--role", "owner"];
    Output::of(site.command().args(email), &a_password()).succeeded();
    let text = start("listening");
    assert!(!text.contains("/setup?token="), "{text}");
}
