use super::*;
use crate::domain::scope::Level;
use crate::web::dashboard::api_keys::words::tests::scope;

fn form(text: &str) -> Form {
    Form::parse(text.as_bytes())
}

fn scopes() -> Scopes {
    [scope("p:read", Level::Organization, "", &[]), scope("p:write", Level::Organization, "", &["p:read"])].into_iter().collect()
}

#[test]
fn a_form_becomes_the_body_of_a_request() {
    let draft = Draft::of_form(&form(
        "kind=scoped&name=+Export+&organization.1=p:write&organization.2=&organization=fx&groups=3&reach.0=picked\
         &accounts.0=acct_1&accounts.0=acct_2&group.0=d:read&reach.1=picked&ids.1=acct_2+acct_3&group.1.0=e:read&reach.2=all\
         &group.2=f&ip_allowlist=192.0.2.1%0D%0A%0D%0A2001:db8::/32&max_payout=55.00&token_lifetime=900\
         &expires_on=2030-01-31&plan=starter&auth_method=client_secret_post",
    ));
    let expected = json!({
        "name": "Export", "token_endpoint_auth_method": "client_secret_post", "max_payout": "55.00", "plan": "starter",
        "ip_allowlist": ["192.0.2.1", "2001:db8::/32"], "token_lifetime_seconds": 900, "expires_at": "2030-01-31T00:00:00Z", "require_bound_tokens": false,
        "grants": [
            {"account_id": null, "scopes": ["fx", "p:write"]},
            {"account_id": "*", "scopes": ["f"]},
            {"account_id": "acct_1", "scopes": ["d:read"]},
            {"account_id": "acct_2", "scopes": ["d:read", "e:read"]},
            {"account_id": "acct_3", "scopes": ["e:read"]},
        ],
    });
    assert_eq!(Value::Object(draft.body()), expected);
    let admin = Draft::of_form(&form("kind=admin&name=A&admin_account=acct_1&organization=fx&token_lifetime=x")).body();
    assert_eq!((&admin["kind"], &admin["account_id"], admin.get("grants")), (&json!("admin"), &json!("acct_1"), None));
    assert_eq!(
        (&admin["token_lifetime_seconds"], &admin["expires_at"], &admin["plan"]),
        (&json!("x"), &Value::Null, &Value::Null)
    );
}

#[test]
fn a_group_of_eleven_is_not_of_one() {
    let draft = Draft::of_form(&form("groups=12&group.1=a&group.11=b&group.11.3=c"));
    assert_eq!(draft.groups[1].scopes, BTreeSet::from(["a".to_owned()]));
    assert_eq!(draft.groups[11].scopes.len(), 2);
    assert_eq!(draft.groups_without_accounts(), [2, 12]);
    assert_eq!(Draft::of_form(&form("groups=99999")).groups.len(), MOST_GROUPS);
    assert_eq!(Draft::of_form(&form("groups=0")).groups.len(), 1);
}

#[test]
fn an_edit_sends_what_differs_alone() {
    let holding: Holding = serde_json::from_value(json!({"kind": "scoped", "grants": [
        {"account_id": null, "scopes": ["p:read", "p:write"]},
        {"account_id": "acct_1", "scopes": ["d"]},
        {"account_id": "acct_2", "scopes": ["d"]},
    ]}))
    .unwrap();
    let settings: KeySettings = serde_json::from_value(json!({
        "ip_allowlist": [], "max_payout": null, "token_lifetime_seconds": 3600, "plan": null,
        "expires_at": "2030-01-31T13:00:00Z", "token_endpoint_auth_method": "client_secret_basic", "require_bound_tokens": true,
    }))
    .unwrap();
    let before = Draft::of_key("A", &holding, &settings);
    assert_eq!(before.groups.len(), 1);
    assert_eq!(before.holding(), holding);
    // The form's choice names the wider scope alone; the hour of the end is not the form's to change.
    let mut after = before.clone();
    after.organization = BTreeSet::from(["p:write".to_owned()]);
    assert!(after.body_of_edit(&before, &scopes()).is_empty());
    after.name = "B".to_owned();
    after.expires_on = String::new();
    after.groups[0].accounts.remove("acct_2");
    let body = Value::Object(after.body_of_edit(&before, &scopes()));
    let grants = json!([{"account_id": null, "scopes": ["p:write"]}, {"account_id": "acct_1", "scopes": ["d"]}]);
    assert_eq!(body, json!({"name": "B", "expires_at": null, "grants": grants}));
}

#[test]
fn an_edit_sends_what_a_key_is_recognised_by_when_that_differs() {
    let holding: Holding = serde_json::from_value(json!({"kind": "admin", "account_id": null})).unwrap();
    let settings: KeySettings = serde_json::from_value(json!({
        "ip_allowlist": [], "max_payout": null, "token_lifetime_seconds": 3600, "plan": null, "expires_at": null,
        "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [{"kty": "OKP"}]}, "require_bound_tokens": false,
    }))
    .unwrap();
    let before = Draft::of_key("A", &holding, &settings);
    let edited = |alter: fn(&mut Draft)| {
        let mut after = before.clone();
        alter(&mut after);
        Value::Object(after.body_of_edit(&before, &scopes()))
    };
    // However it is spaced, it is the same.
    assert_eq!(edited(|draft| draft.credential.jwks = "{\"keys\":[{\"kty\":\"OKP\"}]}".to_owned()), json!({}));
    assert_eq!(edited(|draft| draft.credential.jwks = "x".to_owned()), json!({"jwks": "x"}));
    assert_eq!(edited(|draft| draft.credential.jwks.clear()), json!({"jwks": ""}));
    assert_eq!(edited(|draft| draft.require_bound_tokens = true), json!({"require_bound_tokens": true}));
    let moved = edited(|draft| {
        draft.credential.jwks.clear();
        draft.credential.jwks_uri = "https://keys.example.com".to_owned();
    });
    assert_eq!(moved, json!({"jwks_uri": "https://keys.example.com"}));
    assert_eq!(edited(|draft| draft.credential.issuer = "of no use here".to_owned()), json!({}));
}
