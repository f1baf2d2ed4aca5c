//! Public keys as the JWKS shows them (RFC 7517, RFC 7518 section 6, RFC 8037), named by their RFC 7638 thumbprint.
//!
//! The type has no place for a private member, and a text that has one does not parse.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::CryptoError;
use crate::domain::signing_key::SigningAlgorithm;

pub(crate) const COORDINATE_BYTES: usize = 32;
/// Sizes of RSA moduli that sign and verify here, in bits (RFC 7518 section 3.3 sets the lower one).
pub const RSA_MODULUS_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

/// A public signing key: `kty`, `use`, `alg`, `kid` and the public numbers, in unpadded base64url.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Members", into = "Members")]
pub struct PublicJwk {
    algorithm: SigningAlgorithm,
    kid: String,
    numbers: Numbers,
}

/// The public numbers of a key, as they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Numbers {
    Rsa { n: String, e: String },
    P256 { x: String, y: String },
    Ed25519 { x: String },
}

impl PublicJwk {
    /// An RSA key for RS256 or PS256, from big-endian numbers; leading zero bytes are dropped. `kid` is the thumbprint.
    ///
    /// # Errors
    /// [`CryptoError::PublicJwk`] when the modulus is not of 2048 to 4096 bits or the algorithm is not RSA's.
    pub fn rsa(algorithm: SigningAlgorithm, modulus: &[u8], exponent: &[u8]) -> Result<Self, CryptoError> {
        let (n, e) = (without_leading_zeros(modulus), without_leading_zeros(exponent));
        Self::named(algorithm, Numbers::Rsa { n: URL_SAFE_NO_PAD.encode(n), e: URL_SAFE_NO_PAD.encode(e) })
    }

    /// A P-256 key for ES256, from its coordinates. `kid` is the thumbprint.
    ///
    /// # Errors
    /// None that two coordinates can cause.
    pub fn p256(x: &[u8; COORDINATE_BYTES], y: &[u8; COORDINATE_BYTES]) -> Result<Self, CryptoError> {
        Self::named(SigningAlgorithm::ES256, Numbers::P256 { x: URL_SAFE_NO_PAD.encode(x), y: URL_SAFE_NO_PAD.encode(y) })
    }

    /// An Ed25519 key for EdDSA. `kid` is the thumbprint.
    ///
    /// # Errors
    /// None that 32 bytes can cause.
    pub fn ed25519(x: &[u8; COORDINATE_BYTES]) -> Result<Self, CryptoError> {
        Self::named(SigningAlgorithm::EdDSA, Numbers::Ed25519 { x: URL_SAFE_NO_PAD.encode(x) })
    }

    pub(super) fn named(algorithm: SigningAlgorithm, numbers: Numbers) -> Result<Self, CryptoError> {
        let kid = numbers.thumbprint();
        Self { algorithm, kid, numbers }.checked()
    }

    fn checked(self) -> Result<Self, CryptoError> {
        match (&self.numbers, self.algorithm) {
            (Numbers::Rsa { n, e }, SigningAlgorithm::RS256 | SigningAlgorithm::PS256) => {
                let (modulus, exponent) = (decoded(n)?, decoded(e)?);
                if !RSA_MODULUS_BITS.contains(&bits(&modulus)) {
                    return Err(CryptoError::PublicJwk("an RSA modulus has 2048 to 4096 bits"));
                }
                if modulus.first() == Some(&0) || exponent.first().is_none_or(|b| *b == 0) {
                    return Err(CryptoError::PublicJwk("n and e have no leading zero bytes (RFC 7518 section 6.3.1)"));
                }
            }
            (Numbers::P256 { x, y }, SigningAlgorithm::ES256) => {
                if decoded(x)?.len() != COORDINATE_BYTES || decoded(y)?.len() != COORDINATE_BYTES {
                    return Err(CryptoError::PublicJwk("x and y have 32 bytes (RFC 7518 section 6.2.1)"));
                }
            }
            (Numbers::Ed25519 { x }, SigningAlgorithm::EdDSA) => {
                if decoded(x)?.len() != COORDINATE_BYTES {
                    return Err(CryptoError::PublicJwk("x has 32 bytes (RFC 8037 section 2)"));
                }
            }
            _ => return Err(CryptoError::PublicJwk("kty and alg do not belong together")),
        }
        Ok(self)
    }

