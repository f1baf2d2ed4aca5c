//! The strict reader of what clients sign for this server: assertions (RFC 7523) and proofs (RFC 9449). As strict as
//! [`jwt`](super::jwt) is with our own tokens, in the same order; what differs is whose key it is, that `kid` may be
//! missing, and that the claims must be looked at before the signature is known to be right: they say who has signed.

use serde_json::{Map, Value};

use super::client_jwk::{MAX_KID_BYTES, algorithm_of};
use super::jwt::{MAX_TOKEN_BYTES, VerifyError, check_signature, object, segments};
use super::verifying_key::VerifyingKey;
use crate::domain::signing_key::SigningAlgorithm;

/// A signed statement whose signature nobody has looked at yet.
#[derive(Clone, Debug)]
pub struct Unverified<'t> {
    message: &'t str,
    signature: &'t str,
    header: Map<String, Value>,
    claims: Map<String, Value>,
    algorithm: SigningAlgorithm,
    kid: Option<String>,
}

impl<'t> Unverified<'t> {
    /// Takes a statement apart.
    ///
    /// # Errors
    /// [`VerifyError`] about its form: a header or claims that are not JSON objects without repeated members, an algorithm
    /// that is not one of ours, `crit`, `b64`, a `kid` that is no text.
    pub fn read(token: &'t str) -> Result<Self, VerifyError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(VerifyError::TooLong);
        }
        let (message, header, payload, signature) = segments(token).ok_or(VerifyError::NotThreeSegments)?;
        let header = object(header, VerifyError::MalformedHeader)?;
        let algorithm = header.get("alg").and_then(Value::as_str).and_then(algorithm_of);
        let algorithm = algorithm.ok_or(VerifyError::UnsupportedAlgorithm)?;
        if header.contains_key("crit") {
            return Err(VerifyError::CriticalExtension);
        }
        if header.contains_key("b64") {
            return Err(VerifyError::UnencodedPayload);
        }
        let kid = match header.get("kid") {
            None => None,
            Some(Value::String(kid)) if kid.len() <= MAX_KID_BYTES => Some(kid.clone()),
            Some(_) => return Err(VerifyError::MissingKeyId),
        };
        let claims = object(payload, VerifyError::MalformedClaims)?;
        Ok(Self { message, signature, header, claims, algorithm, kid })
    }

    /// What was signed: header and payload. One statement may have several right signatures.
    pub const fn message(&self) -> &'t str {
        self.message
    }

    /// `typ`, when it is a text. [`None`] too when it is something else, which [`has_typ`](Self::has_typ) tells.
    pub fn typ(&self) -> Option<&str> {
        self.header.get("typ").and_then(Value::as_str)
    }

    /// Whether there is a `typ` at all.
    pub fn has_typ(&self) -> bool {
        self.header.contains_key("typ")
    }

    /// `alg`
    pub const fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// `kid`
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// `jwk`: the key that the statement itself names. To be believed by nobody who wants to know who has signed.
    pub fn embedded_key(&self) -> Option<&Map<String, Value>> {
        self.header.get("jwk").and_then(Value::as_object)
    }

    /// A claim that nobody has vouched for yet.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }

    /// The claims, when one of `keys` has signed them. Keys for another algorithm are passed over.
    ///
    /// # Errors
    /// [`VerifyError::UnknownKey`] when there was no key to try, [`VerifyError::InvalidSignature`].
    pub fn verify<'k>(self, keys: impl IntoIterator<Item = &'k VerifyingKey>) -> Result<Map<String, Value>, VerifyError> {
        let mut refused = VerifyError::UnknownKey;
        for key in keys.into_iter().filter(|key| key.algorithm() == self.algorithm) {
            match check_signature(key, self.message, self.signature) {
                Ok(()) => return Ok(self.claims),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::signing::SigningPair;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    fn signed(pair: &SigningPair, claims: &str) -> String {
        let mut token = Vec::new();
        pair.sign_onto("JWT", claims, &mut token).unwrap();
        String::from_utf8(token).unwrap()
    }

    fn with_header(header: &str) -> String {
        format!("{}.e30.AA", URL_SAFE_NO_PAD.encode(header))
    }

    #[test]
    fn a_statement_is_believed_when_its_key_is_known() {
        let pair = SigningPair::generate(SigningAlgorithm::ES256).unwrap().0;
        let other = SigningPair::generate(SigningAlgorithm::ES256).unwrap().0;
        let token = signed(&pair, r#"{"sub":"x"}"#);
        let read = || Unverified::read(&token).unwrap();
        assert_eq!((read().typ(), read().kid(), read().algorithm()), (Some("JWT"), Some(pair.kid()), SigningAlgorithm::ES256));
        assert_eq!(read().claim("sub").unwrap(), "x");
        assert_eq!(read().verify([pair.verifying_key()]).unwrap()["sub"], "x");
        assert_eq!(read().verify([other.verifying_key(), pair.verifying_key()]).unwrap()["sub"], "x");
        assert_eq!(read().verify([other.verifying_key()]).unwrap_err(), VerifyError::InvalidSignature);
        assert_eq!(read().verify([]).unwrap_err(), VerifyError::UnknownKey);
    }

    #[test]
    fn pk6_pk7_pk8_headers_that_lead_astray_are_refused() {
        for (header, error) in [
            (r#"{"alg":"none"}"#, VerifyError::UnsupportedAlgorithm),
            (r#"{"alg":"nOnE"}"#, VerifyError::UnsupportedAlgorithm),
            (r#"{"alg":"HS256"}"#, VerifyError::UnsupportedAlgorithm),
            (r#"{"alg":"RS512"}"#, VerifyError::UnsupportedAlgorithm),
            (r#"{"alg":["RS256"]}"#, VerifyError::UnsupportedAlgorithm),
            (r"{}", VerifyError::UnsupportedAlgorithm),
            (r#"{"alg":"RS256","crit":["x"]}"#, VerifyError::CriticalExtension),
            (r#"{"alg":"RS256","b64":false}"#, VerifyError::UnencodedPayload),
            (r#"{"alg":"RS256","kid":1}"#, VerifyError::MissingKeyId),
            (r#"{"alg":"RS256","alg":"RS256"}"#, VerifyError::DuplicateMember),
            ("[]", VerifyError::MalformedHeader),
            ("\u{feff}{}", VerifyError::MalformedHeader),
        ] {
            assert_eq!(Unverified::read(&with_header(header)).unwrap_err(), error, "{header}");
        }
        let long = format!(r#"{{"alg":"RS256","kid":"{}"}}"#, "k".repeat(8_192));
        assert_eq!(Unverified::read(&with_header(&long)).unwrap_err(), VerifyError::MissingKeyId);
        for token in ["", ".", "..", "a.b", "a.b.c.d", &".".repeat(15_000), &"a".repeat(20_000)] {
            assert!(Unverified::read(token).is_err());
        }
    }
}
