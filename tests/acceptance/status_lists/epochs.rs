//! SL2, SL3, IN6: who has which place, and what a revocation does to it.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::json;

use super::{AGGREGATION, List, is_revoked, now, path, place_of};
use crate::support::api::small_key;
use crate::support::tools::{HONOURED_WITHIN, eventually};
use crate::support::{App, Key, on_both};

on_both!(sl2_a_key_keeps_its_place_and_shares_it_with_none, |app| {
    let mut places = HashSet::new();
    for _ in 0..12 {
        let key = app.key_with_grants(&["a b"]);
        let place = place_of(&app.token_of(&key));
        assert_eq!(place, place_of(&app.token_of(&key)));
        // What changes nothing about its tokens leaves it where it is.
        app.key_action("edit", &key, &["--name", "Another"]);
        let regenerated = Key::from_json(app.key_command("regenerate", &key, &[]));
        assert_eq!(place, place_of(&eventually_token(app, &regenerated)));
        assert!(places.insert(place), "given twice");
    }
    let copy = Key::from_json(app.key_command("duplicate", &app.fixture.k1, &[]));
    assert_ne!(place_of(&app.token_of(&copy)), place_of(&app.token_of(&app.fixture.k1)));
    // At random: in the order in which the keys were made nothing shows. A fair draw is in order once in 479,001,600.
    let stored = app.site.sql("SELECT list_index FROM key_epochs ORDER BY client_id");
    let stored: Vec<i64> = stored.lines().map(|line| line.trim().parse().unwrap()).collect();
    assert!(!stored.is_sorted() && !stored.iter().rev().is_sorted(), "{stored:?}");
});

/// A token as soon as the server has heard of what the command line did.
#[track_caller]
fn eventually_token(app: &App, key: &Key) -> String {
    eventually(HONOURED_WITHIN, "a token", || {
        let answer = app.token(key).send();
        (answer.status == 200).then(|| answer.json()["access_token"].as_str().unwrap().to_owned())
    })
}

on_both!(sl3_what_revokes_sets_the_bit_and_the_next_token_is_live, |app| {
    for (action, args, lives_on) in [
        ("revoke-tokens", &[][..], true),
        ("edit", &["--grant", "a", "--revoke-tokens"], true),
        ("regenerate", &["--grace", "1h", "--revoke-tokens"], true),
        ("disable", &[], false),
        ("delete", &[], false),
    ] {
        let key = app.key_with_grants(&["a b"]);
        let token = app.token_of(&key);
        assert!(!is_revoked(app, &token), "{action}");
        let at = now();
        app.key_action(action, &key, args);
        eventually(HONOURED_WITHIN, "the bit is set", || is_revoked(app, &token).then_some(()));
        let (uri, _) = place_of(&token);
        assert!(List::fetch(app, &uri).claims["iat"].as_u64().unwrap() >= at, "{action}");
        if lives_on {
            let fresh = eventually_token(app, &key);
            assert!(!is_revoked(app, &fresh) && place_of(&fresh) != place_of(&token), "{action}");
        }
    }
    let key = app.key_with_grants(&["a b"]);
    let before = app.token_of(&key);
    app.key_action("disable", &key, &[]);
    app.key_action("disable", &key, &[]);
    app.key_action("enable", &key, &[]);
    let after = eventually(HONOURED_WITHIN, "a token of the next epoch", || {
        let token = eventually_token(app, &key);
        (place_of(&token) != place_of(&before)).then_some(token)
    });
    assert!(is_revoked(app, &before) && !is_revoked(app, &after));
});

on_both!(sl3_the_node_that_revoked_shows_it_when_the_answer_is_there, |app| {
    let caller = app.token_of(&app.integrator());
    for number in 0..10 {
        let key = app.api_create(&caller, &small_key(&format!("K{number}")));
        let token = app.token_of(&key);
        assert!(!is_revoked(app, &token));
        app.api("POST", &format!("/api-keys/{}/revoke-tokens", key.client_id)).bearer(&caller).succeeds(200);
        assert!(is_revoked(app, &token), "{number}");
        // In the same second, and live: its place is another.
        let fresh = app.token_of(&key);
        assert!(!is_revoked(app, &fresh), "{number}");
        // Twice in a second kills twice.
        app.api("POST", &format!("/api-keys/{}/revoke-tokens", key.client_id)).bearer(&caller).succeeds(200);
        assert!(is_revoked(app, &fresh), "{number}");
    }
});

