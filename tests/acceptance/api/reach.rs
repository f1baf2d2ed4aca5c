//! A key that manages keys never gives away more than it holds itself.

use serde_json::{Value, json};

use crate::support::api::{ApiRequest, small_key};
use crate::support::proof::ProofKey;
use crate::support::{App, Key, on_both};

on_both!(a_key_cannot_grant_what_it_does_not_hold, |app| {
    let account = app.fixture.account_1.as_str();
    let key = app.key_with_grants(&["api-keys:write a payments:write", &format!("{account}=disputes:read")]);
    let token = app.token_of(&key);
    let create = |account_id: serde_json::Value, scope: &str| {
        let body = json!({"name": "x", "grants": [{"account_id": account_id, "scopes": [scope]}]});
        app.api("POST", "/api-keys").bearer(&token).json(&body)
    };
    create(json!(null), "a").succeeds(201);
    create(json!(null), "payments:read").succeeds(201);
    create(json!(account), "disputes:read").succeeds(201);
    for (target, scope) in [
        (json!(null), "b"),
        (json!(null), "payments:admin"),
        (json!(null), "accounts:read"),
        (json!(account), "disputes:write"),
        (json!(app.fixture.account_2), "disputes:read"),
        (json!("*"), "disputes:read"),
    ] {
        create(target, scope).refused(403, "beyond_own_grants");
    }
});

on_both!(a_key_cannot_act_on_one_that_holds_more, |app| {
    let weak = app.token_of(&app.key_with_grants(&["api-keys:write a"]));
    let strong = app.key_with_grants(&["a b"]);
    let path = format!("/api-keys/{}", strong.client_id);
    for action in ["regenerate", "duplicate", "disable", "enable", "revoke-tokens"] {
        app.api("POST", &format!("{path}/{action}")).bearer(&weak).refused(403, "beyond_own_grants");
    }
    app.api("DELETE", &path).bearer(&weak).refused(403, "beyond_own_grants");
    app.api("PATCH", &path)
        .bearer(&weak)
        .json(&json!({"grants": [{"account_id": null, "scopes": ["a"]}]}))
        .refused(403, "beyond_own_grants");
    app.token(&strong).accepted();
    // What it sees, it may see: that is what api-keys:read is for.
    app.api("GET", &path).bearer(&weak).succeeds(200);
    // Nor can it raise what it may act on.
    let equal = app.api_create(&weak, &small_key("Equal"));
    let raised = json!({"grants": [{"account_id": null, "scopes": ["a", "b"]}]});
    app.api("PATCH", &format!("/api-keys/{}", equal.client_id)).bearer(&weak).json(&raised).refused(403, "beyond_own_grants");
});

on_both!(a_key_never_makes_an_admin_key, |app| {
    let admin = app.create_key(&["--admin"]);
    let token = app.token_of(&admin);
    for account in [json!(null), json!(app.fixture.account_1)] {
        let body = json!({"name": "x", "kind": "admin", "account_id": account});
        app.api("POST", "/api-keys").bearer(&token).json(&body).refused(403, "admin_key_needs_a_person");
    }
    app.api("POST", &format!("/api-keys/{}/regenerate", admin.client_id)).bearer(&token).refused(403, "admin_key_needs_a_person");
    // It holds every scope of the organization, and so may give them away; those of accounts it does not hold.
    app.api_create(&token, &json!({"name": "x", "grants": [{"account_id": null, "scopes": ["payments:admin", "fx"]}]}));
    let beyond = json!({"name": "x", "grants": [{"account_id": "*", "scopes": ["disputes:read"]}]});
    app.api("POST", "/api-keys").bearer(&token).json(&beyond).refused(403, "beyond_own_grants");
});

on_both!(a_payout_limit_passes_on, |app| {
    let key = app.create_key(&["--grant", "api-keys:write a", "--max-payout", "55.00"]);
    let token = app.token_of(&key);
    let with = |limit: serde_json::Value| {
        let mut body = small_key("x");
        body["max_payout"] = limit;
        app.api("POST", "/api-keys").bearer(&token).json(&body)
    };
    with(json!("55")).succeeds(201);
    with(json!("0.01")).succeeds(201);
    with(json!("55.01")).refused(403, "beyond_own_max_payout");
    with(json!(null)).refused(403, "beyond_own_max_payout");
});

/// A key that manages keys, and tokens of it that are worth nothing without its proofs.
struct Bound<'a> {
    app: &'a App,
    key: Key,
    proofs: ProofKey,
}

impl<'a> Bound<'a> {
    fn new(app: &'a App, more: &[&str]) -> Self {
        let key = app.create_key(&[&["--grant", "api-keys:write a b", "--require-bound-tokens"], more].concat());
        Self { app, key, proofs: ProofKey::new("ES256") }
    }

