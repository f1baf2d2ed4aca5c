//! Mail over real SMTP, read back by a library that nobody here wrote.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::{SOON, make_due, sql, wait_for_dispatch};
use crate::support::foreign_receiver::{Certificates, ForeignReceiver};
use crate::support::people::{Login, a_password, an_email};
use crate::support::tools::{eventually, free_port};
use crate::support::workspace::TempDir;
use crate::support::{App, Backend, Options, on_both};

const PASSWORD: &str = "p%ss/word: \u{e9}";

/// A mail server and an application that uses it.
struct Post {
    app: App,
    server: ForeignReceiver,
    _folder: TempDir,
}

impl Post {
    /// `scheme` with what stands after the port; further variables for the mail server.
    #[track_caller]
    fn start(backend: Backend, mode: &str, more: &[(&str, &str)]) -> Self {
        let folder = TempDir::new("mail");
        let certificates = Certificates::make(folder.path());
        let path = |path: &Path| path.to_str().unwrap().to_owned();
        let port = free_port();
        let (certificate, key, port_text) = (path(&certificates.certificate), path(&certificates.key), port.to_string());
        let mut environment = vec![("MODE", mode), ("PORT", &port_text), ("TLS_CERT", &certificate), ("TLS_KEY", &key)];
        environment.extend_from_slice(more);
        let server = ForeignReceiver::start("mail-receiver", &environment);
        let url = match mode {
            "implicit" => format!("smtps://keys%40example.com@localhost:{port}"),
            "starttls" => format!("smtp://keys%40example.com@localhost:{port}"),
            _ => format!("smtp://127.0.0.1:{port}?tls=none"),
        };
        let mut options = Options::flags(&["--mail-from", "Claviger <keys@example.com>"]);
        options.environment.push(("SSL_CERT_FILE".to_owned(), path(&certificates.authority)));
        options.environment.push(("CLAVIGER_SMTP_URL".to_owned(), url));
        if mode != "plain" {
            options.environment.push(("CLAVIGER_SMTP_PASSWORD".to_owned(), PASSWORD.to_owned()));
        }
        Self { app: App::start_with(backend, options), server, _folder: folder }
    }

    /// The mails to that person, once there are that many.
    #[track_caller]
    fn mails_to(&self, login: &Login, count: usize) -> Vec<Value> {
        eventually(SOON, &format!("{count} mails"), || {
            let mut all = self.server.received();
            all.retain(|mail| mail["envelope_to"] == json!([login.email]));
            Some(all).filter(|all| all.len() >= count)
        })
    }
}

#[track_caller]
fn header<'a>(mail: &'a Value, name: &str) -> &'a str {
    let all: Vec<&Value> = mail["headers"].as_array().unwrap().iter().filter(|header| header[0] == name).collect();
    assert_eq!(all.len(), 1, "{name}: {mail}");
    all[0][1].as_str().unwrap()
}

const LOGIN: [(&str, &str); 2] = [("SMTP_USER", "keys@example.com"), ("SMTP_PASSWORD", PASSWORD)];

