//! Tokens are not signed with what a profile forbids: such keys are not made, and no organization gets the profile while one
//! signs.

use std::process::Command;

use serde_json::{Value, json};

use super::{proven, set_profile, sign_at_once_with};
use crate::assertions::Client;
use crate::support::api::PLATFORM;
use crate::support::proof::ProofKey;
use crate::support::tools::{HONOURED_WITHIN, eventually, output_of, program};
use crate::support::{App, Backend, Output, Site, on_both, token};

/// Makes the organization Acme strict by a file.
fn apply(app: &App, flags: &[&str]) -> Output {
    let mut args = vec!["apply", "-"];
    args.extend_from_slice(flags);
    app.cli_with(&args, "[[organizations]]\nname = \"Acme\"\nprofile = \"fapi2\"\n", &[])
}

fn profile(app: &App) -> String {
    app.json(&["organizations", "show", &app.fixture.organization])["profile"].as_str().unwrap().to_owned()
}

/// No way to make or bring an RSA key that signs with RS256.
fn rs256_is_refused(app: &App) {
    let before = app.json(&["signing-keys", "list"]);
    let file = app.site.dir.join("rsa.pem");
    let rsa = ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
    let pem = output_of(Command::new(program("openssl", "openssl")).args(rsa));
    std::fs::write(&file, &pem).unwrap();
    let file = file.to_str().unwrap();
    for arguments in [
        vec!["rotate", "--alg", "RS256"],
        vec!["rotate", "--now", "--alg", "RS256"],
        vec!["import", file],
        vec!["import", file, "--alg", "RS256"],
    ] {
        let output = app.cli(&[&["signing-keys"], &arguments[..]].concat()).failed();
        assert!(output.stderr.contains("fapi2") && output.stderr.contains("does not sign with RS256"), "{output:?}");
    }
    let owner = app.at_pages_of(PLATFORM, "owner");
    let password = owner.login.as_ref().unwrap().password.clone();
    owner.is_asked_to_mend("/operator/signing-keys/rotate", &[("algorithm", "RS256")], "does not sign with RS256");
    let import = [("pem_secret", pem.as_str()), ("algorithm", "RS256"), ("confirm_password", &password)];
    owner.is_asked_to_mend("/operator/signing-keys/import", &import, "does not sign with RS256");
    let login = owner.login.clone().unwrap();
    let session = app.sign_in(&login);
    for (path, body) in [
        ("/signing-keys/rotate", json!({"algorithm": "RS256"})),
        ("/signing-keys/rotate", json!({"algorithm": "RS256", "now": true})),
        ("/signing-keys/import", json!({"pem": pem})),
    ] {
        let told = session.api("POST", path).json(&body).refused(422, "validation_failed");
        assert_eq!(
            (&told["errors"][0]["field"], &told["errors"][0]["code"]),
            (&json!("algorithm"), &json!("weaker_than_profile"))
        );
    }
    assert_eq!(app.json(&["signing-keys", "list"]), before, "nothing was made");
    app.cli(&["signing-keys", "import", file, "--alg", "PS256"]).succeeded();
    app.cli(&["signing-keys", "rotate"]).succeeded();
}

on_both!(jk4_no_signing_key_is_made_that_the_servers_profile_forbids, backend, {
    rs256_is_refused(&App::start_in(Site::empty(backend), &["--profile", "fapi2"]));
});

on_both!(jk4_no_signing_key_is_made_that_an_organizations_profile_forbids, |app| {
    sign_at_once_with(app, "PS256");
    let operator = app.token_of(&app.operator());
    set_profile(app, &operator, &app.fixture.organization, "fapi2");
    rs256_is_refused(app);
    set_profile(app, &operator, &app.fixture.organization, "default");
    app.cli(&["signing-keys", "rotate", "--alg", "RS256"]).succeeded();
});

