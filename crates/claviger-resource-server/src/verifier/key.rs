//! A public key of a JWK (RFC 7517), parsed once and kept so. One key has one algorithm (RFC 8725 section 3.1).

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::algorithm::Algorithm;

const COORDINATE_BYTES: usize = 32;
/// An RSA key of this many bits is verified in a moment; a larger one is a way to keep us busy.
const MAX_RSA_BYTES: usize = 8192 / 8;
/// Members that only a private or a shared key has.
const PRIVATE_MEMBERS: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "k"];

/// A public key that verifies signatures of one algorithm.
pub(super) struct PublicKey {
    algorithm: Algorithm,
    parsed: ParsedPublicKey,
}

impl PublicKey {
    /// The key of a JWK that names its own algorithm, and its `kid`; `None`: not one that signs tokens here.
    pub(super) fn of_set(jwk: &Map<String, Value>) -> Option<(String, Self)> {
        let text = |name| jwk.get(name).and_then(Value::as_str);
        if jwk.get("use").is_some_and(|usage| usage != "sig") {
            return None;
        }
        let key = Self::read(jwk, Algorithm::named(text("alg")?)?)?;
        Some((text("kid")?.to_owned(), key))
    }

    /// The key of a JWK, for this algorithm; `None` when it is not a public key of that.
    pub(super) fn read(jwk: &Map<String, Value>, algorithm: Algorithm) -> Option<Self> {
        let text = |name| jwk.get(name).and_then(Value::as_str);
        let bytes = |name| URL_SAFE_NO_PAD.decode(text(name)?).ok();
        let coordinate = |name| bytes(name).filter(|bytes| bytes.len() == COORDINATE_BYTES);
        if PRIVATE_MEMBERS.iter().any(|name| jwk.contains_key(*name))
            || text("alg").is_some_and(|alg| Algorithm::named(alg) != Some(algorithm))
        {
            return None;
        }
        let parsed = match (algorithm, text("kty")?, text("crv")) {
            (Algorithm::Rs256 | Algorithm::Ps256, "RSA", None) => {
                let (n, e) = (bytes("n")?, bytes("e")?);
                if !(2048 / 8..=MAX_RSA_BYTES).contains(&n.len()) {
                    return None;
                }
                let parameters =
                    if algorithm == Algorithm::Rs256 { &RSA_PKCS1_2048_8192_SHA256 } else { &RSA_PSS_2048_8192_SHA256 };
                RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters).ok()?
            }
            (Algorithm::Es256, "EC", Some("P-256")) => {
                let point = [&[4], &*coordinate("x")?, &*coordinate("y")?].concat();
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).ok()?
            }
            (Algorithm::EdDsa, "OKP", Some("Ed25519")) => ParsedPublicKey::new(&ED25519, coordinate("x")?).ok()?,
            _ => return None,
        };
        Some(Self { algorithm, parsed })
    }

    pub(super) const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.parsed.verify_sig(message, signature).is_ok()
    }
}

/// The thumbprint of a JWK (RFC 7638).
pub(super) fn thumbprint(jwk: &Map<String, Value>) -> Option<String> {
    let required: &[&str] = match jwk.get("kty").and_then(Value::as_str)? {
        "RSA" => &["e", "kty", "n"],
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        _ => return None,
    };
    let member = |name: &&str| Some(format!("{}:{}", Value::from(*name), Value::from(jwk.get(*name)?.as_str()?)));
    let members = required.iter().map(member).collect::<Option<Vec<_>>>()?;
    Some(sha256(format!("{{{}}}", members.join(",")).as_bytes()))
}

/// The SHA-256 in base64url, as `jkt`, `ath` and `x5t#S256` have it.
pub(super) fn sha256(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, bytes))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    /// RFC 8037 appendix A.2.
    fn ed25519() -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "alg": "EdDSA", "kid": "k", "use": "sig"})
    }

    #[test]
    fn the_thumbprint_is_that_of_rfc_8037_appendix_a_3() {
        assert_eq!(thumbprint(&object(ed25519())).unwrap(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn the_signature_of_rfc_8037_appendix_a_4_verifies() {
        let (kid, key) = PublicKey::of_set(&object(ed25519())).unwrap();
        let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        assert_eq!(kid, "k");
        assert!(key.verifies(message, &signature));
        assert!(!key.verifies(b"another", &signature));
        assert!(!key.verifies(message, &signature[1..]));
    }

    #[test]
    fn pk6_keys_of_another_kind_are_passed_over() {
        for (member, value) in [
            ("alg", json!("RS256")),
            ("alg", json!("none")),
            ("alg", json!("eddsa")),
            ("alg", json!(null)),
            ("kty", json!("oct")),
            ("kty", json!("EC")),
            ("crv", json!("X25519")),
            ("x", json!("AQAB")),
            ("x", json!(1)),
            ("use", json!("enc")),
            ("kid", json!(1)),
            ("d", json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")),
        ] {
            let mut jwk = ed25519();
            jwk[member] = value;
            assert!(PublicKey::of_set(&object(jwk.clone())).is_none(), "{jwk}");
        }
        let short = URL_SAFE_NO_PAD.encode([0xff; 128]);
        let rsa = json!({"kty": "RSA", "alg": "RS256", "kid": "k", "n": short, "e": "AQAB"});
        assert!(PublicKey::of_set(&object(rsa)).is_none());
    }
}
