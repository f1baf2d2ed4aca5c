//! Which keys are taken, which are refused and why, and what a signed token looks like.

use aws_lc_rs::signature::ECDSA_P384_SHA384_FIXED_SIGNING;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::*;
use crate::crypto::test_keys::{pair, pem, pkcs8, signed};

/// RSA of 1024 bits, made by openssl for this test.
const RSA_1024: &str = "\
    MIICeAIBADANBgkqhkiG9w0BAQEFAASCAmIwggJeAgEAAoGBAOB6NoC1ACGJahxVNUleZ7yjRamBcTfUidxCma8tcWvbhNhhu1LOalnUSVau3DaeYp0X\
    tQW7hp3IMC8e8aUMd694YTa18HVCpenPhpfgSWw4kUYrQGpviP6Ctick/Uy1U+hAs9VG8Y84fSFMQEwCNs/ukonc7Zyx4U7w7fYF4OcnAgMBAAECgYEA\
    pdvG/4w9H4pvu6V9rMszLN8abqb0p4LDpdoTwap6/m2BF3wGs6VOUTcYRRMIJNccF+RXXXf0fApZB8f+VawDlWHAWtis94Xu3JG4k6YCYItViJf0gCSz\
    aPssVGEpHyGA1OhJOtRDk4zV+BKlH7dDBcp2r0U1+exNIGuX6eGc78kCQQDyb7LP2bM3LTKXZN20BXLroXZL4FFvr5xvR/3oIkZ//czE80sdf2zf5E1/\
    5daCe0fi7CWlhzp/w2bOfAEGFwOdAkEA7QlMELjhVmtwIssuaNHbRfqfr8SLlqlCcpBKFOgBx7CCLYNKytkVezOF8pzLjfXm70i469HAWI51Llq615rk\
    kwJAE/jduz/NAtOnYk998DGuuPixPSj6rH/EHGrK4Q/JzQuEjgkY/BIeTweI1uuBU3iCgJBBvbQ5PoNDeek/UFgfBQJBAJIqwoIpT6M3201JV5QBnKKZ\
    erErlRxRwYzd1yDvNHHMMWoZZRyTIwD286l48LjYoxB5Grcof+Db7/ymrELZ3AsCQQDLyAjkfox5E1gVxoQ4yhoYAMNeEtRQTBSHX23rCS3ffRv+c72G\
    qX+AjA81nGVF4xKYnEUtgB1ixywtQdfrQrs6";
/// `openssl genpkey -algorithm ED448`
const ED448: &str = "MEcCAQAwBQYDK2VxBDsEOdF2yvCMR89NqvmjOAFwdnh+rXwq6IfTlJzrFRlmEQF+dyV5iJ6C7zc/f7bA/Zsnng2Rs74DqH49IA==";
/// `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`, as PKCS#8
const P_256: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgeKc4X4qKFfBhCgmI5DUrHOSf8AphvKWEg8D9Bmw92lyhRANCAAToCjHvc3Kxkz5jdlHY8MZdgNigUp9g/GJi332MQ+GZcx57R9AvILB/b4HgVzEFVUdqh9IOWdlH59uPaCXXm8hP";
/// RFC 8410 section 10.3, and the public key of its section 10.1.
const RFC_8410: &str = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";
const RFC_8410_PUBLIC: &str = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";

fn import(der: &[u8], wanted: Option<SigningAlgorithm>) -> Result<SigningPair, CryptoError> {
    SigningPair::import_pem(&pem("PRIVATE KEY", der), wanted).map(|(pair, _)| pair)
}

fn refusal(der: &[u8], wanted: Option<SigningAlgorithm>) -> KeyRefused {
    match import(der, wanted).unwrap_err() {
        CryptoError::KeyRefused(why) => why,
        other => panic!("{other}"),
    }
}

#[test]
fn a_key_is_the_same_after_it_was_stored() {
    for algorithm in SigningAlgorithm::ALL {
        let (pair, der) = (pair(algorithm), pkcs8(algorithm));
        let again = SigningPair::from_pkcs8(algorithm, der).unwrap();
        assert_eq!(again.public_jwk(), pair.public_jwk());
        assert_eq!(again.algorithm(), algorithm);
        assert_eq!(again.kid(), pair.public_jwk().thumbprint());
        assert_eq!(again.kid().len(), 43);
        let (imported, stored) = SigningPair::import_pem(&pem("PRIVATE KEY", der), Some(algorithm)).unwrap();
        assert_eq!(imported.public_jwk(), pair.public_jwk());
        assert_eq!(stored.as_slice(), der);
    }
}

#[test]
fn without_a_wish_the_key_chooses_its_algorithm() {
    for (made_for, chosen) in [
        (SigningAlgorithm::RS256, SigningAlgorithm::RS256),
        (SigningAlgorithm::PS256, SigningAlgorithm::RS256),
        (SigningAlgorithm::ES256, SigningAlgorithm::ES256),
        (SigningAlgorithm::EdDSA, SigningAlgorithm::EdDSA),
    ] {
        assert_eq!(import(pkcs8(made_for), None).unwrap().algorithm(), chosen);
    }
    assert_eq!(
        import(pkcs8(SigningAlgorithm::RS256), Some(SigningAlgorithm::PS256)).unwrap().algorithm(),
        SigningAlgorithm::PS256
    );
}

#[test]
fn keys_of_other_programs_are_read() {
    assert_eq!(import(&STANDARD.decode(P_256).unwrap(), None).unwrap().algorithm(), SigningAlgorithm::ES256);
    let pair = import(&STANDARD.decode(RFC_8410).unwrap(), None).unwrap();
    let public = STANDARD.decode(RFC_8410_PUBLIC).unwrap();
    assert_eq!(pair.public_jwk(), &PublicJwk::ed25519(public[12..].try_into().unwrap()).unwrap());
}

