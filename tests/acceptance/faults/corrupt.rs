//! F12, F13: damaged files. The server says what is wrong in one line, ends, changes nothing, and never makes a fresh
//! key beside existing data.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::support::tools::{free_port, random_hex};
use crate::support::{App, Output, Site, on_both};

/// Files with their modes and contents.
type Files = BTreeMap<PathBuf, (u32, Vec<u8>)>;

fn contents(folder: &Path) -> Files {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            files.insert(path.clone(), (fs::metadata(&path).unwrap().permissions().mode(), fs::read(&path).unwrap()));
        }
    }
    files
}

fn serve(site: &Site) -> Output {
    let listen = format!("127.0.0.1:{}", free_port());
    let mut command = site.command();
    Output::of(command.args(["serve", "--listen", &listen]), "")
}

/// What a refused start leaves untouched: the keys folder and the database, byte for byte.
fn state(site: &Site) -> (Files, Vec<u8>) {
    (contents(&site.keys_dir), site.database_bytes())
}

/// The server refuses to start on what `damage` leaves behind, and nothing moves.
#[track_caller]
fn refuses(site: &Site, what: &str) -> Output {
    let before = state(site);
    let output = serve(site).in_one_line();
    assert!(output.code.is_some_and(|code| code != 0), "{what}: {output:?}");
    assert!(!output.stderr.contains("panicked"), "{what}: {output:?}");
    assert!(state(site) == before, "{what}: something was changed: {output:?}");
    output
}

fn master_key(site: &Site) -> PathBuf {
    site.keys_dir.join("master.key")
}

on_both!(f12_each_byte_of_the_master_key_counts, backend, {
    let (site, _) = App::site_only(backend);
    let file = master_key(&site);
    let good = fs::read(&file).unwrap();
    assert!((32..4_096).contains(&good.len()), "{} bytes", good.len());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        fs::write(&file, &bad).unwrap();
        refuses(&site, &format!("byte {at} flipped"));
    }
    fs::write(&file, &good).unwrap();
    let app = App {
        server: crate::support::Server::start(&site, crate::support::Options::default()),
        fixture: App::site_only(backend).1,
        site,
    };
    app.token(&app.fixture.k1).accepted();
});

on_both!(f12_a_master_key_cut_or_lost_or_open_to_others_is_refused, backend, {
    let (site, _) = App::site_only(backend);
    let file = master_key(&site);
    let good = fs::read(&file).unwrap();
    for length in [0, 1, 16, good.len() - 1] {
        fs::write(&file, &good[..length]).unwrap();
        refuses(&site, &format!("cut to {length} bytes"));
    }
    for longer in [[&good[..], b"x"].concat(), [&good[..], &good[..]].concat(), vec![0; good.len()], b"\xff".repeat(good.len())] {
        fs::write(&file, &longer).unwrap();
        refuses(&site, "another content");
    }
    fs::write(&file, &good).unwrap();
    for mode in [0o644, 0o640, 0o660, 0o604, 0o666] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let output = refuses(&site, &format!("mode {mode:o}"));
        assert!(output.stderr.contains("master.key"), "{output:?}");
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(&file, site.dir.join("elsewhere")).unwrap();
    let output = refuses(&site, "no master key beside existing data");
    assert!(output.stderr.contains("master"), "{output:?}");
    fs::create_dir(&file).unwrap();
    refuses(&site, "a folder in its place");
    fs::remove_dir(&file).unwrap();
    fs::remove_dir_all(&site.keys_dir).unwrap();
    fs::create_dir(&site.keys_dir).unwrap();
    refuses(&site, "an empty folder beside existing data");
    fs::rename(site.dir.join("elsewhere"), &file).unwrap();
    drop(crate::support::Server::start(&site, crate::support::Options::default()));
});

on_both!(f12_the_command_line_needs_the_right_master_key_too, backend, {
    let (site, fixture) = App::site_only(backend);
    let file = master_key(&site);
    let good = fs::read(&file).unwrap();
    let mut bad = good.clone();
    bad[3] ^= 1;
    for damage in [Some(&bad), None] {
        match damage {
            Some(bad) => fs::write(&file, bad).unwrap(),
            None => fs::remove_file(&file).unwrap(),
        }
        for args in [
            &["keys", "create", "--organization", &fixture.organization, "--name", "N", "--grant", "a"][..],
            &["keys", "regenerate", &fixture.k1.client_id],
            &["signing-keys", "rotate"],
        ] {
            let before = state(&site);
            let output = Output::of(site.command().args(args), "").failed().in_one_line();
            assert!(state(&site) == before, "{args:?} changed something: {output:?}");
        }
    }
});

on_both!(f12_the_environment_may_hold_the_master_key, backend, {
    use crate::support::{Options, Server};
    let secret = random_hex();
    let options = |value: &str| Options { environment: vec![("CLAVIGER_MASTER_KEY".into(), value.into())], ..Options::default() };
    let site = Site::empty(backend);
    let server = Server::start(&site, options(&secret));
    let kids = crate::support::jwt::published_kids(&server);
    assert!(!master_key(&site).exists(), "a second key was made");
    server.terminate();
    server.start_again(&site);
    assert_eq!(crate::support::jwt::published_kids(&server), kids);
    server.terminate();
    let another = random_hex();
    for wrong in ["", "x", &secret[1..], &format!("{secret}00"), &secret.to_uppercase().replace('0', "G"), another.as_str()] {
        let before = site.database_bytes();
        let mut command = site.command();
        command.env("CLAVIGER_MASTER_KEY", wrong).args(["serve", "--listen", &format!("127.0.0.1:{}", free_port())]);
        let output = Output::of(&mut command, "").failed().in_one_line();
        assert!(wrong.len() < 2 || !output.stderr.contains(wrong), "the key is in the message: {output:?}");
        assert!(site.database_bytes() == before, "something was changed");
    }
});

on_both!(f13_a_damaged_signing_key_is_a_reported_cause, backend, {
    let (site, _) = App::site_only(backend);
    let columns =
        if site.backend == crate::support::Backend::Sqlite { "randomblob(600)" } else { "decode(repeat('ab', 600), 'hex')" };
    site.sql(&format!("update signing_keys set encrypted_private_key = {columns}"));
    refuses(&site, "a signing key that does not decrypt");
});

on_both!(f13_a_damaged_row_is_refused_and_the_others_are_served, |app| {
    let damaged = app.key_with_grants(&["a"]);
    app.terminate();
    let id = &damaged.client_id;
    app.site.sql(&format!("update api_keys set ip_allowlist = 'nonsense' where client_id = '{id}'"));
    app.restart();
    let answer = app.token(&damaged).send();
    assert!(matches!(answer.status, 401 | 500 | 503), "{answer:?}");
    crate::support::token::assert_envelope(&answer);
    app.token(&app.fixture.k1).accepted();
    assert!(!app.has_exited() && !app.log().contains("panicked"), "{}", app.log());
});
