//! Product.md section 5: signing keys are made once, published before they sign, and stay until their tokens are gone.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::documents::PRIVATE_MEMBERS;
use crate::support::jwt::{published_keys, published_kids, signature_is_valid, thumbprint};
use crate::support::tools::{HONOURED_WITHIN, eventually, output_of, program};
use crate::support::{App, Backend, Output, Site, on_both};

/// A new key is published for longer than this many seconds before it signs.
const MAX_AGE: u64 = 1;
const FLAGS: [&str; 2] = ["--jwks-max-age", "1"];
/// The command line needs the same setting to know when a new key may sign.
const SETTING: [(&str, &str); 1] = [("CLAVIGER_JWKS_MAX_AGE", "1")];

fn signing_keys(app: &App, args: &[&str]) -> Value {
    let all = [&["signing-keys"], args, &["--json"]].concat();
    app.cli_with(&all, "", &SETTING).succeeded().json()
}

/// A private key as PEM, PKCS#8, made by a program that is not ours.
fn pem(app: &App, name: &str, args: &[&str]) -> PathBuf {
    let file = app.site.dir.join(name);
    output_of(Command::new(program("openssl", "openssl")).args(["genpkey", "-out"]).arg(&file).args(args));
    file
}

#[track_caller]
fn assert_nothing_private(keys: &[Value]) {
    for key in keys {
        assert!(PRIVATE_MEMBERS.iter().all(|member| key.get(member).is_none()), "{key}");
        assert_eq!(key["kid"], json!(thumbprint(key)));
    }
    let kids: HashSet<_> = keys.iter().map(|key| key["kid"].to_string()).collect();
    assert_eq!(kids.len(), keys.len(), "a kid twice: {keys:?}");
}

/// Follows a change from the moment when `new` may appear until it signs. Every token on the way verifies with what is
/// published at that moment, and `old` never leaves the JWKS.
#[track_caller]
fn watch_until_it_signs(app: &App, old: &str, new: &str) {
    let published = eventually(HONOURED_WITHIN, "the new key is published", || {
        let kids = published_kids(app);
        assert!(kids.iter().any(|kid| kid == old), "the old key left");
        kids.iter().any(|kid| kid == new).then(Instant::now)
    });
    eventually(Duration::from_secs(15), "the new key signs", || {
        let keys = published_keys(app);
        assert_nothing_private(&keys);
        assert!(keys.iter().any(|key| key["kid"] == json!(old)), "the old key left: {keys:?}");
        let accepted = app.token(&app.fixture.k1).accepted();
        assert!(accepted.kid() == old || accepted.kid() == new, "a third key signed");
        (accepted.kid() == new).then_some(())
    });
    assert!(published.elapsed() > Duration::from_secs(MAX_AGE), "it signed after {:?}", published.elapsed());
    for _ in 0..5 {
        assert_eq!(app.token(&app.fixture.k1).accepted().kid(), new, "the old key signed again");
    }
}

on_both!(a_restart_keeps_the_key, |app| {
    let kids = published_kids(app);
    let token = app.token(&app.fixture.k1).accepted().token;
    for graceful in [true, false] {
        if graceful {
            app.terminate();
        } else {
            app.kill();
        }
        app.restart();
        assert_eq!(published_kids(app), kids);
        crate::support::jwt::verify(app, &token);
        app.token(&app.fixture.k1).accepted();
    }
});

on_both!(the_private_half_is_stored_encrypted, |app| {
    let file = pem(app, "rsa.pem", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]);
    signing_keys(app, &["import", file.to_str().unwrap()]);
    let text = fs::read_to_string(&file).unwrap();
    let base64: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, &base64).unwrap();
    let dump = app.site.database_bytes();
    let holds = |needle: &[u8]| dump.windows(needle.len()).any(|window| window == needle);
    // The second half of a PKCS#8 RSA key is d, p, q and so on.
    let private = &bytes[bytes.len() / 2..bytes.len() / 2 + 48];
    let hex: String = private.iter().map(|b| format!("{b:02x}")).collect();
    assert!(!holds(private) && !holds(hex.as_bytes()), "a private key is readable in the database");
    assert!(!holds(&base64.as_bytes()[base64.len() / 2..base64.len() / 2 + 64]), "a private key is readable in the database");
});

