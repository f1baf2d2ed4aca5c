//! CA14 and the life of secrets: their form, where they are shown, regeneration with and without grace.

use std::collections::HashSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::support::tools::{HONOURED_WITHIN, eventually};
use crate::support::{App, Key, on_both};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// CRC-32 (IEEE 802.3), bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

/// What a scanner does with no server at hand.
fn is_well_formed(secret: &str) -> bool {
    let digits = secret.strip_prefix("clv_").unwrap_or_default();
    if secret.len() != 53 || !digits.bytes().all(|b| BASE62.contains(&b)) {
        return false;
    }
    let mut checksum = u64::from(crc32(&secret.as_bytes()[..47]));
    let mut expected = [b'0'; 6];
    for digit in expected.iter_mut().rev() {
        *digit = BASE62[usize::try_from(checksum % 62).unwrap()];
        checksum /= 62;
    }
    secret.as_bytes()[47..] == expected
}

/// `clv_...x4f2`
fn hint_of(secret: &str) -> String {
    format!("clv_...{}", &secret[secret.len() - 4..])
}

#[test]
fn the_checksum_here_is_the_known_one() {
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
}

on_both!(ca14_secrets_carry_a_checksum_and_never_repeat, |app| {
    let mut seen = HashSet::new();
    let mut key = app.key_with_grants(&["a"]);
    for _ in 0..20 {
        assert!(is_well_formed(&key.client_secret), "{}", key.client_secret);
        assert!(seen.insert(key.client_secret.clone()), "a secret came twice");
        key = Key::from_json(app.key_command("regenerate", &key, &[]));
    }
    assert!(is_well_formed(crate::support::app::WRONG_SECRET));
});

on_both!(ca14_the_database_holds_no_secret, |app| {
    let first = app.key_with_grants(&["a"]);
    let second = Key::from_json(app.key_command("regenerate", &first, &["--grace", "1h"]));
    app.token(&first).accepted();
    app.token(&second).accepted();
    app.token(&second.with_wrong_secret()).unauthorized();
    let dump = app.site.database_bytes();
    let holds = |needle: &str| dump.windows(needle.len()).any(|window| window == needle.as_bytes());
    assert!(holds(&first.client_id), "the search itself does not work");
    for secret in [&first.client_secret, &second.client_secret, &app.fixture.k1.client_secret] {
        let hex: String = secret.bytes().map(|b| format!("{b:02x}")).collect();
        // The middle alone, too: without prefix and without checksum.
        let spellings = [
            secret.clone(),
            secret[4..47].to_owned(),
            STANDARD.encode(secret),
            STANDARD_NO_PAD.encode(secret),
            URL_SAFE_NO_PAD.encode(secret),
            hex,
        ];
        for spelling in spellings {
            assert!(!holds(&spelling), "the database holds {spelling}");
        }
    }
});

on_both!(a_secret_is_shown_once_and_masked_ever_after, |app| {
    let key = app.key_with_grants(&["a"]);
    let again = Key::from_json(app.key_command("regenerate", &key, &[]));
    let copy = Key::from_json(app.key_command("duplicate", &key, &[]));
    let organization = app.fixture.organization.as_str();
    for args in [vec!["keys", "show", &key.client_id], vec!["keys", "list", "--organization", organization]] {
        for json in [true, false] {
            let output = if json { app.json(&args).to_string() } else { app.cli(&args).succeeded().stdout };
            for secret in [&key.client_secret, &again.client_secret, &copy.client_secret] {
                assert!(!output.contains(&secret[4..]) && !output.contains(&secret[..20]), "{output}");
            }
            assert!(!output.contains("client_secret\":\"clv"), "{output}");
        }
    }
    let shown = app.key_command("show", &key, &[]);
    assert!(shown.get("client_secret").is_none(), "{shown}");
    let secrets = shown["secrets"].as_array().unwrap();
    assert_eq!(secrets.len(), 1, "{shown}");
    let members: HashSet<&str> = secrets[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, HashSet::from(["id", "hint", "created_at", "expires_at", "last_used_at", "last_used_ip"]), "{shown}");
    assert_eq!(secrets[0]["hint"], json!(hint_of(&again.client_secret)));
    assert_eq!(secrets[0]["expires_at"], Value::Null);
    for action in ["disable", "enable", "edit --name N"] {
        let words: Vec<&str> = action.split(' ').collect();
        let shown = app.key_command(words[0], &key, &words[1..]);
        assert!(shown.get("client_secret").is_none(), "{shown}");
    }
});

on_both!(without_grace_the_old_secret_dies_at_once, |app| {
    let mut key = app.fixture.k1.clone();
    for _ in 0..3 {
        app.token(&key).accepted();
        let new = Key::from_json(app.key_command("regenerate", &key, &[]));
        assert_eq!(new.client_id, key.client_id);
        eventually(HONOURED_WITHIN, "the new secret works", || app.token(&new).works().then_some(()));
        eventually(HONOURED_WITHIN, "the old secret dies", || (!app.token(&key).works()).then_some(()));
        app.token(&key).unauthorized();
        assert_eq!(app.token(&new).accepted().scope, "a b");
        key = new;
    }
});

#[track_caller]
fn assert_live(app: &App, live: &[&Key], dead: &[&Key]) {
    for key in live {
        eventually(HONOURED_WITHIN, "a live secret works", || app.token(key).works().then_some(()));
    }
    for key in dead {
        eventually(HONOURED_WITHIN, "a dead secret is refused", || (!app.token(key).works()).then_some(()));
    }
    for key in live {
        app.token(key).accepted();
    }
    let shown = app.key_command("show", live[0], &[]);
    let hints: HashSet<String> =
        shown["secrets"].as_array().unwrap().iter().map(|s| s["hint"].as_str().unwrap().to_owned()).collect();
    assert_eq!(hints, live.iter().map(|key| hint_of(&key.client_secret)).collect(), "{shown}");
}

