//! `claviger doctor`: each finding with what to do next. `claviger migrate`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{App, Output, Site, on_both};

fn doctor(site: &Site) -> Output {
    let mut command = site.command();
    Output::of(command.env("CLAVIGER_ISSUER", "https://auth.example.com").arg("doctor"), "")
}

on_both!(doctor_is_content_with_a_good_installation, |app| {
    let output = app.cli(&["doctor"]).succeeded();
    assert!(!(output.stdout + &output.stderr).contains("clv_"));
    app.json(&["doctor"]);
});

on_both!(doctor_names_what_is_wrong, backend, {
    // No database yet.
    let empty = Site::empty(backend);
    let output = doctor(&empty);
    assert_eq!(output.code, Some(1), "{output:?}");
    let text = output.stdout.clone() + &output.stderr;
    assert!(text.contains("migrate") || text.contains("serve"), "no word about what to do: {text}");
    assert!(!empty.keys_dir.join("master.key").exists(), "doctor changes nothing");

    // A master key that everybody may read.
    let (site, _) = App::site_only(backend);
    let file = site.keys_dir.join("master.key");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let output = doctor(&site);
    assert_eq!(output.code, Some(1), "{output:?}");
    let text = output.stdout.clone() + &output.stderr;
    assert!(text.contains("master.key") && (text.contains("chmod") || text.contains("600")), "{text}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644, "doctor changes nothing");

    // None at all.
    fs::remove_file(&file).unwrap();
    let output = doctor(&site);
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!((output.stdout + &output.stderr).contains("master"), "no word about the master key");
    assert!(!file.exists(), "doctor changes nothing");
});

on_both!(doctor_tells_of_a_database_out_of_reach, backend, {
    let (site, _) = App::site_only(backend);
    let mut command = site.command();
    command.env("CLAVIGER_DATABASE_URL", "postgres://nobody@127.0.0.1:9/nothing").arg("doctor");
    let output = Output::of(&mut command, "");
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(!(output.stdout + &output.stderr).contains("panicked"));
});

on_both!(migrate_can_be_run_before_and_again, backend, {
    let site = Site::empty(backend);
    for _ in 0..2 {
        Output::of(site.command().arg("migrate"), "").succeeded();
    }
    let app = App::start_in(site, &["--no-migrate"]);
    app.token(&app.fixture.k1).accepted();
});

on_both!(without_migrations_an_empty_database_is_refused, backend, {
    let site = Site::empty(backend);
    let output = Output::of(site.command().args(["serve", "--listen", "127.0.0.1:0", "--no-migrate"]), "").failed_with(1);
    assert!(output.stderr.contains("migrate"), "no word about what to do: {output:?}");
});

on_both!(a_url_with_a_password_is_shown_without_it, backend, {
    let site = Site::empty(backend);
    for args in [&["doctor"][..], &["migrate"], &["serve", "--listen", "127.0.0.1:0"], &["organizations", "list"]] {
        let mut command = site.command();
        command.env("CLAVIGER_DATABASE_URL", "postgres://nobody:canary-password@127.0.0.1:9/nothing").args(args);
        let output = Output::of(&mut command, "");
        assert!(matches!(output.code, Some(1 | 2)), "{output:?}");
        assert!(!(output.stdout + &output.stderr).contains("canary"), "{args:?} shows the password");
    }
});