on_both!(a_rotation_publishes_before_use_and_keeps_the_old_key, [FLAGS[0], FLAGS[1]], |app| {
    let [old] = &published_kids(app)[..] else { panic!("one key at first") };
    let before = app.token(&app.fixture.k1).accepted().token;
    let rotated = signing_keys(app, &["rotate"]);
    let new = rotated["kid"].as_str().unwrap_or_else(|| panic!("no kid: {rotated}")).to_owned();
    assert_ne!(&new, old);
    assert_eq!(app.token(&app.fixture.k1).accepted().kid(), old, "the new key signs at once");
    watch_until_it_signs(app, old, &new);
    crate::support::jwt::verify(app, &before);
    let states: Vec<Value> = signing_keys(app, &["list"]).as_array().unwrap().clone();
    let state =
        |kid: &str| states.iter().find(|key| key["kid"] == json!(kid)).unwrap_or_else(|| panic!("{states:?}"))["state"].clone();
    assert_eq!((state(old), state(&new)), (json!("retired"), json!("signing")));
    app.kill();
    app.restart();
    assert_eq!(app.token(&app.fixture.k1).accepted().kid(), new);
    assert!(published_kids(app).contains(old));
});

on_both!(a_rotation_now_signs_at_once_and_takes_the_old_key_out, |app| {
    let [old] = &published_kids(app)[..] else { panic!("one key at first") };
    let rotated = signing_keys(app, &["rotate", "--now"]);
    let new = rotated["kid"].as_str().unwrap_or_else(|| panic!("no kid: {rotated}")).to_owned();
    eventually(HONOURED_WITHIN, "the old key is out", || (published_kids(app) == [new.as_str()]).then_some(()));
    assert_eq!(app.token(&app.fixture.k1).accepted().kid(), new);
    let states = signing_keys(app, &["list"]);
    let of_old = states.as_array().unwrap().iter().find(|key| key["kid"] == json!(old)).unwrap().clone();
    assert_eq!(of_old["state"], json!("revoked"), "{states}");
    app.terminate();
    app.restart();
    assert_eq!(published_kids(app), [new.as_str()]);
});

on_both!(the_tag_of_the_jwks_follows_its_content, |app| {
    let tag = || app.get("/.well-known/jwks.json").header("etag").unwrap().to_owned();
    let before = tag();
    assert_eq!(tag(), before);
    signing_keys(app, &["rotate"]);
    eventually(HONOURED_WITHIN, "another tag", || (tag() != before).then_some(()));
    let request = crate::support::http::Request::new("GET", "/.well-known/jwks.json").header("If-None-Match", &before);
    assert_eq!(app.send(&request).status, 200);
});

on_both!(two_rotations_in_a_row_leave_one_signer, [FLAGS[0], FLAGS[1]], |app| {
    let first = published_kids(app).remove(0);
    let second = signing_keys(app, &["rotate"])["kid"].as_str().unwrap().to_owned();
    let third = signing_keys(app, &["rotate"])["kid"].as_str().unwrap().to_owned();
    assert_ne!(second, third);
    eventually(Duration::from_secs(15), "the newest signs", || {
        let accepted = app.token(&app.fixture.k1).accepted();
        (accepted.kid() == third).then_some(())
    });
    assert!(published_kids(app).contains(&first), "the first one's tokens still live");
});

on_both!(an_imported_key_is_published_and_then_signs, [FLAGS[0], FLAGS[1]], |app| {
    let mut signer = published_kids(app).remove(0);
    for (name, args, algorithm) in [
        ("rsa.pem", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"][..], "RS256"),
        ("ec.pem", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], "ES256"),
        ("ed.pem", &["-algorithm", "ED25519"], "EdDSA"),
    ] {
        let file = pem(app, name, args);
        let imported = signing_keys(app, &["import", file.to_str().unwrap()]);
        assert_eq!(imported["algorithm"], json!(algorithm), "{imported}");
        let kid = imported["kid"].as_str().unwrap_or_else(|| panic!("no kid: {imported}")).to_owned();
        assert!(!imported.to_string().contains("PRIVATE"), "{imported}");
        watch_until_it_signs(app, &signer, &kid);
        assert_eq!(app.token(&app.fixture.k1).accepted().header["alg"], json!(algorithm));
        // The same key a second time is refused.
        app.cli_with(&["signing-keys", "import", file.to_str().unwrap()], "", &SETTING).failed_with(1);
        signer = kid;
    }
});