    /// The key's name in token headers.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The one algorithm that the key is used with.
    pub const fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// The RFC 7638 thumbprint with SHA-256, 43 characters. It does not cover `alg`: one RSA key has one thumbprint,
    /// whether it is meant for RS256 or PS256.
    pub fn thumbprint(&self) -> String {
        self.numbers.thumbprint()
    }

    pub(super) const fn numbers(&self) -> &Numbers {
        &self.numbers
    }
}

impl Numbers {
    /// RFC 7638 section 3: the required members alone, in order of name, no white space. Base64url needs no escapes.
    pub(super) fn thumbprint(&self) -> String {
        let canonical = match self {
            Self::Rsa { n, e } => format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#),
            Self::P256 { x, y } => format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#),
            Self::Ed25519 { x } => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#),
        };
        URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()))
    }
}

const NOT_BASE64URL: CryptoError = CryptoError::PublicJwk("numbers are written in unpadded base64url");

pub(super) fn decoded(text: &str) -> Result<Vec<u8>, CryptoError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| NOT_BASE64URL)
}

fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|b| **b == 0).count();
    number.get(zeros..).unwrap_or_default()
}

pub(crate) fn bits(number: &[u8]) -> usize {
    let number = without_leading_zeros(number);
    number.first().map_or(0, |first| 8 * number.len() - usize::try_from(first.leading_zeros()).unwrap_or(0))
}

/// A key as it is written, before anything is known of it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    kty: String,
    #[serde(rename = "use")]
    usage: String,
    alg: String,
    kid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    e: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crv: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    y: Option<String>,
}

impl TryFrom<Members> for PublicJwk {
    type Error = CryptoError;

    fn try_from(members: Members) -> Result<Self, CryptoError> {
        let Members { kty, usage, alg, kid, n, e, crv, x, y } = members;
        let algorithm = alg.parse().map_err(|_| CryptoError::PublicJwk("alg is RS256, PS256, ES256 or EdDSA"))?;
        if usage != "sig" {
            return Err(CryptoError::PublicJwk("use is sig"));
        }
        let numbers = match (kty.as_str(), crv.as_deref(), n, e, x, y) {
            ("RSA", None, Some(n), Some(e), None, None) => Numbers::Rsa { n, e },
            ("EC", Some("P-256"), None, None, Some(x), Some(y)) => Numbers::P256 { x, y },
            ("OKP", Some("Ed25519"), None, None, Some(x), None) => Numbers::Ed25519 { x },
            _ => return Err(CryptoError::PublicJwk("kty and the other members do not belong together")),
        };
        Self { algorithm, kid, numbers }.checked()
    }
}

