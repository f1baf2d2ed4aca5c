//! DP4: a proof is used once: of many at the same time, of two nodes, and before and after a restart.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::support::http::Response;
use crate::support::postgres::Cluster;
use crate::support::proof::{ProofKey, token_claims, unix_now, with};
use crate::support::token::{accepted_as, refused};
use crate::support::tools::eventually;
use crate::support::{App, Key, Server, Site, on_both};

/// As many as the list of requirements asks for.
const AT_ONCE: usize = 50;

/// Sends the same proof everywhere at once; one is taken, all others are told why not.
#[track_caller]
fn one_of_many(nodes: &[&Server], key: &Key, proof: &str) {
    let answers: Vec<Response> = std::thread::scope(|scope| {
        let sent: Vec<_> =
            (0..AT_ONCE).map(|n| scope.spawn(move || nodes[n % nodes.len()].token(key).proof(proof).send())).collect();
        sent.into_iter().map(|answer| answer.join().unwrap()).collect()
    });
    let (taken, others): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!(taken.len(), 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    accepted_as(taken[0], "DPoP");
    for answer in others {
        refused(answer, 400, "invalid_dpop_proof");
        assert_eq!(answer.json()["error_description"], "the proof was used before; each request needs a new one");
    }
}

on_both!(dp4_of_fifty_at_once_one_is_taken, |app| {
    let key = ProofKey::new("ES256");
    for _ in 0..3 {
        one_of_many(&[&app.server], &app.fixture.k1, &key.for_token(app));
    }
});

on_both!(dp4_of_fifty_at_once_on_two_nodes_one_is_taken, |app| {
    let other = app.another_node(&[]);
    let key = ProofKey::new("ES256");
    for _ in 0..3 {
        one_of_many(&[&app.server, &other], &app.fixture.k1, &key.for_token(app));
    }
});

on_both!(dp4_a_restart_forgets_nothing, |app| {
    let (k1, key) = (&app.fixture.k1, ProofKey::new("ES256"));
    let proof = key.for_token(app);
    app.token(k1).proof(&proof).bound_to(&key.jkt());
    app.kill();
    app.restart();
    app.token(k1).proof(&proof).refused(400, "invalid_dpop_proof");
    app.token(k1).proof(key.for_token(app)).bound_to(&key.jkt());
});

on_both!(dp4_a_proof_belongs_to_its_key_and_is_used_up_by_a_token_alone, |app| {
    let (k1, key, other) = (&app.fixture.k1, ProofKey::new("ES256"), ProofKey::new("ES256"));
    let claims = token_claims(app);
    // A refused request has not used it, and neither has a stranger.
    let proof = key.proof(&claims);
    app.token(k1).scope("zzz").proof(&proof).refused(400, "invalid_scope");
    app.token(k1).account("nonsense").proof(&proof).refused(400, "invalid_target");
    app.token(&k1.with_wrong_secret()).proof(&proof).unauthorized();
    app.token(k1).proof(&proof).bound_to(&key.jkt());
    app.token(k1).proof(&proof).refused(400, "invalid_dpop_proof");
    // For another client it is used too.
    let client = app.key_with_grants(&["a"]);
    app.token(&client).proof(&proof).refused(400, "invalid_dpop_proof");
    // The same name by another key is another proof; the same name for another second is not.
    app.token(k1).proof(other.proof(&claims)).bound_to(&other.jkt());
    let later = with(claims, &json!({"iat": unix_now() - 5}));
    app.token(k1).proof(key.proof(&later)).refused(400, "invalid_dpop_proof");
});

on_both!(dp4_what_is_remembered_is_short_and_goes_when_its_time_is_over, |app| {
    let (k1, key) = (&app.fixture.k1, ProofKey::new("ES256"));
    let longest = "n".repeat(256);
    app.token(k1).proof(key.proof(&with(token_claims(app), &json!({"jti": longest})))).bound_to(&key.jkt());
    app.token(k1)
        .proof(key.proof(&with(token_claims(app), &json!({"jti": "n".repeat(8_192)}))))
        .refused(400, "invalid_dpop_proof");
    app.token(k1).accepted();
    assert_eq!(app.site.sql("SELECT count(*), max(length(digest)) FROM used_proofs").trim(), "1|43");
    app.kill();
    app.site.sql("UPDATE used_proofs SET expires_at = 1");
    app.restart();
    eventually(Duration::from_secs(20), "the row is gone", || {
        (app.site.sql("SELECT count(*) FROM used_proofs").trim() == "0").then_some(())
    });
});

on_both!(dp4_at_our_api_a_proof_is_used_once_too, |app| {
    let other = app.another_node(&[]);
    let (integrator, key) = (app.integrator(), ProofKey::new("ES256"));
    let token = app.token(&integrator).proof(key.for_token(app)).bound_to(&key.jkt()).token;
    let proof = key.for_api(app, "GET", "/api-keys", &token);
    let send = |node: &Server| {
        node.api("GET", "/api-keys").header("Authorization", format!("DPoP {token}")).header("DPoP", &proof).send()
    };
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let nodes = [&app.server, &other];
        let sent: Vec<_> = (0..20).map(|n| scope.spawn(move || send(nodes[n % 2]).status)).collect();
        sent.into_iter().map(|answer| answer.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 200 | 401)), "{statuses:?}");
    crate::support::api::problem(&send(app), 401, "invalid_dpop_proof");
});

#[test]
fn dp4_without_the_database_no_proof_is_taken_and_plain_tokens_go_on() {
    let cluster = Arc::new(Cluster::new());
    let app = App::start_in(Site::in_cluster(Arc::clone(&cluster)), &[]);
    let (k1, key) = (&app.fixture.k1, ProofKey::new("ES256"));
    eventually(Duration::from_secs(10), "the key is in memory", || {
        let answer = app.token(k1).proof(key.for_token(&app)).send();
        (answer.status == 200).then_some(())
    });
    std::thread::sleep(Duration::from_millis(600));
    app.token(k1).accepted();
    cluster.stop();
    let proof = key.for_token(&app);
    app.token(k1).proof(&proof).refused(503, "temporarily_unavailable");
    app.token(k1).accepted();
    cluster.start();
    eventually(Duration::from_secs(15), "bound tokens are back", || {
        (app.token(k1).proof(key.for_token(&app)).send().status == 200).then_some(())
    });
}