on_both!(what_is_no_signing_key_of_ours_is_not_imported, |app| {
    let openssl = program("openssl", "openssl");
    let good = pem(app, "good.pem", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]);
    let mut files = vec![
        pem(app, "small.pem", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]),
        pem(app, "p384.pem", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]),
        pem(app, "x25519.pem", &["-algorithm", "X25519"]),
        pem(app, "encrypted.pem", &["-algorithm", "ED25519", "-aes256", "-pass", "pass:secret"]),
        app.site.dir.join("missing.pem"),
        app.site.dir.path().to_owned(),
    ];
    let public = app.site.dir.join("public.pem");
    output_of(Command::new(&openssl).args(["pkey", "-pubout", "-in"]).arg(&good).arg("-out").arg(&public));
    files.push(public);
    let text = fs::read_to_string(&good).unwrap();
    for (name, content) in
        [("empty.pem", String::new()), ("cut.pem", text[..text.len() / 2].to_owned()), ("junk.pem", "junk\n".repeat(99))]
    {
        let file = app.site.dir.join(name);
        fs::write(&file, content).unwrap();
        files.push(file);
    }
    let before = signing_keys(app, &["list"]);
    for file in files {
        let output = app.cli(&["signing-keys", "import", file.to_str().unwrap()]).failed_with(1);
        assert!(!output.stderr.contains("MII"), "the key is in the message: {output:?}");
    }
    assert_eq!(signing_keys(app, &["list"]), before);
    assert_eq!(published_keys(app).len(), 1);
});

on_both!(the_other_algorithms_sign_by_setting, backend, {
    for (algorithm, members) in [
        ("ES256", &["alg", "crv", "kid", "kty", "use", "x", "y"][..]),
        ("PS256", &["alg", "e", "kid", "kty", "n", "use"]),
        ("EdDSA", &["alg", "crv", "kid", "kty", "use", "x"]),
    ] {
        let app = App::start_in(Site::empty(backend), &["--signing-algorithm", algorithm]);
        let accepted = app.token(&app.fixture.k1).accepted();
        assert_eq!((&accepted.header["alg"], &accepted.header["typ"]), (&json!(algorithm), &json!("at+jwt")));
        let keys = published_keys(&app);
        let mut names: Vec<&str> = keys[0].as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!((keys.len(), names.as_slice()), (1, members), "{keys:?}");
        assert_nothing_private(&keys);
        assert!(!signature_is_valid(&keys[0], &accepted.token.replacen('.', "A.", 1)), "the check itself does not work");
    }
});

on_both!(a_rotation_may_change_the_algorithm, [FLAGS[0], FLAGS[1]], |app| {
    let old = published_kids(app).remove(0);
    let rotated = signing_keys(app, &["rotate", "--alg", "ES256"]);
    assert_eq!(rotated["algorithm"], json!("ES256"), "{rotated}");
    watch_until_it_signs(app, &old, rotated["kid"].as_str().unwrap());
    app.cli(&["signing-keys", "rotate", "--alg", "HS256"]).failed_with(2);
    app.cli(&["signing-keys", "rotate", "--alg", "none"]).failed_with(2);
});

/// An algorithm that does not exist is a wrong setting.
#[test]
fn only_known_algorithms_can_be_set() {
    let (site, _) = App::site_only(Backend::Sqlite);
    for algorithm in ["none", "HS256", "RS512", "rs256", ""] {
        let mut command = site.command();
        command.args(["serve", "--listen", "127.0.0.1:0", "--signing-algorithm", algorithm]);
        Output::of(&mut command, "").failed_with(2);
    }
}