on_both!(in6_introspection_and_the_list_agree_about_tokens_of_one_second, |app| {
    let asker = app.key_with_grants(&["tokens:introspect"]);
    let caller = app.token_of(&app.integrator());
    let key = app.api_create(&caller, &small_key("K"));
    let is_active = |token: &str| {
        let request = crate::support::token::TokenRequest::at(app, "/connect/introspect");
        let answer = request.basic(&asker.client_id, &asker.client_secret).param("token", token).send();
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["active"] == json!(true)
    };
    let mut tokens = vec![app.token_of(&key)];
    for _ in 0..5 {
        app.api("POST", &format!("/api-keys/{}/revoke-tokens", key.client_id)).bearer(&caller).succeeds(200);
        tokens.push(app.token_of(&key));
        let (live, dead) = tokens.split_last().unwrap();
        assert!(is_active(live) && !is_revoked(app, live));
        assert!(dead.iter().all(|token| !is_active(token) && is_revoked(app, token)));
    }
});

on_both!(sl2_a_list_that_is_nearly_full_is_followed_by_another, |app| {
    let lists = || app.site.sql("SELECT count(*) FROM status_lists").trim().parse::<usize>().unwrap();
    assert_eq!(lists(), 1);
    let before = place_of(&app.token_of(&app.fixture.k1));
    // Nearly: the next one is announced, and not used yet.
    app.site.sql("UPDATE status_lists SET given = 131072 / 8 * 6");
    let key = app.key_with_grants(&["a"]);
    assert_eq!((place_of(&app.token_of(&key)).0, lists()), (before.0.clone(), 2));
    app.site.sql("UPDATE status_lists SET given = 131072 / 8 * 7 WHERE id = 1");
    let key = app.key_with_grants(&["a"]);
    let after = place_of(&app.token_of(&key));
    assert_ne!(after.0, before.0);
    eventually(HONOURED_WITHIN, "the list is served", || (app.get(&path(&after.0)).status == 200).then_some(()));
    assert!(!List::fetch(app, &after.0).is_revoked(after.1));
    assert!(!List::fetch(app, &before.0).is_revoked(before.1));
});

on_both!(sl2_no_place_is_given_twice_by_many_at_once, |app| {
    // A small list, so that draws collide: each of 32 callers finds a place of its own.
    app.site.sql("UPDATE status_lists SET size = 64");
    let caller = app.token_of(&app.integrator());
    let keys: Vec<Key> = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..4)
            .map(|lane| {
                let caller = &caller;
                scope
                    .spawn(move || (0..8).map(|n| app.api_create(caller, &small_key(&format!("{lane}-{n}")))).collect::<Vec<_>>())
            })
            .collect();
        lanes.into_iter().flat_map(|lane| lane.join().unwrap()).collect()
    });
    let places: HashSet<_> = keys.iter().map(|key| place_of(&app.token_of(key))).collect();
    assert_eq!(places.len(), keys.len());
    let (all, different) =
        ("SELECT count(*) FROM key_epochs", "SELECT count(*) FROM (SELECT DISTINCT list_id, list_index FROM key_epochs) AS d");
    assert_eq!(app.site.sql(all), app.site.sql(different));
});

on_both!(sl3_what_was_revoked_stays_so_through_a_kill_and_a_start, |app| {
    let key = app.key_with_grants(&["a b"]);
    let token = app.token_of(&key);
    app.key_action("revoke-tokens", &key, &[]);
    app.kill();
    app.restart();
    assert!(is_revoked(app, &token));
    let fresh = app.token_of(&key);
    assert!(!is_revoked(app, &fresh));
    let (uri, _) = place_of(&token);
    assert_eq!(List::fetch(app, &uri).revoked(), 1);
});

on_both!(sl2_a_list_goes_when_nothing_can_be_in_it_any_more, |app| {
    let old = place_of(&app.token_of(&app.fixture.k1));
    app.site.sql("UPDATE status_lists SET given = 131072 / 8 * 7");
    let (here, gone) = (app.key_with_grants(&["a"]), app.key_with_grants(&["a"]));
    let present = place_of(&app.token_of(&here));
    assert_ne!(present.0, old.0);
    app.key_action("delete", &gone, &[]);
    // As if everything of the first list had been closed long ago, and one epoch of the second.
    app.site.sql("UPDATE api_keys SET status_list = NULL, status_index = NULL WHERE status_list = 1");
    app.site.sql(&format!("UPDATE key_epochs SET closed_at = 1 WHERE list_id = 1 OR client_id = '{}'", gone.client_id));
    app.terminate();
    app.restart();
    eventually(Duration::from_secs(20), "the first list is gone", || (app.get(&path(&old.0)).status == 404).then_some(()));
    assert_eq!(app.get(AGGREGATION).json(), json!({"status_lists": [present.0]}));
    // What was given stays given as long as the list gives places; its bit is free.
    let count = |sql: &str| app.site.sql(sql).trim().to_owned();
    assert_eq!(count(&format!("SELECT count(*) FROM key_epochs WHERE client_id = '{}'", gone.client_id)), "1");
    assert_eq!(List::fetch(app, &present.0).revoked(), 0);
    assert_eq!(place_of(&app.token_of(&here)), present);
});
