use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::domain::api_key::{AuthMethod, TokenLifetime};
use crate::domain::catalogue::tests::catalogue;
use crate::domain::id::{ClientId, OrganizationId};
use crate::domain::ip_allowlist::IpAllowlist;
use crate::domain::key_entry::HeldGrant;
use crate::oauth::client_request::{Credentials, Presented};
use crate::oauth::error::ClientRefusal;

fn account(n: u128) -> AccountId {
    AccountId::from_parts(0, n)
}

fn key(holding: Holding) -> KeyEntry {
    KeyEntry {
        client_id: ClientId::from_parts(0, 1),
        organization_id: OrganizationId::from_parts(0, 1),
        holding,
        secrets: Box::default(),
        foreign_secrets: Box::default(),
        ip_allowlist: IpAllowlist::default(),
        max_payout: None,
        plan: None,
        token_lifetime: TokenLifetime::default(),
        auth_method: AuthMethod::default(),
        public_credential: None,
        require_bound_tokens: false,
        expires_at: None,
        disabled: false,
        tokens_revoked_at: None,
        epoch: None,
    }
}

fn scoped(grants: &[(GrantTarget, &str)]) -> KeyEntry {
    let grant = |(target, scopes): &(GrantTarget, &str)| HeldGrant {
        target: *target,
        scopes: scopes.split(' ').map(|n| n.parse().unwrap()).collect(),
    };
    key(Holding::Scoped(grants.iter().map(grant).collect()))
}

fn request(scope: Option<&str>, resources: &[&str], asked: Option<AccountId>) -> TokenRequest {
    TokenRequest {
        client: Presented { credentials: Credentials::Refused(ClientRefusal::NoCredentials), body_client_id: None },
        grant_type: None,
        scope: scope.map(|s| s.as_bytes().to_vec()),
        account: asked.map(|a| a.to_string().into_bytes()),
        resources: resources.iter().map(|r| r.as_bytes().to_vec()).collect(),
        has_authorization_details: false,
    }
}

#[test]
fn the_table_of_targets() {
    use GrantTarget::{Account, AllAccounts, Organization};
    let (a, b) = (account(1), account(2));
    let invalid = |r: Result<Target, OAuthError>| matches!(r, Err(OAuthError::InvalidTarget(_)));
    let choose = |key: &KeyEntry, asked| choose_target(&request(None, &[], asked), key);

    let one = scoped(&[(Account(a), "x")]);
    assert_eq!(choose(&one, None), Ok(Target::Account(a)));
    assert_eq!(choose(&one, Some(a)), Ok(Target::Account(a)));
    assert!(invalid(choose(&one, Some(b))));

    for several in [
        scoped(&[(Account(a), "x"), (Account(b), "x")]),
        scoped(&[(AllAccounts, "x")]),
        scoped(&[(AllAccounts, "x"), (Account(a), "x")]),
    ] {
        assert!(invalid(choose(&several, None)));
        assert_eq!(choose(&several, Some(a)).unwrap().account(), Some(a));
    }

    let organization = scoped(&[(Organization, "x")]);
    assert_eq!(choose(&organization, None), Ok(Target::Organization));
    assert!(invalid(choose(&organization, Some(a))));

    let both = scoped(&[(Organization, "x"), (Account(a), "y")]);
    assert_eq!(choose(&both, None), Ok(Target::Organization));
    assert_eq!(choose(&both, Some(a)), Ok(Target::Account(a)));
    assert!(invalid(choose(&both, Some(b))));

    assert!(invalid(choose(&key(Holding::Admin(None)), Some(a))));
    assert_eq!(choose(&key(Holding::Admin(Some(a))), None), Ok(Target::Account(a)));
    assert!(invalid(choose(&key(Holding::Admin(Some(a))), Some(b))));
}