on_both!(owners_and_nobody_else_get_a_mail_of_each_change, backend, {
    let post = Post::start(backend, "starttls", &LOGIN);
    let app = &post.app;
    let owner = app.user("owner");
    app.user("admin");
    app.user_of(&app.fixture.other_organization, "owner");
    let disabled = app.user("owner");
    app.cli(&["users", "disable", &disabled.id]).succeeded();
    let browser = app.sign_in(&owner);
    let name = "<img src=x onerror=alert(1)> {{7*7}} \u{202e}gpj";
    let body = json!({"name": name, "grants": [{"account_id": null, "scopes": ["a"]}]});
    let made = browser.api("POST", "/api-keys").json(&body).succeeds(201);
    let id = made["client_id"].as_str().unwrap();
    let mail = post.mails_to(&owner, 1).remove(0);
    assert_eq!((&mail["tls"], &mail["authenticated"], &mail["defects"]), (&json!(true), &json!(true), &json!([])), "{mail}");
    assert_eq!(mail["envelope_from"], "keys@example.com");
    assert_eq!(header(&mail, "From"), "Claviger <keys@example.com>");
    assert_eq!(header(&mail, "To"), owner.email);
    assert_eq!(header(&mail, "Auto-Submitted"), "auto-generated");
    assert!(header(&mail, "Message-ID").starts_with("<dlv_"), "{mail}");
    let shown = "<img src=x onerror=alert(1)> {{7*7}}  gpj";
    assert_eq!(header(&mail, "Subject"), format!("API key created: {shown}"));
    let text = mail["text"].as_str().unwrap();
    let who = format!("Who: {} ({})", owner.email, owner.id);
    for part in [format!("The API key \"{shown}\" was created."), format!("Key: {id}"), who, "From: 127.0.0.1".to_owned()] {
        assert!(text.contains(&part), "{part}: {text}");
    }
    assert!(text.contains("Scopes: organization: a") && text.contains("If you do not know of this"), "{text}");
    let html = mail["html"].as_str().unwrap();
    assert!(!html.contains("<img") && html.contains("&#60;img src=x onerror=alert(1)&#62; {{7*7}}"), "{html}");

    // One after the other, so that each is a mail of its own.
    browser
        .api("PATCH", &format!("/api-keys/{id}"))
        .json(&json!({"name": "Billing", "grants": [{"account_id": null, "scopes": ["a", "b"]}]}))
        .succeeds(200);
    let edited = post.mails_to(&owner, 2).remove(1);
    assert_eq!(header(&edited, "Subject"), "API key edited: Billing");
    let text = edited["text"].as_str().unwrap().replace('\r', "");
    assert!(text.contains("Before, scopes: organization: a\n") && text.contains("After, scopes: organization: a b\n"), "{text}");
    wait_for_dispatch(app);
    assert_eq!(post.server.received().len(), 2, "nobody else: {:?}", post.server.received());
    let all = post.server.received().iter().map(ToString::to_string).collect::<String>();
    assert!(!all.contains(made["client_secret"].as_str().unwrap()));
});

on_both!(many_changes_at_once_are_one_mail, backend, {
    let post = Post::start(backend, "implicit", &LOGIN);
    let owner = post.app.user("owner");
    post.app.kill();
    for n in 0..8 {
        let args =
            ["keys", "create", "--organization", &post.app.fixture.organization, "--grant", "a", "--name", &format!("K{n}")];
        post.app.json(&args);
    }
    post.app.restart();
    let mail = post.mails_to(&owner, 1).remove(0);
    assert_eq!((&mail["tls"], header(&mail, "Subject")), (&json!(true), "8 changes and reminders about the API keys of Acme"));
    for n in 0..8 {
        assert!(mail["text"].as_str().unwrap().contains(&format!("The API key \"K{n}\" was created.")), "{mail}");
    }
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(post.server.received().len(), 1);
});

on_both!(f19_a_mail_that_is_refused_is_sent_again, backend, {
    let post = Post::start(backend, "plain", &[("REFUSALS", "451 not now|554 never")]);
    let app = &post.app;
    let owner = app.user("owner");
    app.key_with_grants(&["a"]);
    for (attempt, error) in [(1, "the SMTP server refused the mail for now"), (2, "the SMTP server refused the mail")] {
        eventually(SOON, error, || {
            let row = sql(app, "SELECT attempts || ' ' || state || ' ' || last_error FROM deliveries");
            row.contains(&format!("{attempt} pending {error}")).then_some(())
        });
        make_due(app);
    }
    let mail = post.mails_to(&owner, 1).remove(0);
    assert_eq!((&mail["tls"], &mail["authenticated"]), (&json!(false), &json!(false)));
    eventually(SOON, "it is noted", || sql(app, "SELECT state FROM deliveries").contains("delivered").then_some(()));
});

