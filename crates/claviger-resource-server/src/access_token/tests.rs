use serde_json::json;

use super::*;

fn claims(changes: Value) -> Map<String, Value> {
    let mut claims = json!({
        "iss": "https://i.example", "sub": "key_1", "client_id": "key_1", "aud": "https://a.example", "iat": 1, "nbf": 1,
        "exp": 3601, "jti": "j", "scope": "b a:read a:write", "org": "org_1"
    });
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims.as_object().unwrap().clone()
}

fn token(changes: Value) -> AccessToken {
    AccessToken::from_verified_claims(claims(changes)).unwrap()
}

#[test]
fn the_claims_are_read() {
    let full = token(json!({
        "aud": ["https://a.example", "https://b.example"], "account": "acct_1",
        "authorization_details": [{"type": "other"}, {"type": "payout_limit", "max_amount": "55.00"}],
        "status": {"status_list": {"idx": 7, "uri": "https://i.example/l/1"}},
        "cnf": {"jkt": "t"},
    }));
    assert_eq!((full.client_id(), full.organization(), full.account()), ("key_1", Some("org_1"), Some("acct_1")));
    assert_eq!(full.scopes().collect::<Vec<_>>(), ["a:read", "a:write", "b"]);
    assert_eq!((full.id(), full.issued_at(), full.expires_at(), full.max_payout()), ("j", 1, 3601, Some("55.00")));
    assert!(full.is_for("https://b.example") && !full.is_for("https://c.example"));
    assert_eq!(full.status().unwrap(), &StatusListEntry { index: 7, uri: "https://i.example/l/1".into() });
    assert_eq!(full.confirmation().unwrap().key_thumbprint.as_deref(), Some("t"));
    let plain = token(json!({"scope": null, "org": null}));
    assert_eq!((plain.scopes().count(), plain.account(), plain.organization()), (0, None, None));
    assert_eq!(format!("{plain:?}"), r#"AccessToken { client_id: "key_1", id: "j", scopes: [], .. }"#);
}

#[test]
fn rs3_claims_of_another_form_are_refused() {
    for (name, value) in [
        ("sub", json!(null)),
        ("client_id", json!(null)),
        ("client_id", json!(1)),
        ("aud", json!(null)),
        ("aud", json!([])),
        ("aud", json!([1])),
        ("aud", json!({"https://a.example": 1})),
        ("jti", json!(null)),
        ("iat", json!("1")),
        ("exp", json!("3601")),
        ("exp", json!(1.5)),
        ("scope", json!(["a:read"])),
        ("account", json!(1)),
        ("authorization_details", json!({"type": "payout_limit"})),
        ("authorization_details", json!([{"type": "payout_limit"}])),
        ("authorization_details", json!([{"type": "payout_limit", "max_amount": 55}])),
        (
            "authorization_details",
            json!([{"type": "payout_limit", "max_amount": "1"}, {"type": "payout_limit", "max_amount": "2"}]),
        ),
        ("status", json!({"other_list": {}})),
        ("status", json!({"status_list": {"idx": -1, "uri": "x"}})),
        ("status", json!({"status_list": {"idx": 1}})),
        ("cnf", json!({})),
        ("cnf", json!("x")),
        ("cnf", json!({"jkt": 1})),
        ("cnf", json!({"jkt": "x", "kid": "y"})),
    ] {
        assert_eq!(AccessToken::from_verified_claims(claims(json!({name: value}))), Err(InvalidClaim(name)), "{name} {value}");
    }
}

#[test]
fn sc3_a_scope_is_the_same_text_or_none() {
    let token = token(json!({}));
    token.require_scope("a:read").unwrap();
    for scope in ["A:read", "a", "a:", "a:read ", "a:*", "", "a:read b"] {
        let refused = token.require_scope(scope).unwrap_err();
        assert_eq!((refused.status(), refused.code()), (403, "insufficient_scope"), "{scope:?}");
    }
}

#[test]
fn an_account_is_that_account_alone() {
    let of_account = token(json!({"account": "acct_1"}));
    of_account.require_account("acct_1").unwrap();
    assert_eq!(of_account.require_account("acct_2").unwrap_err().code(), "account_not_allowed");
    assert_eq!(token(json!({})).require_account("acct_1").unwrap_err().status(), 403);
}

#[test]
fn amounts_are_compared_as_decimals() {
    let limited = |limit: &str| token(json!({"authorization_details": [{"type": "payout_limit", "max_amount": limit}]}));
    let limit = limited("55.10");
    for good in ["0", "55", "55.1", "55.10", "55.10000000", "007"] {
        limit.require_payout(good).unwrap();
    }
    for bad in ["55.11", "55.10000001", "100", "", "-1", "1e1", "1.", ".5", "55,0", " 5", "NaN", "1234567890123456"] {
        assert_eq!(limit.require_payout(bad).unwrap_err().code(), "payout_limit_exceeded", "{bad:?}");
    }
    token(json!({})).require_payout("999999999999999").unwrap();
}