#[test]
fn a_resource_narrows_scopes_and_audience() {
    let c = catalogue(&[
        "p:w organization urn:p p:r d:r",
        "p:r organization urn:p",
        "d:r organization urn:d",
        "z organization urn:z",
    ]);
    let key = scoped(&[(GrantTarget::Organization, "p:w")]);
    let decide = |scope, resources: &[&str]| {
        decide(&request(scope, resources, None), &key, Target::Organization, &c).map(|g| {
            (
                g.scopes.iter().map(|s| s.to_string()).collect::<Vec<_>>(),
                g.audiences.iter().map(|a| a.to_string()).collect::<Vec<_>>(),
            )
        })
    };
    assert_eq!(decide(None, &["urn:p"]).unwrap(), (vec!["p:r".into(), "p:w".into()], vec!["urn:p".into()]));
    assert_eq!(decide(None, &["urn:p", "urn:d"]).unwrap().1, ["urn:d", "urn:p"]);
    assert_eq!(decide(Some("p:w"), &["urn:p"]).unwrap().0, ["p:r", "p:w"]);
    assert!(matches!(decide(Some("d:r"), &["urn:p"]), Err(OAuthError::InvalidScope(_))));
    for bad in ["urn:z", "urn:nothing", "x", "urn:p#f"] {
        assert!(matches!(decide(None, &[bad]), Err(OAuthError::InvalidTarget(_))), "{bad}");
    }
}

#[test]
fn sc2_unknown_and_not_held_say_the_same() {
    let c = catalogue(&["a organization urn:p", "b organization urn:p"]);
    let key = scoped(&[(GrantTarget::Organization, "a")]);
    let refusal = |scope| decide(&request(Some(scope), &[], None), &key, Target::Organization, &c).unwrap_err();
    assert_eq!(refusal("a b"), refusal("zzz"));
    for other in ["A", "a:x", "a*", "aa"] {
        assert_eq!(refusal(other), NOT_HELD, "sc3 {other}");
    }
}

/// A catalogue of scopes s0 to s7 over three servers, with random implications.
fn arbitrary_catalogue() -> impl Strategy<Value = Catalogue> {
    proptest::collection::vec((0_usize..3, proptest::collection::btree_set(0_usize..8, 0..3), any::<bool>()), 8).prop_map(
        |rows| {
            let lines: Vec<String> = rows
                .iter()
                .enumerate()
                .map(|(n, (server, implies, at_account))| {
                    let level = if *at_account { "account" } else { "organization" };
                    let implied: String =
                        implies.iter().filter(|i| **i != n && rows[**i].2 == *at_account).map(|i| format!(" s{i}")).collect();
                    format!("s{n} {level} urn:{server}{implied}")
                })
                .collect();
            catalogue(&lines.iter().map(String::as_str).collect::<Vec<_>>())
        },
    )
}

proptest! {
    #[test]
    fn sc8_granted_is_within_requested_and_held(
        c in arbitrary_catalogue(),
        organization in proptest::collection::btree_set(0_usize..8, 1..5),
        at_account in proptest::collection::btree_set(0_usize..8, 1..5),
        asked in proptest::option::of(proptest::collection::btree_set(0_usize..9, 1..4)),
        resources in proptest::collection::btree_set(0_usize..4, 0..3),
        to_account: bool,
    ) {
        let names = |set: &BTreeSet<usize>| set.iter().map(|n| format!("s{n}")).collect::<Vec<_>>().join(" ");
        let key = scoped(&[
            (GrantTarget::Organization, &names(&organization)),
            (GrantTarget::Account(account(1)), &names(&at_account)),
        ]);
        let target = if to_account { Target::Account(account(1)) } else { Target::Organization };
        let scope = asked.as_ref().map(names);
        let urns: Vec<String> = resources.iter().map(|n| format!("urn:{n}")).collect();
        let urns: Vec<&str> = urns.iter().map(String::as_str).collect();
        let closure = |set: &BTreeSet<usize>| -> BTreeSet<String> {
            set.iter().flat_map(|n| c.closure_of(&format!("s{n}").parse().unwrap())).map(ToString::to_string).collect()
        };
        let mut held = closure(&organization);
        if to_account {
            held.extend(closure(&at_account));
        }
        let outcome = decide(&request(scope.as_deref(), &urns, None), &key, target, &c);
        if let Ok(granted) = outcome {
            let requested = asked.as_ref().map_or_else(|| held.clone(), &closure);
            prop_assert!(!granted.scopes.is_empty() && !granted.audiences.is_empty());
            for name in &granted.scopes {
                prop_assert!(held.contains(name.as_str()), "{} not held", name);
                prop_assert!(requested.contains(name.as_str()), "{} not requested", name);
                prop_assert!(urns.is_empty() || urns.contains(&c.audience_of(name).unwrap().as_str()));
            }
            prop_assert!(granted.scopes.is_sorted());
            // Nothing is granted in part: what was asked for by name is there.
            for n in asked.iter().flatten() {
                let name = format!("s{n}");
                prop_assert!(granted.scopes.iter().any(|s| s.as_str() == name));
            }
        }
    }
}