impl From<PublicJwk> for Members {
    fn from(jwk: PublicJwk) -> Self {
        let (kty, crv, n, e, x, y) = match jwk.numbers {
            Numbers::Rsa { n, e } => ("RSA", None, Some(n), Some(e), None, None),
            Numbers::P256 { x, y } => ("EC", Some("P-256"), None, None, Some(x), Some(y)),
            Numbers::Ed25519 { x } => ("OKP", Some("Ed25519"), None, None, Some(x), None),
        };
        Self {
            kty: kty.to_owned(),
            usage: "sig".to_owned(),
            alg: jwk.algorithm.as_str().to_owned(),
            kid: jwk.kid,
            n,
            e,
            crv: crv.map(str::to_owned),
            x,
            y,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// The key of RFC 7638 section 3.1.
    const RFC_7638_N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZ\
         CiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHz\
         u6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKn\
         qDKgw";

    fn rfc_7638() -> Value {
        json!({"kty": "RSA", "n": RFC_7638_N, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29", "use": "sig"})
    }

    fn ed25519() -> Value {
        serde_json::to_value(PublicJwk::ed25519(&[9; 32]).unwrap()).unwrap()
    }

    #[test]
    fn the_thumbprint_is_that_of_rfc_7638_section_3_1() {
        let jwk: PublicJwk = serde_json::from_value(rfc_7638()).unwrap();
        assert_eq!(jwk.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        assert_eq!(jwk.kid(), "2011-04-29");
    }

    #[test]
    fn the_thumbprint_is_that_of_rfc_8037_appendix_a_3() {
        let x = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        let jwk = PublicJwk::ed25519(&x.try_into().unwrap()).unwrap();
        assert_eq!(jwk.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn jk1_leading_zero_bytes_do_not_reach_the_jwks() {
        let n = decoded(RFC_7638_N).unwrap();
        let padded = [&[0, 0], &n[..]].concat();
        let jwk = PublicJwk::rsa(SigningAlgorithm::RS256, &padded, &[0, 1, 0, 1]).unwrap();
        let written = serde_json::to_value(&jwk).unwrap();
        assert_eq!((written["n"].as_str().unwrap(), written["e"].as_str().unwrap()), (RFC_7638_N, "AQAB"));
    }

    #[test]
    fn jk1_a_key_reads_back_as_it_was_written_with_these_members_alone() {
        let point = PublicJwk::p256(&[1; 32], &[2; 32]).unwrap();
        for (jwk, names) in [
            (serde_json::from_value::<PublicJwk>(rfc_7638()).unwrap(), &["alg", "e", "kid", "kty", "n", "use"][..]),
            (point, &["alg", "crv", "kid", "kty", "use", "x", "y"]),
            (PublicJwk::ed25519(&[9; 32]).unwrap(), &["alg", "crv", "kid", "kty", "use", "x"]),
        ] {
            let written = serde_json::to_value(&jwk).unwrap();
            assert_eq!(written.as_object().unwrap().keys().collect::<Vec<_>>(), names);
            assert_eq!(serde_json::from_value::<PublicJwk>(written).unwrap(), jwk);
        }
    }

    #[test]
    fn jk1_private_members_and_broken_rules_are_refused() {
        let short = URL_SAFE_NO_PAD.encode([0xff; 128]);
        let padded = URL_SAFE_NO_PAD.encode([&[0], &decoded(RFC_7638_N).unwrap()[..]].concat());
        let changes: [(Value, &str, Value); 17] = [
            (rfc_7638(), "d", json!("AQAB")),
            (rfc_7638(), "p", json!("AQAB")),
            (rfc_7638(), "x", json!("AQAB")),
            (rfc_7638(), "use", json!("enc")),
            (rfc_7638(), "alg", json!("ES256")),
            (rfc_7638(), "alg", json!("none")),
            (rfc_7638(), "alg", json!("HS256")),
            (rfc_7638(), "kty", json!("oct")),
            (rfc_7638(), "kid", json!(1)),
            (rfc_7638(), "n", json!(short)),
            (rfc_7638(), "n", json!(padded)),
            (rfc_7638(), "n", json!(format!("{RFC_7638_N}="))),
            (rfc_7638(), "e", json!("")),
            (ed25519(), "d", json!("AQAB")),
            (ed25519(), "crv", json!("X25519")),
            (ed25519(), "x", json!("AQAB")),
            (ed25519(), "alg", json!("ES256")),
        ];
        for (mut jwk, member, value) in changes {
            jwk[member] = value;
            assert!(serde_json::from_value::<PublicJwk>(jwk.clone()).is_err(), "{member} in {jwk}");
        }
        let twice = ed25519().to_string().replacen('{', r#"{"kid":"other","#, 1);
        assert!(serde_json::from_str::<PublicJwk>(&twice).is_err());
    }
}
