//! F10 for status lists: what one node revokes, the lists of the other show within a second.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{is_revoked, place_of};
use crate::support::api::small_key;
use crate::support::token::TokenRequest;
use crate::support::tools::{HONOURED_WITHIN, eventually};
use crate::support::{App, Backend};

const REVOCATIONS: usize = 40;

#[test]
fn f10_a_revocation_is_in_the_lists_here_at_once_and_at_the_other_node_within_a_second() {
    let app = App::start(Backend::Postgres, &[]);
    let other = app.another_node(&[]);
    let (integrator, asker) = (app.integrator(), app.key_with_grants(&["tokens:introspect"]));
    eventually(HONOURED_WITHIN, "the other node knows the key", || other.token(&integrator).works().then_some(()));
    let caller = app.token_of(&integrator);
    let key = app.api_create(&caller, &small_key("K"));
    let revoke = format!("/api-keys/{}/revoke-tokens", key.client_id);
    let mut slowest = Duration::ZERO;
    for number in 0..REVOCATIONS {
        let (here, there) = if number % 2 == 0 { (&app.server, &other) } else { (&other, &app.server) };
        let token = eventually(HONOURED_WITHIN, "a live token here", || {
            let token = here.token(&key).send().json()["access_token"].as_str()?.to_owned();
            (!is_revoked(here, &token)).then_some(token)
        });
        here.api("POST", &revoke).bearer(&caller).succeeds(200);
        let acknowledged = Instant::now();
        // The other node may not know of the new epoch yet, and takes its tokens all the same.
        let fresh = here.token(&key).accepted().token;
        let answer = TokenRequest::at(there, "/connect/introspect")
            .basic(&asker.client_id, &asker.client_secret)
            .param("token", &fresh)
            .send();
        assert_eq!((answer.status, &answer.json()["active"]), (200, &json!(true)), "{number}");
        assert!(is_revoked(here, &token), "{number}");
        while !is_revoked(there, &token) {
            assert!(acknowledged.elapsed() < HONOURED_WITHIN, "{number}: {:?}", acknowledged.elapsed());
            std::thread::sleep(Duration::from_millis(10));
        }
        slowest = slowest.max(acknowledged.elapsed());
        // What the other node issued meanwhile with the old epoch is dead as well, and what it issues now is not.
        let theirs = there.token(&key).accepted().token;
        assert_ne!(place_of(&theirs), place_of(&token));
        assert!(!is_revoked(there, &theirs) && !is_revoked(here, &theirs), "{number}");
    }
    assert!(slowest < HONOURED_WITHIN, "{slowest:?}");
}
