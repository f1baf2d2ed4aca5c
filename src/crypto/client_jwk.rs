//! Public keys of clients (RFC 7517), as other programs write them: `use`, `alg`, `kid` and `key_ops` may be missing, and
//! members that nobody needs here (`x5c`, `iat`, …) may be there. A private member never is: whoever sends one is told.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value};

use super::CryptoError;
use super::jwk::{Numbers, PublicJwk};
use super::verifying_key::VerifyingKey;
use crate::domain::signing_key::SigningAlgorithm;

/// The most keys of one client: old and new ones while it changes them.
pub const MAX_CLIENT_KEYS: usize = 10;
/// The longest `kid`, in bytes.
pub const MAX_KID_BYTES: usize = 256;

/// The members that hold private numbers, of RSA, elliptic curves and shared secrets.
pub(super) const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// The algorithm that a client names, with the name of RFC 9864 for EdDSA's one curve here.
pub fn algorithm_of(name: &str) -> Option<SigningAlgorithm> {
    if name == "Ed25519" { Some(SigningAlgorithm::EdDSA) } else { name.parse().ok() }
}

/// A public key of a client, and what it verifies with.
#[derive(Debug)]
pub struct ClientJwk {
    kid: Option<String>,
    /// One for each algorithm: an RSA key that names none verifies RS256 and PS256.
    keys: Vec<VerifyingKey>,
    /// The first of its certificates in DER (RFC 7517 section 4.7); empty when it cannot be read.
    certificate: Option<Vec<u8>>,
}

impl ClientJwk {
    /// Reads one key.
    ///
    /// # Errors
    /// [`CryptoError::PublicJwk`] says which rule it breaks.
    pub fn read(members: &Map<String, Value>) -> Result<Self, CryptoError> {
        let refused = |why| Err(CryptoError::PublicJwk(why));
        if PRIVATE.iter().any(|name| members.contains_key(*name)) {
            return refused("it holds a private or shared key: send the public half alone, and take this one out of use");
        }
        if members.get("use").is_some_and(|usage| usage != "sig") {
            return refused("use is sig");
        }
        let verifies = |operations: &Value| {
            operations.as_array().is_some_and(|operations| operations.iter().any(|operation| operation == "verify"))
        };
        if members.get("key_ops").is_some_and(|operations| !verifies(operations)) {
            return refused("key_ops has verify");
        }
        let kid = match members.get("kid") {
            None => None,
            Some(Value::String(kid)) if (1..=MAX_KID_BYTES).contains(&kid.len()) => Some(kid.clone()),
            Some(_) => return refused("kid is a text of 1 to 256 bytes"),
        };
        let text = |name| members.get(name).and_then(Value::as_str).map(str::to_owned);
        let missing = CryptoError::PublicJwk("it is RSA with n and e, EC on P-256 with x and y, or OKP on Ed25519 with x");
        let (numbers, possible): (_, &[SigningAlgorithm]) = match (text("kty").as_deref(), text("crv").as_deref()) {
            (Some("RSA"), None) => {
                let (n, e) = text("n").zip(text("e")).ok_or(missing)?;
                (Numbers::Rsa { n, e }, &[SigningAlgorithm::RS256, SigningAlgorithm::PS256])
            }
            (Some("EC"), Some("P-256")) => {
                let (x, y) = text("x").zip(text("y")).ok_or(missing)?;
                (Numbers::P256 { x, y }, &[SigningAlgorithm::ES256])
            }
            (Some("OKP"), Some("Ed25519")) => (Numbers::Ed25519 { x: text("x").ok_or(missing)? }, &[SigningAlgorithm::EdDSA]),
            _ => return Err(missing),
        };
        let wanted = match members.get("alg") {
            None => None,
            Some(alg) => match alg.as_str().and_then(algorithm_of) {
                Some(algorithm) => Some(algorithm),
                None => return refused("alg is RS256, PS256, ES256 or EdDSA"),
            },
        };
        let keys: Vec<VerifyingKey> = possible
            .iter()
            .filter(|algorithm| wanted.is_none_or(|wanted| wanted == **algorithm))
            .map(|algorithm| VerifyingKey::new(PublicJwk::named(*algorithm, numbers.clone())?))
            .collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return refused("kty and alg do not belong together");
        }
        Ok(Self { kid, keys, certificate: members.get("x5c").map(|chain| first_certificate(chain).unwrap_or_default()) })
    }

    /// Its name, when it has one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The key for an algorithm, when it may be used with that.
    pub fn for_algorithm(&self, algorithm: SigningAlgorithm) -> Option<&VerifyingKey> {
        self.keys.iter().find(|key| key.algorithm() == algorithm)
    }

    /// The algorithms that it may be used with.
    pub fn algorithms(&self) -> impl Iterator<Item = SigningAlgorithm> {
        self.keys.iter().map(VerifyingKey::algorithm)
    }

    /// The RFC 7638 thumbprint with SHA-256, 43 characters.
    pub fn thumbprint(&self) -> String {
        self.keys.first().map(|key| key.jwk().thumbprint()).unwrap_or_default()
    }

    /// The SHA-256 of its certificate as other programs show it, `AB:01:…`; `None` when it has none that can be read.
    pub fn certificate_fingerprint(&self) -> Option<String> {
        let certificate = self.certificate.as_ref().filter(|der| !der.is_empty())?;
        let bytes = digest(&SHA256, certificate);
        Some(bytes.as_ref().iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":"))
    }
}