on_both!(within_the_grace_both_secrets_live_and_never_three, |app| {
    let first = app.key_with_grants(&["a"]);
    let second = Key::from_json(app.key_command("regenerate", &first, &["--grace", "24h"]));
    assert_live(app, &[&second, &first], &[]);
    let shown = app.key_command("show", &first, &[]);
    let old =
        shown["secrets"].as_array().unwrap().iter().find(|s| s["hint"] == json!(hint_of(&first.client_secret))).unwrap().clone();
    assert!(old["expires_at"].is_string(), "the old one has an end: {shown}");
    let third = Key::from_json(app.key_command("regenerate", &first, &["--grace", "24h"]));
    assert_live(app, &[&third, &second], &[&first]);
    let fourth = Key::from_json(app.key_command("regenerate", &first, &[]));
    assert_live(app, &[&fourth], &[&third, &second, &first]);
});

on_both!(the_old_secret_dies_when_its_grace_is_over, |app| {
    let first = app.key_with_grants(&["a"]);
    let start = std::time::Instant::now();
    let second = Key::from_json(app.key_command("regenerate", &first, &["--grace", "3s"]));
    app.token(&first).accepted();
    eventually(Duration::from_secs(6), "the grace ends", || (!app.token(&first).works()).then_some(()));
    assert!(start.elapsed() >= Duration::from_secs(2), "too early: {:?}", start.elapsed());
    assert_live(app, &[&second], &[&first]);
});

on_both!(an_old_secret_can_be_retired_before_its_grace_is_over, |app| {
    let first = app.key_with_grants(&["a"]);
    let token = app.token_of(&app.integrator());
    let retire = |secret: &Value| {
        let path = format!("/api-keys/{}/secrets/{}/retire", first.client_id, secret["id"].as_str().unwrap());
        app.api("POST", &path).bearer(&token)
    };
    // With one secret there is none to retire.
    app.cli(&["keys", "retire-secret", &first.client_id]).failed();
    let only = app.key_command("show", &first, &[])["secrets"][0].clone();
    let told = retire(&only).refused(409, "conflict");
    assert!(told["detail"].as_str().unwrap().contains("newest secret"), "{told}");
    let second = Key::from_json(app.key_command("regenerate", &first, &["--grace", "24h"]));
    assert_live(app, &[&second, &first], &[]);
    let secrets = app.key_command("show", &first, &[])["secrets"].clone();
    retire(&secrets[0]).refused(409, "conflict");
    let answer = retire(&secrets[1]).succeeds(200);
    assert_eq!(answer["secrets"], json!([secrets[0]]), "{answer}");
    // At the node that was asked, at once; issued tokens live on.
    app.token(&first).unauthorized();
    app.token(&second).accepted();
    retire(&secrets[1]).refused(404, "not_found");
    let rows = app.audit_rows("api_key.edited");
    let (_, target, before, after) = rows.last().unwrap();
    assert_eq!((target.as_str(), before["secrets"].as_array().unwrap().len()), (first.client_id.as_str(), 2));
    assert_ne!(before["secrets"][1]["expires_at"], after["secrets"][1]["expires_at"], "{before} {after}");
    // Its owners are told, as of every change.
    let told = app.site.sql("SELECT data FROM events WHERE kind = 'api_key.edited' ORDER BY id DESC LIMIT 1");
    assert!(told.contains(&first.client_id) && told.contains("secrets") && !told.contains(&first.client_secret), "{told}");

    let third = Key::from_json(app.key_command("regenerate", &first, &["--grace", "24h"]));
    assert_live(app, &[&third, &second], &[&first]);
    app.key_command("retire-secret", &first, &[]);
    assert_live(app, &[&third], &[&second, &first]);
    app.cli(&["keys", "retire-secret", &first.client_id]).failed();
    let fourth = Key::from_json(app.key_command("regenerate", &first, &["--grace", "24h"]));
    let old = app.key_command("show", &first, &[])["secrets"][1]["id"].as_str().unwrap().to_owned();
    app.key_command("retire-secret", &first, &[&old]);
    assert_live(app, &[&fourth], &[&third]);
});

on_both!(a_grace_is_at_most_seven_days, |app| {
    let key = app.key_with_grants(&["a"]);
    for grace in ["604801s", "8d", "169h", "-1s", "1", "1w", "1.5h", "", "h", "99999999999999999999d"] {
        app.cli(&["keys", "regenerate", &key.client_id, &format!("--grace={grace}")]).failed_with(2);
    }
    app.token(&key).accepted();
    for grace in ["7d", "168h", "604800s", "5m", "0s"] {
        app.key_action("regenerate", &key, &["--grace", grace]);
    }
});

on_both!(each_secret_and_the_key_remember_their_last_use, |app| {
    let key = app.key_with_grants(&["a"]);
    assert_eq!(app.key_command("show", &key, &[])["last_used_at"], Value::Null);
    app.token(&key).accepted();
    let shown = eventually(Duration::from_secs(7), "the use is written down", || {
        let shown = app.key_command("show", &key, &[]);
        shown["last_used_at"].is_string().then_some(shown)
    });
    assert_eq!(shown["last_used_ip"], json!("127.0.0.1"));
    assert_eq!(shown["secrets"][0]["last_used_ip"], json!("127.0.0.1"), "{shown}");
    assert!(shown["secrets"][0]["last_used_at"].is_string(), "{shown}");
});