/// No certificate that can be believed, no STARTTLS, a wrong password: no mail, and no password in the clear.
#[test]
fn without_the_protection_that_was_asked_for_there_is_no_mail() {
    let refused = |mode: &str, url: &dyn Fn(u64) -> String, authority: Option<&Path>, password: &str, error: &str| {
        let folder = TempDir::new("mail");
        let certificates = Certificates::make(folder.path());
        let port = free_port().to_string();
        let (certificate, key) = (certificates.certificate.to_str().unwrap(), certificates.key.to_str().unwrap());
        let mut environment = vec![("MODE", mode), ("PORT", port.as_str()), ("TLS_CERT", certificate), ("TLS_KEY", key)];
        environment.extend_from_slice(if mode == "plain" { &[] } else { &LOGIN });
        let server = ForeignReceiver::start("mail-receiver", &environment);
        let mut options = Options::flags(&["--mail-from", "keys@example.com"]);
        let authority = authority.unwrap_or(&certificates.authority).to_str().unwrap().to_owned();
        options.environment.push(("SSL_CERT_FILE".to_owned(), authority));
        options.environment.push(("CLAVIGER_SMTP_URL".to_owned(), url(server.port())));
        options.environment.push(("CLAVIGER_SMTP_PASSWORD".to_owned(), password.to_owned()));
        let app = App::start_with(Backend::Sqlite, options);
        app.user("owner");
        app.key_with_grants(&["a"]);
        let noted = eventually(SOON, error, || {
            let row = sql(&app, "SELECT 'error: ' || last_error FROM deliveries WHERE last_error IS NOT NULL");
            row.contains("error: ").then_some(row)
        });
        assert!(noted.contains(error), "{noted}");
        assert!(server.received().is_empty());
        assert!(!app.log().contains(password), "the password is in the log");
    };
    let other = TempDir::new("other-authority");
    let other = Certificates::make(other.path()).authority;
    let starttls = |port: u64| format!("smtp://keys%40example.com@localhost:{port}");
    let implicit = |port: u64| format!("smtps://keys%40example.com@localhost:{port}");
    refused("starttls", &starttls, Some(&other), PASSWORD, "the TLS handshake with the SMTP server failed");
    refused("implicit", &implicit, Some(&other), PASSWORD, "the TLS handshake with the SMTP server failed");
    refused("plain", &starttls, None, PASSWORD, "the SMTP server lacks what is needed");
    refused("starttls", &starttls, None, "not the password", "the SMTP server refused user and password");
}

on_both!(invitations_and_new_passwords_come_by_mail, backend, {
    let post = Post::start(backend, "starttls", &LOGIN);
    let app = &post.app;
    let owner = app.signed_in("owner");
    let login = Login { id: String::new(), email: an_email(), password: a_password() };
    owner.api("POST", "/users").json(&json!({"email": login.email, "role": "admin"})).succeeds(201);
    let invitation = post.mails_to(&login, 1).remove(0);
    assert_eq!(header(&invitation, "Subject"), "Invitation to Acme");
    let token_of = |mail: &Value, path: &str| {
        let link = format!("{}/{path}?token=", app.issuer);
        let text = mail["text"].as_str().unwrap();
        let (_, rest) = text.split_once(&link).unwrap_or_else(|| panic!("no {link}: {text}"));
        let token = rest.split_whitespace().next().unwrap().to_owned();
        assert!(mail["html"].as_str().unwrap().contains(&format!("href=\"{link}{token}\"")), "{mail}");
        token
    };
    let token = token_of(&invitation, "invitation");
    app.api("POST", "/invitations/accept").json(&json!({"token": token, "password": login.password})).succeeds(204);
    app.sign_in(&login);

    app.api("POST", "/password-reset").json(&json!({"email": login.email})).succeeds(202);
    let reset = post.mails_to(&login, 2).remove(1);
    assert_eq!(header(&reset, "Subject"), "Choose another password");
    let login = Login { password: a_password(), ..login };
    let body = json!({"token": token_of(&reset, "password-reset"), "password": login.password});
    app.api("POST", "/password-reset/confirm").json(&body).succeeds(204);
    app.sign_in(&login);
    assert_eq!(post.server.received().len(), 2, "each leaves once");
});

#[test]
fn settings_of_mail_that_cannot_be_used_are_refused_without_a_word_of_the_password() {
    let (site, _) = App::site_only(Backend::Sqlite);
    let refused = |flags: &[&str], environment: &[(&str, &str)], word: &str| {
        let mut command = site.command();
        command.arg("serve").args(["--listen", "127.0.0.1:0"]).args(flags).envs(environment.iter().copied());
        let output = crate::support::Output::of(&mut command, "").failed_with(2).in_one_line();
        assert!(output.stderr.contains(word) && !output.stderr.contains("hunter2"), "{output:#?}");
    };
    let from = ["--mail-from", "keys@example.com"];
    refused(&[&from[..], &["--smtp-url", "smtps://user:hunter2@localhost"]].concat(), &[], "seen by other users");
    refused(&["--smtp-url", "smtps://localhost"], &[], "mail_from");
    refused(&from, &[], "smtp_url");
    refused(&["--mail-from", "nobody"], &[("CLAVIGER_SMTP_URL", "smtps://u:hunter2@localhost")], "mail_from");
    for url in [
        "http://u:hunter2@localhost",
        "smtp://u:hunter2@localhost?tls=maybe",
        "smtps://u:hunter2@localhost/x",
        "smtps://u@localhost",
    ] {
        refused(&from, &[("CLAVIGER_SMTP_URL", url)], "smtp_url");
    }
}
