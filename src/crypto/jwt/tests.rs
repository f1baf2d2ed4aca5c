//! Tokens that verify, and a table of those that must not.

use ring::hmac;
use serde_json::json;

use super::*;
use crate::crypto::jwk::PublicJwk;
use crate::crypto::test_keys::{self, pair, pem};

const ISSUER: &str = "https://auth.example";
const NOW: i64 = 1_800_000_000;

fn keys() -> [&'static VerifyingKey; 4] {
    SigningAlgorithm::ALL.map(|algorithm| pair(algorithm).verifying_key())
}

fn claims() -> Value {
    json!({"iss": ISSUER, "sub": "key_x", "iat": NOW, "nbf": NOW, "exp": NOW + 3600, "aud": "https://api.example"})
}

fn signed(claims: &Value) -> String {
    test_keys::signed(pair(SigningAlgorithm::ES256), ACCESS_TOKEN_TYPE, claims)
}

fn verify_at(token: &str, now: i64) -> Result<Verified, VerifyError> {
    verify(token, keys(), &Expected::access_token(ISSUER), Timestamp::from_unix(now))
}

fn refusal(token: &str) -> VerifyError {
    verify_at(token, NOW).unwrap_err()
}

/// A token of this header text and these claims, rightly signed with the ES256 key.
fn with_header(header: &str) -> String {
    with_texts(header.as_bytes(), claims().to_string().as_bytes())
}

fn with_texts(header: &[u8], payload: &[u8]) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = pair(SigningAlgorithm::ES256).sign_raw(message.as_bytes()).unwrap();
    format!("{message}.{signature}")
}

fn header_with(extra: &str) -> String {
    format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{}"{extra}}}"#, pair(SigningAlgorithm::ES256).kid())
}

#[test]
fn a_token_of_each_algorithm_verifies() {
    for algorithm in SigningAlgorithm::ALL {
        let pair = pair(algorithm);
        let verified = verify_at(&test_keys::signed(pair, ACCESS_TOKEN_TYPE, &claims()), NOW).unwrap();
        assert_eq!(verified.header, VerifiedHeader { algorithm, typ: "at+jwt".to_owned(), kid: pair.kid().to_owned() });
        assert_eq!(Value::Object(verified.claims), claims());
    }
}

#[test]
fn a_token_of_our_own_header_is_judged_as_any_other() {
    let pairs = SigningAlgorithm::ALL.map(pair);
    let own = |token: &str, now| verify_own(token, pairs.into_iter(), ISSUER, Timestamp::from_unix(now));
    for pair in pairs {
        let token = test_keys::signed(pair, ACCESS_TOKEN_TYPE, &claims());
        assert_eq!(token.split('.').next(), Some(pair.access_token_header()));
        for (token, now) in [
            (token.clone(), NOW),
            (token.clone(), NOW + 3600),
            (token.clone(), NOW - 1),
            (format!("{token}A"), NOW),
            (format!("{token}.A"), NOW),
            (token.replacen('.', ".e30", 1), NOW),
            (format!("{}.{}", pair.access_token_header(), "A".repeat(MAX_TOKEN_BYTES)), NOW),
            (pair.access_token_header().to_owned(), NOW),
        ] {
            assert_eq!(own(&token, now), verify_at(&token, now).map(|verified| verified.claims), "{token} {now}");
        }
        // The header of one key, the signature of another.
        let other = if pair.algorithm() == SigningAlgorithm::RS256 { pairs[1] } else { pairs[0] };
        let swapped = format!(
            "{}.{}",
            pair.access_token_header(),
            test_keys::signed(other, "at+jwt", &claims()).split_once('.').unwrap().1
        );
        assert_eq!(own(&swapped, NOW), Err(VerifyError::InvalidSignature));
    }
    let spelled_otherwise = with_header(&header_with(r#","cty":"JWT""#));
    assert!(own(&spelled_otherwise, NOW).is_ok());
}

#[test]
fn the_signatures_of_the_rfcs_verify() {
    // RFC 7515 appendix A.3.
    let x = URL_SAFE_NO_PAD.decode("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU").unwrap().try_into().unwrap();
    let y = URL_SAFE_NO_PAD.decode("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0").unwrap().try_into().unwrap();
    let message = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290\
                   Ijp0cnVlfQ";
    let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let jwk = VerifyingKey::new(PublicJwk::p256(&x, &y).unwrap()).unwrap();
    assert_eq!(check_signature(&jwk, message, signature), Ok(()));
    assert_eq!(check_signature(&jwk, &message[1..], signature), Err(VerifyError::InvalidSignature));
    // RFC 8037 appendix A.4.
    let x = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap().try_into().unwrap();
    let message = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let jwk = VerifyingKey::new(PublicJwk::ed25519(&x).unwrap()).unwrap();
    assert_eq!(check_signature(&jwk, message, signature), Ok(()));
}

#[test]
fn pk6_none_and_the_hmac_family_are_refused() {
    let kid = pair(SigningAlgorithm::RS256).kid();
    for alg in ["none", "nOnE", "NONE", "", "rs256", "RS256 ", "RS384", "ES384", "HS256", "HS512", "dir", "RSA1_5"] {
        let header = format!(r#"{{"alg":"{alg}","typ":"at+jwt","kid":"{kid}"}}"#);
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims().to_string()));
        assert_eq!(refusal(&format!("{message}.")), VerifyError::UnsupportedAlgorithm, "{alg}");
        assert_eq!(refusal(&format!("{message}.AAAA")), VerifyError::UnsupportedAlgorithm, "{alg}");
    }
    for header in [r#"{"typ":"at+jwt"}"#, r#"{"alg":null,"typ":"at+jwt"}"#, r#"{"alg":["ES256"],"typ":"at+jwt"}"#] {
        assert_eq!(refusal(&with_header(header)), VerifyError::UnsupportedAlgorithm, "{header}");
    }
}

#[test]
fn pk6_an_hmac_keyed_with_the_public_key_is_refused() {
    let pair = pair(SigningAlgorithm::RS256);
    let jwk = serde_json::to_string(pair.public_jwk()).unwrap();
    for (alg, refused) in [("HS256", VerifyError::UnsupportedAlgorithm), ("RS256", VerifyError::InvalidSignature)] {
        for secret in [pem("PUBLIC KEY", jwk.as_bytes()), jwk.clone(), String::new()] {
            let header = format!(r#"{{"alg":"{alg}","typ":"at+jwt","kid":"{}"}}"#, pair.kid());
            let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims().to_string()));
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), message.as_bytes());
            assert_eq!(refusal(&format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))), refused);
        }
    }
}