/// RFC 7517 section 4.7: DER in base64 that is not base64url.
fn first_certificate(chain: &Value) -> Option<Vec<u8>> {
    STANDARD.decode(chain.as_array()?.first()?.as_str()?).ok()
}

/// The public keys of a client: a JWK Set (RFC 7517 section 5).
#[derive(Debug)]
pub struct ClientJwks(Vec<ClientJwk>);

impl ClientJwks {
    /// Reads a set of 1 to 10 keys. A set that somebody registers is refused when one of its keys is of no use here.
    ///
    /// # Errors
    /// [`CryptoError::PublicJwk`].
    pub fn read(set: &Map<String, Value>) -> Result<Self, CryptoError> {
        Self::read_keys(set, |key| key.map(Some))
    }

    /// The same for a set that was fetched: it may serve others too, so that keys of no use here are passed over (RFC 7517
    /// section 5). One with a private half is not.
    ///
    /// # Errors
    /// [`CryptoError::PublicJwk`], also when no key is left.
    pub fn read_leniently(set: &Map<String, Value>) -> Result<Self, CryptoError> {
        Self::read_keys(set, |key| Ok(key.ok()))
    }

    fn read_keys(
        set: &Map<String, Value>,
        judge: impl Fn(Result<ClientJwk, CryptoError>) -> Result<Option<ClientJwk>, CryptoError>,
    ) -> Result<Self, CryptoError> {
        let refused = CryptoError::PublicJwk("a JWK Set is an object whose keys are a list of 1 to 10 objects");
        let keys = set.get("keys").and_then(Value::as_array).ok_or(refused)?;
        if keys.len() > MAX_CLIENT_KEYS {
            return Err(refused);
        }
        let read = |key: &Value| judge(key.as_object().ok_or(refused).and_then(ClientJwk::read));
        let read: Vec<ClientJwk> = keys.iter().filter_map(|key| read(key).transpose()).collect::<Result<_, _>>()?;
        if read.is_empty() {
            return Err(refused);
        }
        Ok(Self(read))
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &ClientJwk> {
        self.0.iter()
    }

    /// Whether a certificate in DER, of which the key's thumbprint is known, is registered here (RFC 8705 section 2.2.2): a key
    /// that comes with a certificate is that one's alone, another one stands for every certificate about it.
    pub fn has_certificate(&self, certificate: &[u8], key_thumbprint: Option<&str>) -> bool {
        self.0.iter().any(|key| match &key.certificate {
            Some(registered) => registered == certificate,
            None => key_thumbprint == Some(key.thumbprint().as_str()),
        })
    }

    /// The keys that may have signed what names this algorithm and, perhaps, this key.
    pub fn candidates<'s>(&'s self, algorithm: SigningAlgorithm, kid: Option<&'s str>) -> impl Iterator<Item = &'s VerifyingKey> {
        self.0
            .iter()
            .filter(move |key| kid.is_none_or(|kid| key.kid() == Some(kid)))
            .filter_map(move |key| key.for_algorithm(algorithm))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(key: Value) -> Result<ClientJwk, CryptoError> {
        ClientJwk::read(key.as_object().unwrap())
    }

    fn ed25519() -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
    }

    fn rsa() -> Value {
        let pair = crate::crypto::signing::SigningPair::generate(SigningAlgorithm::RS256).unwrap().0;
        let mut key = serde_json::to_value(pair.public_jwk()).unwrap();
        for name in ["use", "alg", "kid"] {
            key.as_object_mut().unwrap().remove(name);
        }
        key
    }

    #[test]
    fn a_key_needs_its_numbers_alone() {
        let key = read(ed25519()).unwrap();
        assert_eq!((key.kid(), key.thumbprint().as_str()), (None, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"));
        assert!(key.for_algorithm(SigningAlgorithm::EdDSA).is_some() && key.for_algorithm(SigningAlgorithm::ES256).is_none());
        assert_eq!(key.certificate_fingerprint(), None);
        let mut certified = ed25519();
        certified["x5c"] = json!(["YWJj"]);
        let fingerprint = read(certified).unwrap().certificate_fingerprint().unwrap();
        // The SHA-256 of `abc` (FIPS 180-4).
        assert!(fingerprint.starts_with("BA:78:16:BF:") && fingerprint.ends_with(":15:AD") && fingerprint.len() == 95);
        let key = read(rsa()).unwrap();
        assert!(key.algorithms().eq([SigningAlgorithm::RS256, SigningAlgorithm::PS256]));
        assert!([SigningAlgorithm::RS256, SigningAlgorithm::PS256].iter().all(|alg| key.for_algorithm(*alg).is_some()));
    }

    #[test]
    fn pk6_a_key_for_one_algorithm_verifies_no_other() {
        let mut key = rsa();
        key["alg"] = json!("RS256");
        let key = read(key).unwrap();
        assert!(key.for_algorithm(SigningAlgorithm::RS256).is_some() && key.for_algorithm(SigningAlgorithm::PS256).is_none());
        let mut key = ed25519();
        key["alg"] = json!("Ed25519");
        assert!(read(key).is_ok());
    }

    #[test]
    fn what_is_no_public_key_of_ours_is_refused() {
        let changes = [
            ("d", json!("AA")),
            ("k", json!("AA")),
            ("use", json!("enc")),
            ("key_ops", json!(["sign"])),
            ("kid", json!(1)),
            ("kid", json!("")),
            ("kid", json!("x".repeat(257))),
            ("alg", json!("HS256")),
            ("alg", json!("none")),
            ("alg", json!("ES256")),
            ("alg", json!(1)),
            ("crv", json!("X25519")),
            ("kty", json!("oct")),
            ("x", json!("AQAB")),
            ("x", Value::Null),
        ];
        for (name, value) in changes {
            let mut key = ed25519();
            key[name] = value;
            assert!(read(key.clone()).is_err(), "{name}: {key}");
        }
        let mut key = ed25519();
        (key["x5c"], key["iat"], key["key_ops"]) = (json!([]), json!(1), json!(["verify"]));
        assert!(read(key).is_ok(), "other members do not matter");
    }

    #[test]
    fn a_set_is_searched_by_name_and_algorithm() {
        let (mut one, mut two) = (ed25519(), rsa());
        (one["kid"], two["kid"]) = (json!("one"), json!("two"));
        let set = json!({"keys": [one, two]});
        let keys = ClientJwks::read(set.as_object().unwrap()).unwrap();
        let found = |alg, kid| keys.candidates(alg, kid).count();
        assert_eq!(found(SigningAlgorithm::EdDSA, None), 1);
        assert_eq!(found(SigningAlgorithm::EdDSA, Some("one")), 1);
        assert_eq!(found(SigningAlgorithm::EdDSA, Some("two")), 0);
        assert_eq!(found(SigningAlgorithm::ES256, None), 0);
        let mixed = json!({"keys": [ed25519(), {"kty": "oct", "k": "AA"}]});
        assert!(ClientJwks::read(mixed.as_object().unwrap()).is_err());
        assert!(ClientJwks::read_leniently(mixed.as_object().unwrap()).is_ok());
        for none in [json!({}), json!({"keys": []}), json!({"keys": [1]}), json!({"keys": vec![ed25519(); 11]})] {
            assert!(ClientJwks::read(none.as_object().unwrap()).is_err(), "{none}");
        }
    }
}
