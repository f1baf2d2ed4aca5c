//! Keys from before there were epochs.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use super::{is_revoked, place_of};
use crate::support::tools::{HONOURED_WITHIN, eventually};
use crate::support::{App, Backend, Key, on_both};

/// Takes the migration back, as if an earlier version had run here.
fn go_back(app: &App) {
    let database = if app.site.backend == Backend::Sqlite { "sqlite" } else { "postgres" };
    let down = format!("migrations/{database}/2026-11-22-000014_key_epochs/down.sql");
    let down = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(down)).unwrap();
    app.site.sql(&down);
    app.site.sql("DELETE FROM __diesel_schema_migrations WHERE version = '20261122000014'");
}

on_both!(sl2_an_upgrade_gives_every_key_a_place, |app| {
    let keys: Vec<Key> = (0..8).map(|_| app.key_with_grants(&["a"])).collect();
    let disabled = app.key_with_grants(&["a"]);
    app.key_action("disable", &disabled, &[]);
    app.terminate();
    go_back(app);
    app.restart();
    let places: HashSet<_> = keys.iter().map(|key| place_of(&app.token_of(key))).collect();
    assert_eq!(places.len(), keys.len());
    let given = app.site.sql("SELECT given FROM status_lists ORDER BY id");
    let live = app.site.sql("SELECT count(*) FROM api_keys WHERE disabled_at IS NULL");
    assert_eq!(given.lines().map(str::trim).collect::<Vec<_>>(), [live.trim(), "0"]);
    let token = app.token_of(&keys[0]);
    app.key_action("revoke-tokens", &keys[0], &[]);
    eventually(HONOURED_WITHIN, "the bit", || is_revoked(app, &token).then_some(()));
    app.key_action("enable", &disabled, &[]);
    let token = eventually(HONOURED_WITHIN, "a token again", || {
        let answer = app.token(&disabled).send();
        (answer.status == 200).then(|| answer.json()["access_token"].as_str().unwrap().to_owned())
    });
    assert!(!places.contains(&place_of(&token)));
});

on_both!(sl2_a_key_that_an_earlier_version_made_meanwhile_gets_its_place_with_its_first_token, |app| {
    let key = app.key_with_grants(&["a"]);
    app.site.sql(&format!("DELETE FROM key_epochs WHERE client_id = '{}'", key.client_id));
    app.site.sql(&format!("UPDATE api_keys SET status_list = NULL, status_index = NULL WHERE client_id = '{}'", key.client_id));
    let first = app.token_of(&key);
    assert_eq!(place_of(&first), place_of(&app.token_of(&key)));
    assert!(!is_revoked(app, &first));
    let stored = app.site.sql(&format!("SELECT count(*) FROM key_epochs WHERE client_id = '{}'", key.client_id));
    assert_eq!(stored.trim(), "1");
});
