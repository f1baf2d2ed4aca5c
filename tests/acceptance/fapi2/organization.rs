//! An organization with the profile `fapi2`, at a server without.

use std::time::Duration;

use serde_json::json;

use super::{challenged_without_rs256, proven, set_profile, sign_at_once_with};
use crate::assertions::Client;
use crate::support::api::{API_SCOPES, small_key};
use crate::support::on_both;
use crate::support::proof::ProofKey;
use crate::support::tools::{HONOURED_WITHIN, eventually};

on_both!(jk4_an_organization_that_asks_for_fapi2_has_it_on_every_node, |app| {
    sign_at_once_with(app, "PS256");
    let (other_node, operator) = (app.another_node(&[]), app.token_of(&app.operator()));
    let (acme, k1, proof) = (app.fixture.organization.as_str(), &app.fixture.k1, ProofKey::new("ES256"));
    let (rsa, ec) = (Client::new(app, "RS256"), Client::new(app, "ES256"));
    let stranger = app.create_in_other(&["keys", "create", "--name", "Other's", "--grant", "a"]);
    let nodes = [&app.server, &other_node];
    for node in nodes {
        node.token(k1).accepted();
        rsa.request(node).accepted();
        ec.request(node).accepted();
    }
    assert_eq!(set_profile(app, &operator, acme, "fapi2")["profile"], json!("fapi2"));
    app.token(k1).unauthorized();
    eventually(HONOURED_WITHIN, "the other node knows", || (!other_node.token(k1).works()).then_some(()));
    for node in nodes {
        // [EnsureSignedClientAssertionWithRS256Fails]
        proven(rsa.request(node), &proof, node).unauthorized();
        // [EnsureHolderOfKeyRequired]
        ec.request(node).refused(400, "invalid_dpop_proof");
        proven(ec.request(node), &ProofKey::new("RS256"), node).refused(400, "invalid_dpop_proof");
        let token = proven(ec.request(node), &proof, node).bound_to(&proof.jkt());
        assert_eq!(token.header["alg"], json!("PS256"));
        // Everybody else has what they had.
        node.token(&stranger).accepted();
    }
    let audited = app.audit_rows("organization.edited");
    let (_, target, before, after) = audited.last().unwrap();
    assert_eq!((target.as_str(), before, after), (acme, &json!({"profile": "default"}), &json!({"profile": "fapi2"})));
    let refused = format!("action = 'token.refused' AND target = '{}' AND organization_id = '{acme}'", k1.client_id);
    eventually(Duration::from_secs(15), "the true reason is in the log", || {
        app.audited(&refused).contains(&"token.refused refused weaker_than_profile".to_owned()).then_some(())
    });
    set_profile(&other_node, &operator, acme, "default");
    other_node.token(k1).accepted();
    eventually(HONOURED_WITHIN, "the first node knows", || app.token(k1).works().then_some(()));
    // A wrong secret was one all along.
    set_profile(app, &operator, acme, "fapi2");
    app.token(&k1.with_wrong_secret()).unauthorized();
    app.terminate();
    app.restart();
    app.token(k1).unauthorized();
});

on_both!(jk4_tokens_from_before_open_nothing_at_our_own_api, |app| {
    sign_at_once_with(app, "ES256");
    let (operator, integrator) = (app.token_of(&app.operator()), app.token_of(&app.integrator()));
    app.api("GET", "/api-keys").bearer(&integrator).succeeds(200);
    set_profile(app, &operator, &app.fixture.organization, "fapi2");
    challenged_without_rs256(&app.api("GET", "/api-keys").bearer(&integrator).send(), "invalid_token");
    let (client, proof) = (Client::holding(app, "PS256", &[API_SCOPES]), ProofKey::new("EdDSA"));
    let token = proven(client.request(app), &proof, app).bound_to(&proof.jkt()).token;
    let ask =
        |proof: String| app.api("GET", "/api-keys").header("Authorization", format!("DPoP {token}")).header("DPoP", proof).send();
    assert_eq!(ask(proof.for_api(app, "GET", "/api-keys", &token)).status, 200);
    let weak = ProofKey::new("RS256").for_api(app, "GET", "/api-keys", &token);
    challenged_without_rs256(&ask(weak), "invalid_dpop_proof");
    // Its own organization cannot be made less strict by anybody but an operator.
    app.api("PATCH", "/organization").bearer(&integrator).json(&json!({"profile": "default"})).send();
    assert_eq!(app.json(&["organizations", "show", &app.fixture.organization])["profile"], json!("fapi2"));
});

on_both!(jk4_no_new_secret_where_none_is_taken, |app| {
    sign_at_once_with(app, "PS256");
    let acme = app.fixture.organization.as_str();
    app.cli(&["organizations", "edit", acme, "--profile", "fapi2"]).succeeded();
    let create = ["keys", "create", "--organization", acme, "--name", "New", "--grant", "a"];
    for method in ["client_secret_basic", "client_secret_post"] {
        let output = app.cli(&[&create[..], &["--token-endpoint-auth-method", method]].concat()).failed();
        assert!(output.stderr.contains("the profile fapi2, which does not take"), "{output:?}");
    }
    let output = app.cli(&["keys", "duplicate", &app.fixture.k1.client_id]).failed();
    assert!(output.stderr.contains("does not take client_secret_basic"), "{output:?}");
    let line = json!({
        "foreign_client_id": "old",
        "name": "Imported",
        "secrets": [{"hash": "zKM1pzXhBY1lCuh5d+I3TWbiz4hdkQlXbWvtvcVeVYc="}],
        "grants": [{"account_id": null, "scopes": ["a"]}],
    });
    let output = app.cli_with(&["keys", "import", "-", "--organization", acme], &line.to_string(), &[]).failed();
    assert!(output.stderr.contains("line 1") && output.stderr.contains("does not take"), "{output:?}");
    let owner = app.sign_in(&app.user("owner"));
    let told = owner.api("POST", "/api-keys").json(&small_key("New")).refused(422, "validation_failed");
    assert_eq!(told["errors"][0]["field"], json!("token_endpoint_auth_method"), "{told}");
    assert_eq!(told["errors"][0]["code"], json!("weaker_than_profile"), "{told}");
    let copy = format!("/api-keys/{}/duplicate", app.fixture.k1.client_id);
    owner.api("POST", &copy).json(&json!({})).refused(422, "validation_failed");
    let fields = [
        ("name", "New"),
        ("kind", "scoped"),
        ("token_lifetime", "3600"),
        ("auth_method", "client_secret_basic"),
        ("organization", "a"),
    ];
    app.at_pages("owner").is_asked_to_mend("/api-keys/new", &fields, "does not take client_secret_basic");
    // What is there can still be looked after.
    app.key_command("edit", &app.fixture.k1, &["--name", "Renamed"]);
    app.key_command("disable", &app.fixture.k1, &[]);
});
