use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::*;
use crate::crypto::signing::SigningPair;
use crate::domain::outbound_url::OutboundUrl;
use crate::domain::signing_key::SigningAlgorithm;

const ISSUER: &str = "https://keys.example.com";
const CLIENT: &str = "key_01";
const NOW: i64 = 1_800_000_000;

struct Client {
    pair: SigningPair,
    keys: ClientJwks,
}

impl Client {
    fn new(algorithm: SigningAlgorithm) -> Self {
        let pair = SigningPair::generate(algorithm).unwrap().0;
        let set = json!({"keys": [pair.public_jwk()]});
        Self { pair, keys: ClientJwks::read(set.as_object().unwrap()).unwrap() }
    }

    fn signed(&self, typ: &str, claims: &Value) -> String {
        let mut token = Vec::new();
        self.pair.sign_onto(typ, &claims.to_string(), &mut token).unwrap();
        String::from_utf8(token).unwrap()
    }

    fn check(&self, assertion: &str) -> Result<UsedAssertion, ClientRefusal> {
        check_own(read(assertion)?, CLIENT, ISSUER, &self.keys, Timestamp::from_unix(NOW))
    }

    fn judge(&self, claims: &Value) -> Result<UsedAssertion, ClientRefusal> {
        self.check(&self.signed("JWT", claims))
    }
}