#[test]
fn a_key_is_not_used_with_an_algorithm_that_is_not_its_own() {
    for algorithm in SigningAlgorithm::ALL {
        for wanted in SigningAlgorithm::ALL {
            let rsa = |a| matches!(a, SigningAlgorithm::RS256 | SigningAlgorithm::PS256);
            if wanted == algorithm || rsa(wanted) && rsa(algorithm) {
                continue;
            }
            let possible = if rsa(algorithm) { SigningAlgorithm::RS256 } else { algorithm };
            assert_eq!(refusal(pkcs8(algorithm), Some(wanted)), KeyRefused::Algorithm { wanted, possible });
            assert!(SigningPair::from_pkcs8(wanted, pkcs8(algorithm)).is_err());
        }
    }
}

#[test]
fn jk1_weak_and_foreign_keys_are_refused_by_name() {
    assert_eq!(refusal(&STANDARD.decode(RSA_1024).unwrap(), None), KeyRefused::RsaSize);
    assert_eq!(refusal(&STANDARD.decode(RSA_1024).unwrap(), Some(SigningAlgorithm::PS256)), KeyRefused::RsaSize);
    assert_eq!(refusal(&STANDARD.decode(ED448).unwrap(), None), KeyRefused::KeyType);
    let p384 = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap().to_pkcs8v1().unwrap();
    assert_eq!(refusal(p384.as_ref(), None), KeyRefused::Curve);
    assert_eq!(refusal(p384.as_ref(), Some(SigningAlgorithm::ES256)), KeyRefused::Curve);
    // The same key under the identifier id-RSASSA-PSS, as openssl's RSA-PSS writes it.
    let mut restricted = pkcs8(SigningAlgorithm::RS256).to_vec();
    let identifier = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    let at = restricted.windows(9).position(|w| w == identifier).unwrap();
    restricted[at + 8] = 0x0a;
    assert_eq!(refusal(&restricted, None), KeyRefused::RestrictedToPss);
    // A PKCS#1 key under the wrong label.
    assert_eq!(refusal(&pkcs8(SigningAlgorithm::RS256)[26..], None), KeyRefused::Damaged);
    assert_eq!(refusal(b"not DER", None), KeyRefused::Damaged);
}

#[test]
fn rsa_numbers_are_held_to_their_bounds() {
    let modulus = |bits: usize| {
        let mut n = vec![0; bits.div_ceil(8)];
        n[0] = 1 << ((bits - 1) % 8);
        n
    };
    for (size, exponent, expected) in [
        (2047, &[1, 0, 1][..], Err(KeyRefused::RsaSize)),
        (2048, &[1, 0, 1], Ok(())),
        (3072, &[1, 0, 1], Ok(())),
        (4096, &[1, 0, 1], Ok(())),
        (4097, &[1, 0, 1], Err(KeyRefused::RsaSize)),
        (2048, &[3], Err(KeyRefused::RsaExponent)),
        (2048, &[0xff, 0xff], Err(KeyRefused::RsaExponent)),
        (2048, &[0xff; 32], Ok(())),
    ] {
        assert_eq!(check_rsa_numbers(&modulus(size), exponent), expected, "{size} {exponent:?}");
    }
}

#[test]
fn a_key_whose_numbers_do_not_belong_together_is_refused() {
    for algorithm in [SigningAlgorithm::RS256, SigningAlgorithm::ES256] {
        let mut der = pkcs8(algorithm).to_vec();
        let last = der.len() - 1;
        der[last] ^= 1;
        assert_eq!(refusal(&der, None), KeyRefused::Damaged, "{algorithm}");
        assert_eq!(refusal(&der[..last], None), KeyRefused::Damaged, "{algorithm}");
    }
}

#[test]
fn rs2_a_token_has_the_header_of_its_key_and_the_claims_as_given() {
    for algorithm in SigningAlgorithm::ALL {
        let pair = pair(algorithm);
        for typ in [ACCESS_TOKEN_TYPE, "statuslist+jwt"] {
            let token = signed(pair, typ, &json!({"sub": "key_x", "exp": 1}));
            let parts: Vec<_> = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
            assert_eq!(parts.len(), 3);
            assert!(typ != ACCESS_TOKEN_TYPE || token.len() <= pair.longest_token(parts[1].len()));
            let header: Value = serde_json::from_slice(&parts[0]).unwrap();
            assert_eq!(header, json!({"alg": algorithm.as_str(), "typ": typ, "kid": pair.kid()}));
            assert_eq!(parts[1], br#"{"exp":1,"sub":"key_x"}"#);
            let rsa = matches!(algorithm, SigningAlgorithm::RS256 | SigningAlgorithm::PS256);
            assert_eq!(parts[2].len(), if rsa { 256 } else { 64 });
        }
    }
}

#[test]
fn a_token_is_added_to_what_is_there() {
    let mut answer = b"{\"access_token\":\"".to_vec();
    let pair = pair(SigningAlgorithm::EdDSA);
    pair.sign_onto(ACCESS_TOKEN_TYPE, "{}", &mut answer).unwrap();
    // EdDSA signs the same bytes with the same signature.
    assert_eq!(answer, [b"{\"access_token\":\"", signed(pair, ACCESS_TOKEN_TYPE, &json!({})).as_bytes()].concat());
}

#[test]
fn a_pair_never_prints_its_private_half() {
    let pair = pair(SigningAlgorithm::ES256);
    assert_eq!(format!("{pair:?}"), format!("SigningPair {{ kid: {:?}, algorithm: ES256, .. }}", pair.kid()));
}
