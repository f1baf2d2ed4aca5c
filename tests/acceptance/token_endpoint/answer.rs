//! RS1 to RS7: the answer and the token in it.

use std::collections::HashSet;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::support::token::basic;
use crate::support::{PAYMENTS, on_both};

/// Every claim that product.md section 3 names.
const CLAIMS: [&str; 14] = [
    "iss",
    "sub",
    "client_id",
    "aud",
    "iat",
    "nbf",
    "exp",
    "jti",
    "scope",
    "org",
    "account",
    "authorization_details",
    "status",
    "cnf",
];

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

on_both!(rs1_the_answer_has_these_four_members, |app| {
    // `accepted` fails on any member besides.
    let accepted = app.token(&app.fixture.k1).accepted();
    assert_eq!((accepted.expires_in, accepted.scope.as_str()), (3600, "a b"));
    let raw = app.token(&app.fixture.k1).send().text();
    assert!(raw.contains("\"expires_in\":3600"), "a JSON number: {raw}");
});

on_both!(rs2_the_header_names_algorithm_type_and_a_published_key, |app| {
    let accepted = app.token(&app.fixture.k1).accepted();
    assert_eq!(accepted.header.len(), 3, "{:?}", accepted.header);
    assert_eq!((&accepted.header["alg"], &accepted.header["typ"]), (&json!("RS256"), &json!("at+jwt")));
    assert_eq!(crate::support::jwt::published_kids(app), [accepted.kid()]);
});

on_both!(rs3_the_claims_are_those_of_rfc_9068, |app| {
    let k1 = &app.fixture.k1;
    let before = now();
    let accepted = app.token(k1).accepted();
    let claims = &accepted.claims;
    let metadata = app.get("/.well-known/oauth-authorization-server").json();
    assert_eq!(claims["iss"], metadata["issuer"]);
    assert_eq!(claims["iss"], json!(app.issuer));
    assert_eq!((&claims["sub"], &claims["client_id"]), (&json!(k1.client_id), &json!(k1.client_id)));
    assert_eq!(claims["org"], json!(app.fixture.organization));
    assert_eq!(claims["aud"], json!(PAYMENTS));
    assert_eq!(claims["scope"], json!("a b"));
    let time = |name: &str| claims[name].as_u64().unwrap_or_else(|| panic!("{name} is no whole number: {}", claims[name]));
    assert!((before..=now()).contains(&time("iat")), "{claims:?}");
    assert!(time("nbf") <= time("iat") && time("nbf") + 60 >= time("iat"), "{claims:?}");
    assert_eq!(time("exp") - time("iat"), accepted.expires_in);
    assert!(!claims.contains_key("account") && !claims.contains_key("authorization_details"), "{claims:?}");
});

on_both!(rs3_no_two_tokens_share_an_id, |app| {
    let mut connection = app.connect();
    let mut seen = HashSet::new();
    for _ in 0..400 {
        let answer = connection.exchange(&app.token(&app.fixture.k1).request()).unwrap();
        let accepted = crate::support::token::accepted(&answer);
        let jti = accepted.claims["jti"].as_str().unwrap().to_owned();
        assert!(jti.len() >= 22 && jti.bytes().all(|b| b.is_ascii_graphic()), "128 bits need more: {jti}");
        assert!(seen.insert(jti), "a token's id came twice");
    }
});

on_both!(rs5_nobody_chooses_who_the_token_is_about, |app| {
    let k1 = &app.fixture.k1;
    for more in
        ["sub=user_1", "iss=https://evil.example", "aud=https://evil.example", "org=x", "exp=99999999999", "expires_in=99999999"]
    {
        let accepted = app.token(k1).raw(more).accepted();
        assert_eq!((&accepted.claims["sub"], &accepted.claims["iss"]), (&json!(k1.client_id), &json!(app.issuer)), "{more}");
        assert_eq!((accepted.expires_in, accepted.audience()), (3600, vec![PAYMENTS.to_owned()]), "{more}");
    }
    let organization = &app.fixture.organization;
    for (flag, value) in [("--client-id", "key_01arz3ndektsv4rrffq69g5fav"), ("--client-secret", "clv_mine"), ("--id", "x")] {
        app.cli(&["keys", "create", "--organization", organization, "--name", "N", "--grant", "a", flag, value]).failed_with(2);
    }
    for _ in 0..3 {
        assert!(app.key_with_grants(&["a"]).client_id.starts_with("key_"));
    }
});

on_both!(rs6_an_access_token_is_no_credential_here, |app| {
    let k1 = &app.fixture.k1;
    let token = app.token(k1).accepted().token;
    let reference = app.token(&k1.with_wrong_secret()).unauthorized().look();
    let assertion = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=";
    for answer in [
        app.anonymous().header("Authorization", format!("Bearer {token}")).send(),
        app.anonymous().header("Authorization", format!("Basic {token}")).send(),
        app.anonymous().header("Authorization", basic(&k1.client_id, &token)).send(),
        app.anonymous().raw(&format!("client_id={}&client_secret={token}", k1.client_id)).send(),
        app.anonymous().raw(&format!("{assertion}{token}")).send(),
        app.anonymous().raw(&format!("client_id={}&{assertion}{token}", k1.client_id)).send(),
    ] {
        assert_eq!(answer.look(), reference);
    }
});

on_both!(rs7_the_claims_hold_nothing_personal, |app| {
    let name = "canary-name";
    let organization = &app.fixture.organization;
    let args = ["keys", "create", "--organization", organization, "--name", name, "--grant", "a b", "--max-payout", "55.00"];
    let key = crate::support::Key::from_json(app.json(&args));
    let one = app.fixture.account_1.as_str();
    let targeted = app.key_with_grants(&["a", &format!("{one}=disputes:read")]);
    for accepted in [app.token(&key).accepted(), app.token(&targeted).account(one).accepted()] {
        for claim in accepted.claims.keys() {
            assert!(CLAIMS.contains(&claim.as_str()), "{claim} is not in the contract");
        }
        let text = serde_json::to_string(&accepted.claims).unwrap();
        for personal in [name, "Acme", "Shop One", "127.0.0.1\"", key.client_secret.as_str(), "@"] {
            assert!(!text.contains(personal), "{personal}: {text}");
        }
    }
});

on_both!(a_payout_limit_is_handed_to_the_resource_server, |app| {
    for amount in ["55.00", "1", "0.00000001", "999999999999999.99999999"] {
        let key = app.create_key(&["--grant", "a", "--max-payout", amount]);
        let claims = app.token(&key).accepted().claims;
        assert_eq!(claims["authorization_details"], json!([{"type": "payout_limit", "max_amount": amount}]));
    }
});

on_both!(a_keys_token_lifetime_is_kept, |app| {
    for seconds in ["60", "900", "3600"] {
        let key = app.create_key(&["--grant", "a", "--token-lifetime-seconds", seconds]);
        let accepted = app.token(&key).accepted();
        assert_eq!(accepted.expires_in.to_string(), seconds);
        assert_eq!(accepted.claims["exp"].as_u64().unwrap() - accepted.claims["iat"].as_u64().unwrap(), accepted.expires_in);
    }
});