fn claims() -> Value {
    json!({"iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "exp": NOW + 60, "iat": NOW, "jti": "one"})
}

#[test]
fn pk2_every_claim_is_needed_and_judged() {
    let client = Client::new(SigningAlgorithm::ES256);
    assert_eq!(
        client.judge(&claims()).unwrap(),
        UsedAssertion { jti: "one".to_owned(), expires_at: Timestamp::from_unix(NOW + 60) }
    );
    for name in ["iss", "sub", "aud", "exp", "jti"] {
        let mut without = claims();
        without.as_object_mut().unwrap().remove(name);
        assert_eq!(client.judge(&without).unwrap_err(), ClientRefusal::AssertionClaims, "{name}");
        for wrong in [json!(null), json!([claims()[name]]), json!({}), json!(true), json!("x".repeat(257))] {
            let mut with = claims();
            with[name] = wrong;
            assert!(client.judge(&with).is_err(), "{with}");
        }
    }
    for (name, value) in [("exp", json!((NOW + 60).to_string())), ("iat", json!("1")), ("nbf", json!([])), ("exp", json!(1e300))]
    {
        let mut with = claims();
        with[name] = value;
        assert_eq!(client.judge(&with).unwrap_err(), ClientRefusal::AssertionClaims, "{with}");
    }
    let mut without = claims();
    without.as_object_mut().unwrap().remove("iat");
    assert!(client.judge(&without).is_ok());
    let mut with = claims();
    with["exp"] = json!(60.5 + f64::from(i32::MAX));
    assert_eq!(client.judge(&with).unwrap_err(), ClientRefusal::AssertionTime);
}

#[test]
fn pk3_the_audience_is_this_issuer_alone() {
    let client = Client::new(SigningAlgorithm::EdDSA);
    for audience in [
        json!(format!("{ISSUER}/connect/token")),
        json!(format!("{ISSUER}/")),
        json!([ISSUER, "https://other.example.com"]),
        json!([ISSUER]),
        json!([]),
        json!(""),
    ] {
        let mut with = claims();
        with["aud"] = audience;
        assert_eq!(client.judge(&with).unwrap_err(), ClientRefusal::AssertionClaims, "{with}");
    }
    for typ in ["JWT", "jwt", "client-authentication+jwt"] {
        assert!(client.check(&client.signed(typ, &claims())).is_ok(), "{typ}");
    }
    for typ in ["at+jwt", "dpop+jwt", "statuslist+jwt", "", "JWS"] {
        assert_eq!(client.check(&client.signed(typ, &claims())).unwrap_err(), ClientRefusal::MalformedAssertion, "{typ}");
    }
}

#[test]
fn pk4_clocks_may_differ_a_little() {
    let client = Client::new(SigningAlgorithm::ES256);
    let times = |exp: i64, iat: i64, nbf: i64| {
        let mut with = claims();
        (with["exp"], with["iat"], with["nbf"]) = (json!(NOW + exp), json!(NOW + iat), json!(NOW + nbf));
        client.judge(&with).err()
    };
    for (exp, iat, nbf) in [(60, 8, 8), (1, 0, 0), (300, 0, 0), (308, 8, 8), (60, 60, 60), (60, -600, -600)] {
        assert_eq!(times(exp, iat, nbf), None, "{exp} {iat} {nbf}");
    }
    for (exp, iat, nbf) in [(0, 0, 0), (-300, 0, 0), (60, 61, 0), (60, 0, 61), (311, 0, 0), (3600, 0, 0), (i64::MAX - NOW, 0, 0)]
    {
        assert_eq!(times(exp, iat, nbf), Some(ClientRefusal::AssertionTime), "{exp} {iat} {nbf}");
    }
}

#[test]
fn pk6_a_key_verifies_what_it_has_signed_and_with_its_own_algorithm() {
    let (client, other) = (Client::new(SigningAlgorithm::RS256), Client::new(SigningAlgorithm::RS256));
    let assertion = other.signed("JWT", &claims());
    assert_eq!(client.check(&assertion).unwrap_err(), ClientRefusal::AssertionSignature);
    let own = client.signed("JWT", &claims());
    let (message, signature) = own.rsplit_once('.').unwrap();
    let (_, payload) = message.split_once('.').unwrap();
    for alg in ["PS256", "ES256", "EdDSA"] {
        let header = URL_SAFE_NO_PAD.encode(json!({"alg": alg, "typ": "JWT"}).to_string());
        let forged = format!("{header}.{payload}.{signature}");
        assert_eq!(client.check(&forged).unwrap_err(), ClientRefusal::AssertionSignature, "{alg}");
    }
    for alg in ["none", "HS256", "RS512"] {
        let header = URL_SAFE_NO_PAD.encode(json!({"alg": alg}).to_string());
        for forged in [format!("{header}.{payload}."), format!("{header}.{payload}.{signature}")] {
            assert_eq!(client.check(&forged).unwrap_err(), ClientRefusal::MalformedAssertion, "{alg}");
        }
    }
    // A key in the header is not the client's because it says so.
    let mut header = json!({"alg": "RS256", "typ": "JWT"});
    header["jwk"] = json!(other.pair.public_jwk());
    let message = format!("{}.{payload}", URL_SAFE_NO_PAD.encode(header.to_string()));
    let signature = other.pair.sign_raw(message.as_bytes()).unwrap();
    assert_eq!(client.check(&format!("{message}.{signature}")).unwrap_err(), ClientRefusal::AssertionSignature);
}

#[test]
fn a_workloads_platform_vouches_for_one_subject_at_one_audience() {
    let platform = Client::new(SigningAlgorithm::RS256);
    let members = json!({"issuer": "https://k8s.example.com", "subject": "system:serviceaccount:a:b", "audience": ISSUER});
    let trusted = TrustedIssuer::read(members.as_object().unwrap(), OutboundUrl::from_stored).unwrap();
    let claims = json!({"iss": "https://k8s.example.com", "sub": "system:serviceaccount:a:b", "aud": [ISSUER], "iat": NOW,
        "exp": NOW + 3600, "kubernetes.io": {"namespace": "a"}});
    let judge = |claims: &Value| {
        let assertion = platform.signed("JWT", claims);
        check_of_workload(read(&assertion)?, &trusted, &platform.keys, || "print".to_owned(), Timestamp::from_unix(NOW + 600))
    };
    assert_eq!(judge(&claims).unwrap().jti, "print");
    for (name, value, refusal) in [
        ("iss", json!("https://k8s.example.com/"), ClientRefusal::AssertionClaims),
        ("sub", json!("system:serviceaccount:a:c"), ClientRefusal::AssertionClaims),
        ("aud", json!([ISSUER, "x"]), ClientRefusal::AssertionClaims),
        ("aud", json!("x"), ClientRefusal::AssertionClaims),
        ("iat", json!(null), ClientRefusal::AssertionClaims),
        ("exp", json!(NOW + 3611), ClientRefusal::AssertionTime),
        ("exp", json!(NOW + 600), ClientRefusal::AssertionTime),
    ] {
        let mut with = claims.clone();
        with[name] = value;
        assert_eq!(judge(&with).unwrap_err(), refusal, "{with}");
    }
    let mut named = claims.clone();
    (named["jti"], named["aud"]) = (json!("its own"), json!(ISSUER));
    assert_eq!(judge(&named).unwrap().jti, "its own");
}