#[test]
fn pk6_a_key_verifies_with_its_own_algorithm_alone() {
    for own in SigningAlgorithm::ALL {
        for other in SigningAlgorithm::ALL.into_iter().filter(|a| *a != own) {
            // Signed by `other`'s key and saying so, but naming `own`'s key; and saying `own`.
            let kid = pair(own).kid();
            for (alg, refused) in [(other, VerifyError::AlgorithmMismatch), (own, VerifyError::InvalidSignature)] {
                let header = format!(r#"{{"alg":"{alg}","typ":"at+jwt","kid":"{kid}"}}"#);
                let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims().to_string()));
                let signature = pair(other).sign_raw(message.as_bytes()).unwrap();
                assert_eq!(refusal(&format!("{message}.{signature}")), refused, "{own} {other}");
            }
        }
    }
}

#[test]
fn pk6_one_rsa_key_as_rs256_does_not_verify_as_ps256() {
    let pair = pair(SigningAlgorithm::RS256);
    let mut jwk = serde_json::to_value(pair.public_jwk()).unwrap();
    jwk["alg"] = json!("PS256");
    let as_ps256 = VerifyingKey::new(serde_json::from_value(jwk).unwrap()).unwrap();
    let (message, signature) = ("a.b", pair.sign_raw(b"a.b").unwrap());
    assert_eq!(check_signature(pair.verifying_key(), message, &signature), Ok(()));
    assert_eq!(check_signature(&as_ps256, message, &signature), Err(VerifyError::InvalidSignature));
    let token = test_keys::signed(pair, ACCESS_TOKEN_TYPE, &claims());
    let refused = verify(&token, &[as_ps256], &Expected::access_token(ISSUER), Timestamp::from_unix(NOW)).unwrap_err();
    assert_eq!(refused, VerifyError::AlgorithmMismatch);
}

