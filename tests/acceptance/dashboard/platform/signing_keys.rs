//! Signing keys.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::api::PLATFORM;
use crate::support::browser::flows;
use crate::support::people::{a_password, an_email};
use crate::support::tools::{output_of, program};
use crate::support::{App, on_both};

fn states(app: &App) -> Vec<Value> {
    app.json(&["signing-keys", "list"]).as_array().unwrap().iter().map(|key| key["state"].clone()).collect()
}

on_both!(operators_see_and_rotate_signing_keys, |app| {
    let owner = app.at_pages_of(PLATFORM, "owner");
    let page = owner.page("/operator/signing-keys");
    let kid = app.json(&["signing-keys", "list"])[0]["kid"].as_str().unwrap().to_owned();
    for word in [kid.as_str(), "Signing</span>", "RS256", "/.well-known/jwks.json", "90 days old", "300 seconds"] {
        assert!(page.contains(word), "{word}: {page}");
    }
    let to = owner.does("/operator/signing-keys/rotate", &[("algorithm", "ES256")]);
    assert_eq!(to, "/operator/signing-keys?notice=signing-key-rotated");
    assert_eq!(states(app), ["signing", "published"]);
    let listed = app.json(&["signing-keys", "list"]);
    assert_eq!(listed[0]["signs_until"], listed[1]["signs_from"]);
    assert!(listed[0]["published_until"].as_str() > listed[0]["signs_until"].as_str());
    assert_eq!((&listed[1]["signs_until"], &listed[1]["published_until"]), (&Value::Null, &Value::Null));
    let page = owner.page("/operator/signing-keys");
    assert!(page.contains("ES256") && page.contains("Published</span>") && !page.contains("Former keys"), "{page}");
    assert!(page.contains(&format!("until <time datetime=\"{}\"", listed[0]["signs_until"].as_str().unwrap())), "{page}");
    assert_eq!(owner.post("/operator/signing-keys/rotate", &[("algorithm", "none")]).status, 422);
});

on_both!(a_compromise_is_confirmed_by_a_word, |app| {
    let owner = app.at_pages_of(PLATFORM, "owner");
    for word in ["", "yes", "COMPROMISED"] {
        let kept = owner.is_asked_to_mend("/operator/signing-keys/compromise", &[("confirmation", word)], "confirmation-error");
        assert!(kept.contains("nothing was done"), "{kept}");
    }
    assert_eq!(states(app), ["signing"]);
    let to = owner.does("/operator/signing-keys/compromise", &[("confirmation", "compromised")]);
    assert_eq!(to, "/operator/signing-keys?notice=signing-key-replaced");
    assert_eq!(states(app), ["revoked", "signing"]);
    let page = owner.page(&to);
    assert!(page.contains("Former keys (1)") && page.contains("Taken out"), "{page}");
    assert_eq!(app.get("/.well-known/jwks.json").json()["keys"].as_array().unwrap().len(), 1);
});

on_both!(an_imported_key_is_never_shown_again, |app| {
    let owner = app.at_pages_of(PLATFORM, "owner");
    let password = owner.login.as_ref().unwrap().password.clone();
    let pem = output_of(Command::new(program("openssl", "openssl")).args(["genpkey", "-algorithm", "ED25519"]));
    let body = pem.lines().nth(1).unwrap().to_owned();
    let import = "/operator/signing-keys/import";
    let broken = pem.replace("PRIVATE KEY", "SECRET KEY");
    let kept = owner.is_asked_to_mend(import, &[("pem_secret", &broken)], "id=\"pem-error\"");
    assert!(!kept.contains(&body) && kept.contains("<details class=\"card\" open>"), "{kept}");
    // A wrong password is asked for again, and the key is not in the page that asks.
    let asked = owner.post(import, &[("pem_secret", &pem), ("confirm_password", "something else")]);
    assert_eq!(asked.status, 403);
    assert!(asked.text().contains("This is not your password.") && !asked.text().contains(&body), "{asked:?}");
    // As browsers send it: with CRLF.
    let crlf = pem.replace('\n', "\r\n");
    let response = owner.post(import, &[("pem_secret", &crlf), ("confirm_password", &password)]);
    assert_eq!(response.header("location"), Some("/operator/signing-keys?notice=signing-key-imported"), "{response:?}");
    assert_eq!(states(app), ["signing", "published"]);
    assert_eq!(app.json(&["signing-keys", "list"])[1]["algorithm"], "EdDSA");
    assert!(!app.server.log().contains(&body));
});

on_both!(mg6_a_stale_proof_is_asked_for_and_the_form_goes_on, |app| {
    let owner = app.at_pages_of(PLATFORM, "owner");
    let login = owner.login.clone().unwrap();
    app.site.sql("UPDATE sessions SET proved_at = proved_at - 301");
    let path = format!("/operator/organizations/{}/users", app.fixture.organization);
    let email = an_email();
    let fields = [("email", email.as_str()), ("role", "developer")];
    let asked = owner.post(&path, &fields);
    assert_eq!(asked.status, 403);
    let text = asked.text();
    assert!(text.contains("Confirm your password") && text.contains(&format!("name=\"email\" value=\"{email}\"")), "{text}");
    let wrong = a_password();
    let with = |password: &str| {
        let mut all = fields.to_vec();
        let password = password.to_owned();
        let all: Vec<(&str, &str)> = {
            all.push(("confirm_password", &password));
            all.clone()
        };
        owner.post(&path, &all)
    };
    assert_eq!(with(&wrong).status, 403);
    let done = with(&login.password);
    assert_eq!(done.status, 303, "{done:?}");
    let found = json!(app.site.sql(&format!("SELECT count(*) FROM users WHERE email = '{email}'")).trim());
    assert_eq!(found, json!("1"));
});

flows!(both "signing_keys.mjs": an_operator_rotates_and_imports_signing_keys);