    fn api(&self, method: &str, path: &str, body: &Value) -> ApiRequest<'a> {
        let token = self.app.token(&self.key).proof(self.proofs.for_token(self.app)).bound_to(&self.proofs.jkt()).token;
        let proof = self.proofs.for_api(self.app, method, path, &token);
        let request = self.app.api(method, path).header("Authorization", format!("DPoP {token}")).header("DPoP", proof);
        if body.is_null() { request } else { request.json(body) }
    }
}

on_both!(a_bound_key_stays_bound_and_makes_no_other, |app| {
    let caller = Bound::new(app, &[]);
    let own = format!("/api-keys/{}", caller.key.client_id);
    let (unbound, peer) = (app.key_with_grants(&["a"]), Bound::new(app, &[]));
    let (other, bound_other) = (format!("/api-keys/{}", unbound.client_id), format!("/api-keys/{}", peer.key.client_id));
    let off = json!({"require_bound_tokens": false});
    let beyond = |method: &str, path: &str, body: &Value| {
        caller.api(method, path, body).refused(403, "beyond_own_protection");
    };
    beyond("PATCH", &own, &off);
    beyond("PATCH", &own, &json!({"require_bound_tokens": false, "name": "Harmless"}));
    beyond("PATCH", &bound_other, &off);
    // A new credential that works without a proof: by a new key, a copy, a new secret.
    beyond("POST", "/api-keys", &small_key("Unbound"));
    beyond("POST", &format!("{other}/duplicate"), &Value::Null);
    beyond("POST", &format!("{other}/regenerate"), &json!({}));
    app.token(&unbound).accepted();
    // How a key proves itself is fixed when it is made.
    let method = json!({"token_endpoint_auth_method": "client_secret_post"});
    caller.api("PATCH", &own, &method).refused(422, "validation_failed");
    assert_eq!(app.key_command("show", &caller.key, &[])["require_bound_tokens"], json!(true));
    assert_eq!(app.key_command("show", &peer.key, &[])["require_bound_tokens"], json!(true));
    // What takes nothing off is as it was.
    let mut bound = small_key("Bound");
    bound["require_bound_tokens"] = json!(true);
    caller.api("POST", "/api-keys", &bound).succeeds(201);
    caller.api("POST", &format!("{bound_other}/duplicate"), &Value::Null).succeeds(201);
    caller.api("POST", &format!("{own}/regenerate"), &json!({"grace_period_seconds": 60})).succeeds(200);
    caller.api("PATCH", &other, &json!({"name": "Renamed"})).succeeds(200);
    caller.api("PATCH", &other, &json!({"require_bound_tokens": true})).succeeds(200);
    caller.api("POST", &format!("{other}/disable"), &Value::Null).succeeds(200);
    // An unbound key cannot take it off either; a person can.
    let integrator = app.token_of(&app.integrator());
    app.api("PATCH", &bound_other).bearer(&integrator).json(&off).refused(403, "beyond_own_protection");
    app.api("POST", "/api-keys").bearer(&integrator).json(&small_key("Fine")).succeeds(201);
    let owner = app.sign_in(&app.user("owner"));
    assert_eq!(owner.api("PATCH", &bound_other).json(&off).succeeds(200)["require_bound_tokens"], json!(false));
});

on_both!(a_key_does_not_open_itself_to_more_addresses, |app| {
    let key = app.create_key(&["--grant", "api-keys:write a", "--ip-allow", "127.0.0.0/8", "--ip-allow", "192.0.2.0/24"]);
    let (token, own) = (app.token_of(&key), format!("/api-keys/{}", key.client_id));
    let edit = |path: &str, allowlist: Value| app.api("PATCH", path).bearer(&token).json(&json!({"ip_allowlist": allowlist}));
    for wider in [json!([]), json!(["0.0.0.0/0"]), json!(["127.0.0.0/8", "198.51.100.1"]), json!(["127.0.0.0/8", "192.0.0.0/16"])]
    {
        edit(&own, wider).refused(403, "beyond_own_protection");
    }
    edit(&own, json!(["127.0.0.0/8", "192.0.2.7"])).succeeds(200);
    edit(&own, json!(["127.0.0.0/8", "192.0.2.0/24"])).refused(403, "beyond_own_protection");
    // From where others come is theirs to say.
    let other = app.api_create(&token, &small_key("Elsewhere"));
    edit(&format!("/api-keys/{}", other.client_id), json!(["198.51.100.1"])).succeeds(200);
    edit(&format!("/api-keys/{}", other.client_id), json!([])).succeeds(200);
});