#[test]
fn headers_that_ask_for_more_are_refused_or_ignored() {
    assert!(verify_at(&with_header(&header_with("")), NOW).is_ok());
    for extra in [
        r#","jku":"https://evil.example/keys""#,
        r#","x5u":1,"x5c":["x"]"#,
        r#","jwk":{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
        r#","jwk":"nonsense","cty":"JWT","zip":"DEF""#,
    ] {
        assert!(verify_at(&with_header(&header_with(extra)), NOW).is_ok(), "{extra}");
    }
    let kid = pair(SigningAlgorithm::ES256).kid();
    for (header, refused) in [
        (header_with(r#","crit":["exp"],"exp":1"#), VerifyError::CriticalExtension),
        (header_with(r#","crit":[]"#), VerifyError::CriticalExtension),
        (header_with(r#","crit":null"#), VerifyError::CriticalExtension),
        (header_with(r#","b64":true"#), VerifyError::UnencodedPayload),
        (header_with(r#","b64":false"#), VerifyError::UnencodedPayload),
        (header_with(r#","alg":"none""#), VerifyError::DuplicateMember),
        (header_with(r#","kid":"x""#), VerifyError::DuplicateMember),
        (header_with(r#","jwk":{"a":1,"a":2}"#), VerifyError::DuplicateMember),
        (format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#), VerifyError::WrongType),
        (format!(r#"{{"alg":"ES256","typ":"JWT","kid":"{kid}"}}"#), VerifyError::WrongType),
        (format!(r#"{{"alg":"ES256","typ":"AT+JWT","kid":"{kid}"}}"#), VerifyError::WrongType),
        (format!(r#"{{"alg":"ES256","typ":"application/at+jwt","kid":"{kid}"}}"#), VerifyError::WrongType),
        (format!(r#"{{"alg":"ES256","typ":"statuslist+jwt","kid":"{kid}"}}"#), VerifyError::WrongType),
        (r#"{"alg":"ES256","typ":"at+jwt"}"#.to_owned(), VerifyError::MissingKeyId),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":7}"#.to_owned(), VerifyError::MissingKeyId),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":""}"#.to_owned(), VerifyError::UnknownKey),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"../../etc/passwd"}"#.to_owned(), VerifyError::UnknownKey),
        ("[]".to_owned(), VerifyError::MalformedHeader),
        (format!("{} x", header_with("")), VerifyError::MalformedHeader),
        (header_with(&format!(r#","x":{}1{}"#, "[".repeat(2000), "]".repeat(2000))), VerifyError::MalformedHeader),
    ] {
        assert_eq!(refusal(&with_header(&header)), refused, "{header}");
    }
}

#[test]
fn rs6_a_token_of_another_kind_is_refused_both_ways() {
    let pair = pair(SigningAlgorithm::ES256);
    let token = test_keys::signed(pair, "statuslist+jwt", &claims());
    assert_eq!(refusal(&token), VerifyError::WrongType);
    let expected = Expected { typ: "statuslist+jwt", ..Expected::access_token(ISSUER) };
    assert!(verify(&token, keys(), &expected, Timestamp::from_unix(NOW)).is_ok());
    assert_eq!(verify(&signed(&claims()), keys(), &expected, Timestamp::from_unix(NOW)).unwrap_err(), VerifyError::WrongType);
}

#[test]
fn a_key_that_is_no_longer_published_verifies_nothing() {
    let refused = verify(&signed(&claims()), &[], &Expected::access_token(ISSUER), Timestamp::from_unix(NOW)).unwrap_err();
    assert_eq!(refused, VerifyError::UnknownKey);
}

#[test]
fn whatever_is_altered_is_noticed() {
    for algorithm in SigningAlgorithm::ALL {
        let token = test_keys::signed(pair(algorithm), ACCESS_TOKEN_TYPE, &claims());
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            assert!(verify_at(&String::from_utf8(bytes).unwrap(), NOW).is_err(), "{algorithm} {at}");
        }
    }
    let token = signed(&claims());
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (header, _) = message.split_once('.').unwrap();
    let payload = URL_SAFE_NO_PAD.encode(claims().to_string().replace("key_x", "key_y"));
    assert_eq!(refusal(&format!("{header}.{payload}.{signature}")), VerifyError::InvalidSignature);
    let zeros = URL_SAFE_NO_PAD.encode([0; 64]);
    let longer = format!("{signature}AAAA");
    let padded = format!("{signature}==");
    for wrong in ["", "A", "AAAA", "!!!!", &zeros, &longer, &padded, &signature[..80]] {
        assert_eq!(refusal(&format!("{message}.{wrong}")), VerifyError::InvalidSignature, "{wrong}");
    }
}

#[test]
fn pk8_odd_shapes_and_sizes_are_refused() {
    let token = signed(&claims());
    for wrong in ["", ".", "..", "a", "a.b", "a.b.c.d", &".".repeat(MAX_TOKEN_BYTES), &format!("{token}."), &format!(".{token}")]
    {
        let expected = if *wrong == *".." { VerifyError::MalformedHeader } else { VerifyError::NotThreeSegments };
        assert_eq!(refusal(wrong), expected, "{}", wrong.len());
    }
    assert_eq!(refusal(&".".repeat(MAX_TOKEN_BYTES + 1)), VerifyError::TooLong);
    assert_eq!(refusal(&format!(" {token}")), VerifyError::MalformedHeader);
    assert_eq!(refusal(&format!("{token}\n")), VerifyError::InvalidSignature);
    assert_eq!(refusal(&token.replacen('.', "=.", 1)), VerifyError::MalformedHeader);
}

#[test]
fn claims_are_held_to_their_types_and_times() {
    for (claim, value, refused) in [
        ("iss", json!("https://auth.example/"), VerifyError::WrongIssuer),
        ("iss", json!("HTTPS://auth.example"), VerifyError::WrongIssuer),
        ("iss", json!([ISSUER]), VerifyError::WrongIssuer),
        ("iss", Value::Null, VerifyError::WrongIssuer),
        ("exp", json!((NOW + 60).to_string()), VerifyError::InvalidExpiry),
        ("exp", json!(1.9e9), VerifyError::InvalidExpiry),
        ("exp", json!(true), VerifyError::InvalidExpiry),
        ("exp", json!([NOW + 60]), VerifyError::InvalidExpiry),
        ("exp", json!(u64::MAX), VerifyError::InvalidExpiry),
        ("exp", Value::Null, VerifyError::InvalidExpiry),
        ("exp", json!(NOW), VerifyError::Expired),
        ("exp", json!(NOW - 1), VerifyError::Expired),
        ("exp", json!(i64::MIN), VerifyError::Expired),
        ("nbf", json!(NOW + 1), VerifyError::NotYetValid),
        ("nbf", json!(i64::MAX), VerifyError::NotYetValid),
        ("nbf", json!("0"), VerifyError::InvalidNotBefore),
        ("nbf", json!(1.5), VerifyError::InvalidNotBefore),
        ("nbf", Value::Null, VerifyError::InvalidNotBefore),
    ] {
        let mut wrong = claims();
        wrong[claim] = value.clone();
        assert_eq!(refusal(&signed(&wrong)), refused, "{claim} {value}");
    }
    for (absent, refused) in [("iss", Some(VerifyError::WrongIssuer)), ("exp", Some(VerifyError::InvalidExpiry)), ("nbf", None)] {
        let mut wrong = claims();
        wrong.as_object_mut().unwrap().remove(absent);
        assert_eq!(verify_at(&signed(&wrong), NOW).err(), refused, "{absent}");
    }
}

#[test]
fn a_token_lives_from_nbf_until_just_before_exp_and_leeway_widens_both() {
    let token = signed(&claims());
    for (now, refused) in
        [(NOW - 1, Some(VerifyError::NotYetValid)), (NOW, None), (NOW + 3599, None), (NOW + 3600, Some(VerifyError::Expired))]
    {
        assert_eq!(verify_at(&token, now).err(), refused, "{now}");
    }
    let lenient = Expected { leeway_seconds: 10, ..Expected::access_token(ISSUER) };
    for (now, ok) in [(NOW - 11, false), (NOW - 10, true), (NOW + 3609, true), (NOW + 3610, false)] {
        assert_eq!(verify(&token, keys(), &lenient, Timestamp::from_unix(now)).is_ok(), ok, "{now}");
    }
}

#[test]
fn payloads_that_two_readers_could_read_differently_are_refused() {
    let header = header_with("");
    let good = claims().to_string();
    let deep = format!(r#"{{"x":{}1{}}}"#, "[".repeat(3000), "]".repeat(3000));
    for (payload, refused) in [
        (good.replacen('{', r#"{"exp":9999999999,"#, 1), VerifyError::DuplicateMember),
        (good.replacen('{', r#"{"authorization_details":[{"a":1,"a":2}],"#, 1), VerifyError::DuplicateMember),
        ("[]".to_owned(), VerifyError::MalformedClaims),
        ("\"x\"".to_owned(), VerifyError::MalformedClaims),
        (String::new(), VerifyError::MalformedClaims),
        (format!("{good}{good}"), VerifyError::MalformedClaims),
        (deep, VerifyError::MalformedClaims),
    ] {
        assert_eq!(refusal(&with_texts(header.as_bytes(), payload.as_bytes())), refused, "{payload}");
    }
    assert_eq!(refusal(&with_texts(header.as_bytes(), b"{\"a\":\"\xff\"}")), VerifyError::MalformedClaims);
}

#[test]
fn a_refusal_never_shows_the_token() {
    let mut wrong = claims();
    wrong["exp"] = json!("canary");
    let why = refusal(&signed(&wrong));
    assert!(!format!("{why} {why:?}").contains("canary"));
}
