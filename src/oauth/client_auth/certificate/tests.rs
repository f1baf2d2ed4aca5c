use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256,
    SignatureAlgorithm,
};
use serde_json::{Value, json};

use super::*;
use crate::crypto::client_certificate::is_distinguished_name;
use crate::domain::certificate_subject::SubjectKind;

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

fn keys(key: Value) -> ClientJwks {
    ClientJwks::read(json!({"keys": [key]}).as_object().unwrap()).unwrap()
}

fn presented(key: &KeyPair) -> PresentedCertificate {
    let certificate = CertificateParams::new(Vec::new()).unwrap().self_signed(key).unwrap();
    PresentedCertificate::new(certificate.der().to_vec(), Vec::new())
}

#[test]
fn mt1_a_certificate_is_known_by_a_key_of_every_kind() {
    let generated = |algorithm: &'static SignatureAlgorithm| KeyPair::generate_for(algorithm).unwrap();
    let (ed25519, rsa) = (generated(&PKCS_ED25519), generated(&PKCS_RSA_SHA256));
    // RFC 8017 appendix A.1.1: behind nine bytes the 2048 bits of the modulus.
    let modulus = URL_SAFE_NO_PAD.encode(&rsa.public_key_raw()[9..265]);
    let keys_of = [
        (&ed25519, json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(ed25519.public_key_raw())})),
        (&rsa, json!({"kty": "RSA", "n": modulus, "e": "AQAB", "alg": "PS256"})),
    ];
    for (pair, jwk) in &keys_of {
        let certificate = presented(pair);
        assert_eq!(check_registered(&certificate, &keys(jwk.clone()), NOW), Ok(()), "{jwk}");
        for (_, other) in keys_of.iter().filter(|(_, other)| other != jwk) {
            assert_eq!(check_registered(&certificate, &keys(other.clone()), NOW), Err(ClientRefusal::CertificateMismatch));
        }
    }
    // Nobody can register a key of another kind.
    let other = presented(&generated(&PKCS_ECDSA_P384_SHA384));
    assert_eq!(other.read().unwrap().key_thumbprint(), None);
}

#[test]
fn mt1_what_is_no_certificate_is_refused() {
    let good = presented(&KeyPair::generate().unwrap());
    let key = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "x5c": ["%%%"]});
    let nobodys = keys(key);
    let cut = good.leaf()[..good.leaf().len() - 1].to_vec();
    let longer = [good.leaf(), b"\0"].concat();
    for bytes in [Vec::new(), vec![0x30, 0], cut, longer, vec![0x30; 5_000]] {
        let bad = PresentedCertificate::new(bytes, Vec::new());
        assert_eq!(check_registered(&bad, &nobodys, NOW), Err(ClientRefusal::CertificateMalformed));
    }
    assert_eq!(check_registered(&good, &nobodys, NOW), Err(ClientRefusal::CertificateMismatch));
}

#[test]
fn mt1_a_path_to_the_ca_has_its_time() {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "CA");
    let key = KeyPair::generate().unwrap();
    let ca = ClientCa::from_pem(params.self_signed(&key).unwrap().pem().as_bytes()).unwrap();
    let issuer = Issuer::new(params, key);
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "export");
    let certificate = params.signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap();
    let certificate = PresentedCertificate::new(certificate.der().to_vec(), Vec::new());
    let check = |subject: &str, now| {
        check_issued(&certificate, &CertificateSubject::new(SubjectKind::Dn, subject).unwrap(), &ca, Timestamp::from_unix(now))
    };
    assert_eq!(check("CN=export", NOW.unix()), Ok(()));
    assert_eq!(check("CN=export ", NOW.unix()), Err(ClientRefusal::CertificateMismatch));
    assert_eq!(check("CN=export", 99_999_999_999), Err(ClientRefusal::CertificateTime));
    assert_eq!(check("CN=export", 0), Err(ClientRefusal::CertificateTime));
    assert_eq!(check("CN=export", -1), Err(ClientRefusal::CertificateTime));
    assert!(ClientCa::from_pem(b"").is_err());
    assert!(!is_distinguished_name("") && !is_distinguished_name("export") && is_distinguished_name("CN=a+OU=b,O=c"));
}