on_both!(jk4_no_organization_is_strict_while_tokens_are_signed_with_less, |app| {
    let (operator, acme) = (app.operator(), app.fixture.organization.as_str());
    // Tokens die with the keys that are taken out.
    let edit = |body: &Value| app.api("PATCH", &format!("/organizations/{acme}")).bearer(&app.token_of(&operator)).json(body);
    let refused = || {
        let told = edit(&json!({"profile": "fapi2"})).refused(409, "weaker_than_profile");
        assert!(told["detail"].as_str().unwrap().contains("signing-keys rotate --alg PS256"), "{told}");
        let output = app.cli(&["organizations", "edit", acme, "--profile", "fapi2"]).failed_with(1);
        assert!(output.stderr.contains("does not sign with RS256"), "{output:?}");
        for flags in [&[][..], &["--dry-run"]] {
            let output = apply(app, flags).failed();
            assert!(output.stderr.contains("line 1: organizations.profile") && output.stderr.contains("RS256"), "{output:?}");
        }
        let owner = app.at_pages_of(PLATFORM, "owner");
        let fields = [("name", "Acme"), ("plan", ""), ("profile", "fapi2")];
        let kept = owner.is_asked_to_mend(&format!("/operator/organizations/{acme}"), &fields, "does not sign with RS256");
        assert!(kept.contains("<option value=\"fapi2\" selected>"), "{kept}");
        assert_eq!(profile(app), "default");
    };
    refused();
    // One that signs soon is not enough: until then it is RS256.
    app.cli(&["signing-keys", "rotate", "--alg", "PS256"]).succeeded();
    refused();
    sign_at_once_with(app, "ES256");
    app.cli(&["signing-keys", "rotate", "--alg", "RS256"]).succeeded();
    refused();
    sign_at_once_with(app, "ES256");
    edit(&json!({"profile": "fapi3"})).refused(422, "validation_failed");
    edit(&json!({"profile": null})).refused(422, "validation_failed");
    assert_eq!(apply(app, &["--dry-run"]).succeeded().code, Some(0));
    assert_eq!(profile(app), "default");
    apply(app, &[]).succeeded();
    assert_eq!(profile(app), "fapi2");
    let owner = app.at_pages_of(PLATFORM, "owner");
    owner.does(&format!("/operator/organizations/{acme}"), &[("name", "Acme"), ("plan", ""), ("profile", "default")]);
    assert_eq!(profile(app), "default");
});

#[test]
fn jk4_a_server_does_not_start_with_what_an_organization_forbids() {
    let app = App::start(Backend::Sqlite, &[]);
    app.kill();
    // As an earlier version on the same database could leave it.
    let acme = &app.fixture.organization;
    app.site.sql(&format!("UPDATE organizations SET profile = 'fapi2' WHERE id = '{acme}'"));
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    let output = app.cli(&serve).failed_with(1);
    let words = format!("the profile fapi2 of the organization {acme} does not sign with RS256");
    assert!(output.stderr.contains(&words) && output.stderr.contains("rotate --now --alg PS256"), "{output:?}");
    let doctor = app.cli(&["doctor"]);
    assert!(doctor.code == Some(1) && doctor.stdout.contains(&words), "{doctor:?}");
    app.cli(&["signing-keys", "rotate", "--now", "--alg", "PS256"]).succeeded();
    let output = app.cli(&[&serve[..], &["--signing-algorithm", "RS256"]].concat()).failed_with(1);
    assert!(output.stderr.contains("does not sign with RS256: say PS256"), "{output:?}");
    app.restart();
}

on_both!(jk4_nothing_is_signed_with_what_an_organization_forbids, |app| {
    let (client, proof, acme) = (Client::new(app, "ES256"), ProofKey::new("ES256"), app.fixture.organization.as_str());
    proven(client.request(app), &proof, app).bound_to(&proof.jkt());
    // Behind the program's back; that the organization has changed is all that it is told.
    app.site.sql(&format!("UPDATE organizations SET profile = 'fapi2' WHERE id = '{acme}'"));
    app.cli(&["organizations", "edit", acme, "--name", "Renamed"]).succeeded();
    let refused = eventually(HONOURED_WITHIN, "it is noticed", || {
        let response = proven(client.request(app), &proof, app).send();
        (response.status != 200).then_some(response)
    });
    token::refused(&refused, 503, "temporarily_unavailable");
    let other = app.create_in_other(&["keys", "create", "--name", "Other's", "--grant", "a"]);
    app.token(&other).accepted();
});
