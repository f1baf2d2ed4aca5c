//! What the checks after the signature take, and what not.

use serde_json::json;

use super::*;
use crate::crypto::dpop_nonce::NonceKey;
use crate::crypto::test_keys::{pair, proof};
use crate::domain::signing_key::SigningAlgorithm;

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://auth.example";

fn claims() -> Value {
    json!({"jti": "-BwC3ESc6acc2lTc", "htm": "POST", "htu": "https://auth.example/connect/token", "iat": NOW})
}

/// The claims with these put in or, with `null`, taken out.
fn with(changes: Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

fn check_with(rules: &ProofRules, claims: &Value, access_token: Option<&str>) -> Result<Proof, ProofRefused> {
    let proof = proof(SigningAlgorithm::ES256, claims);
    let request = ProvenRequest { proofs: &[proof.as_bytes()], method: "POST", path: "/connect/token", access_token };
    rules.check(&request, Profile::Standard, Timestamp::from_unix(NOW))
}

fn check(changes: Value) -> Result<Proof, ProofRefused> {
    check_with(&ProofRules::new(ISSUER, None), &with(changes), None)
}

fn is_invalid(outcome: &Result<Proof, ProofRefused>) -> bool {
    matches!(outcome, Err(ProofRefused::Invalid(_)))
}

#[test]
fn dp1_a_proof_says_whose_key_it_is_and_how_long_to_remember_it() {
    let expected = Proof {
        jkt: pair(SigningAlgorithm::ES256).public_jwk().thumbprint(),
        jti: "-BwC3ESc6acc2lTc".to_owned(),
        ends_at: Timestamp::from_unix(NOW + 61),
        next_nonce: None,
    };
    assert_eq!(check(json!({})).unwrap(), expected);
    assert!(is_invalid(&check(json!({"iat": NOW - 61}))));
    assert_eq!(check(json!({"iat": NOW - 60})).unwrap().ends_at, Timestamp::from_unix(NOW + 1));
}

#[test]
fn dp2_claims_that_are_refused() {
    for changes in [
        json!({"jti": null}),
        json!({"jti": ""}),
        json!({"jti": 1}),
        json!({"jti": "x".repeat(257)}),
        json!({"htm": null}),
        json!({"htm": "PUT"}),
        json!({"htm": "post"}),
        json!({"htu": null}),
        json!({"htu": "https://auth.example/connect/introspect"}),
        json!({"htu": ["https://auth.example/connect/token"]}),
        json!({"iat": null}),
        json!({"iat": NOW.to_string()}),
        json!({"iat": NOW - 3_600}),
        json!({"iat": NOW + 3_600}),
        json!({"iat": NOW + 61}),
        json!({"iat": i64::MIN}),
        json!({"iat": i64::MAX}),
        json!({"iat": u64::MAX}),
        json!({"iat": 1e300}),
        json!({"exp": NOW - 10}),
        json!({"exp": "later"}),
        json!({"nbf": NOW + 11}),
        json!({"nbf": true}),
    ] {
        assert!(is_invalid(&check(changes.clone())), "{changes}");
    }
}

#[test]
fn dp2_claims_that_are_taken() {
    for changes in [
        json!({"jti": "x".repeat(256)}),
        json!({"htu": "HTTPS://auth.EXAMPLE:443/connect/token?a=b#c"}),
        json!({"iat": NOW - 10}),
        json!({"iat": NOW + 10}),
        json!({"iat": NOW as f64 + 0.5}),
        json!({"exp": NOW + 1, "nbf": NOW}),
        json!({"exp": NOW - 9, "nbf": NOW + 10}),
        // Nothing was given that this could be.
        json!({"nonce": "from another node"}),
        // There is no access token yet.
        json!({"ath": "x", "future": {}}),
    ] {
        assert!(check(changes.clone()).is_ok(), "{changes}: {:?}", check(changes.clone()));
    }
}

#[test]
fn dp2_one_header() {
    let rules = ProofRules::new(ISSUER, None);
    let good = proof(SigningAlgorithm::ES256, &claims());
    let line = good.as_bytes();
    let padded = format!(" {good}\t");
    for (proofs, is_fine) in [
        (vec![line], true),
        (vec![padded.as_bytes()], true),
        (vec![], false),
        (vec![line, line], false),
        (vec![b"\xff".as_slice()], false),
    ] {
        let request = ProvenRequest { proofs: &proofs, method: "POST", path: "/connect/token", access_token: None };
        assert_eq!(rules.check(&request, Profile::Standard, Timestamp::from_unix(NOW)).is_ok(), is_fine, "{proofs:?}");
    }
}

#[test]
fn jk4_of_rs256_the_profile_fapi2_takes_nothing() {
    let rules = ProofRules::new(ISSUER, None);
    for algorithm in SigningAlgorithm::ALL {
        let proof = proof(algorithm, &claims());
        let request = ProvenRequest { proofs: &[proof.as_bytes()], method: "POST", path: "/connect/token", access_token: None };
        for (profile, is_fine) in [(Profile::Standard, true), (Profile::Fapi2, algorithm != SigningAlgorithm::RS256)] {
            let checked = rules.check(&request, profile, Timestamp::from_unix(NOW));
            assert_eq!(checked.is_ok(), is_fine, "{algorithm} {profile}: {checked:?}");
        }
    }
}

#[test]
fn dp3_with_nonces_every_proof_needs_one_that_was_given() {
    let key = NonceKey::from_key(&[3; 32]);
    let rules = ProofRules::new(ISSUER, Some(key.clone()));
    let given = |seconds| key.nonce(Timestamp::from_unix(NOW + seconds));
    let asked = Err(ProofRefused::UseNonce(given(0)));
    let foreign = NonceKey::from_key(&[4; 32]).nonce(Timestamp::from_unix(NOW));
    for changes in
        [json!({}), json!({"nonce": foreign}), json!({"nonce": given(-180)}), json!({"nonce": 1}), json!({"nonce": ""})]
    {
        assert_eq!(check_with(&rules, &with(changes.clone()), None), asked, "{changes}");
    }
    assert_eq!(check_with(&rules, &with(json!({"nonce": given(0)})), None).unwrap().next_nonce, None);
    // The nonce is older than the window in which it was given out, so the next one goes along.
    assert_eq!(check_with(&rules, &with(json!({"nonce": given(-60)})), None).unwrap().next_nonce, Some(given(0)));
    // A client with a wrong clock has the nonce to go by, within bounds.
    let proof = check_with(&rules, &with(json!({"nonce": given(0), "iat": NOW - 300})), None).unwrap();
    assert_eq!(proof.ends_at, Timestamp::from_unix(NOW + 1));
    assert!(is_invalid(&check_with(&rules, &with(json!({"nonce": given(0), "iat": NOW - 3_600})), None)));
    // A proof that is wrong in itself is not asked to come again with a nonce.
    assert!(is_invalid(&check_with(&rules, &with(json!({"htm": "PUT"})), None)));
}

#[test]
fn dp4_a_proof_with_a_nonce_is_remembered_for_as_long_as_any_node_would_take_it() {
    assert_eq!(check(json!({"nonce": "x"})).unwrap().ends_at, Timestamp::from_unix(NOW + 301));
}

#[test]
fn dp2_with_an_access_token_its_digest_must_be_there() {
    let rules = ProofRules::new(ISSUER, None);
    let right = access_token_hash("a.b.c");
    assert!(check_with(&rules, &with(json!({"ath": right})), Some("a.b.c")).is_ok());
    for (changes, token) in [(json!({}), "a.b.c"), (json!({"ath": 1}), "a.b.c"), (json!({"ath": right}), "a.b.d")] {
        assert!(is_invalid(&check_with(&rules, &with(changes.clone()), Some(token))), "{changes}");
    }
}

proptest::proptest! {
    #[test]
    fn dp2_whatever_comes_is_read_as_a_second_reader_reads_it(
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
        url in "(https?|HTTPS|ftp)(://|:/|:)[a-z@]{0,3}(auth\\.example)?(:[0-9]{0,4})?(/(t1|\\.\\.|connect|%74oken|token)){0,4}[?#]?[ -~]{0,4}",
        (alg, typ, member) in ("(ES256|RS256|EdDSA|Ed25519|none)", "(dpop\\+jwt|jwt)", "[a-z]{1,3}"),
    ) {
        crate::fuzz_invariants::dpop_proof::check(&bytes);
        crate::fuzz_invariants::dpop_proof::check(url.as_bytes());
        let header = json!({"alg": alg, "typ": typ, "jwk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", member.as_str(): "AA"}});
        crate::fuzz_invariants::dpop_proof::check(header.to_string().as_bytes());
        crate::fuzz_invariants::dpop_proof::check(proof(SigningAlgorithm::ES256, &header).as_bytes());
    }
}
