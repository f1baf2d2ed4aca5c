//! What a password may be, and that all of it counts.

use serde_json::json;

use crate::support::on_both;
use crate::support::people::{a_password, an_email};

on_both!(mg7_every_byte_of_a_long_password_counts, |app| {
    let organization = app.fixture.organization.as_str();
    let base = "Xk7 vd-qp ".repeat(7);
    for password in [
        format!("{base}73rd"),
        format!("{}é漢字", "vq zt kw ".repeat(28)),
        "nul \0 inside vkq".to_owned(),
        " spaces at the ends ".to_owned(),
    ] {
        assert!(password.chars().count() <= 256);
        let email = an_email();
        let args = ["users", "create", "--organization", organization, "--email", &email, "--role", "developer"];
        app.cli_with(&args, &password, &[]).succeeded();
        let mut wrong = vec![format!("{password}x"), password.trim().to_owned(), password.to_uppercase()];
        let cut: String = password.chars().take(password.chars().count() - 1).collect();
        wrong.push(cut);
        wrong.push(password.split('\0').next().unwrap().to_owned());
        wrong.push(password.chars().take(72).collect());
        for wrong in wrong.into_iter().filter(|wrong| *wrong != password) {
            app.login(&email, &wrong).refused(401, "invalid_credentials");
        }
        app.login(&email, &password).succeeds(200);
    }
});

on_both!(mg7_too_short_too_long_and_too_common_ones_are_refused, |app| {
    let owner = app.signed_in("owner");
    let change = |password: &str| {
        let body = json!({"current_password": owner.login.password, "new_password": password});
        owner.api("POST", "/session/password").json(&body)
    };
    let long = "qz vk wj xp ".chars().cycle().take(256).collect::<String>();
    for (password, code) in [
        ("", "invalid_length"),
        ("vq7!mzK", "invalid_length"),
        (format!("{long}x").as_str(), "invalid_length"),
        ("password1", "too_common"),
        ("qwertyuiop", "too_common"),
        (owner.login.email.as_str(), "too_common"),
    ] {
        let problem = change(password).refused(422, "validation_failed");
        assert_eq!(problem["errors"][0]["field"], "new_password", "{problem}");
        assert_eq!(problem["errors"][0]["code"], code, "{password:?}");
    }
    assert!(!owner.is_signed_out(), "what was refused has changed nothing");
    owner.take(&change(&long).send());
    app.login(&owner.login.email, &long).succeeds(200);
});

on_both!(mg7_what_is_stored_is_an_argon2id_hash, |app| {
    let user = app.user("developer");
    let stored = app.site.sql(&format!("SELECT password_hash FROM users WHERE id = '{}'", user.id));
    assert!(stored.trim().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
    app.sign_in(&user);
    app.login(&user.email, &format!("{} not", user.password)).refused(401, "invalid_credentials");
    let everything = String::from_utf8_lossy(&app.site.database_bytes()).into_owned() + &app.server.log();
    assert!(!everything.contains(&user.password));
});

on_both!(a_damaged_hash_lets_nobody_in_and_stops_nothing, |app| {
    let user = app.user("developer");
    for damaged in ["", "x", "$argon2id$v=19$m=4194304,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$AAAA", "$2b$12$abcdefghijklmnopqrstuu"] {
        app.site.sql(&format!("UPDATE users SET password_hash = '{damaged}' WHERE id = '{}'", user.id));
        app.login(&user.email, &user.password).refused(401, "invalid_credentials");
    }
    let told = app.audited(&format!("target = '{}' AND outcome = 'refused'", user.id));
    assert_eq!(told, vec!["session.created refused damaged_password_hash"; 4]);
    app.cli_with(&["users", "reset-password", &user.id], &a_password(), &[]).succeeded();
});
