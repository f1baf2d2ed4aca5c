//! What a key without a secret is recognised by, in the words of client metadata (RFC 7591 section 2, RFC 8705 section
//! 2.1.2). Nothing of it is secret: it is shown as it was given, and may be changed at any time.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::Invalid;
use super::api_key::AuthMethod;
use super::certificate_subject::{CertificateSubject, SubjectKind};
use super::outbound_url::OutboundUrl;

/// The longest JWK Set of a key, in bytes.
pub const MAX_JWKS_BYTES: usize = 16 * 1024;

/// A public credential: one of those that the key's method knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicCredential {
    /// The client's public keys (RFC 7517).
    Jwks(RegisteredJwks),
    /// Where the client publishes its public keys.
    JwksUri(OutboundUrl),
    /// The workload that a trusted issuer vouches for.
    TrustedIssuer(TrustedIssuer),
    /// Whom a CA has issued the client's certificate to.
    Certificate(CertificateSubject),
}

/// An object with the one member.
impl Serialize for PublicCredential {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(1))?;
        match self {
            Self::Jwks(set) => object.serialize_entry(self.member(), set)?,
            Self::JwksUri(url) => object.serialize_entry(self.member(), url)?,
            Self::TrustedIssuer(issuer) => object.serialize_entry(self.member(), issuer)?,
            Self::Certificate(subject) => object.serialize_entry(self.member(), subject.value())?,
        }
        object.end()
    }
}

impl PublicCredential {
    /// The member's name.
    pub const fn member(&self) -> &'static str {
        match self {
            Self::Jwks(_) => "jwks",
            Self::JwksUri(_) => "jwks_uri",
            Self::TrustedIssuer(_) => "trusted_issuer",
            Self::Certificate(subject) => subject.kind().member(),
        }
    }

    /// Reads what was stored: an object with the one member.
    ///
    /// # Errors
    /// When it is not that.
    pub fn from_stored(text: &str) -> Result<Self, Invalid> {
        let wrong = || Invalid::new("public_credential", "malformed", "is not an object with one known member");
        let stored: Map<String, Value> = serde_json::from_str(text).map_err(|_| wrong())?;
        let mut members = stored.into_iter();
        let (Some((name, value)), None) = (members.next(), members.next()) else { return Err(wrong()) };
        match (name.as_str(), value) {
            ("jwks", value) => RegisteredJwks::new(value).map(Self::Jwks),
            ("jwks_uri", Value::String(url)) => OutboundUrl::from_stored(&url).map(Self::JwksUri),
            ("trusted_issuer", Value::Object(members)) => {
                TrustedIssuer::read(&members, OutboundUrl::from_stored).map(Self::TrustedIssuer)
            }
            (name, Value::String(value)) => {
                let kind = SubjectKind::of_member(name).ok_or_else(wrong)?;
                CertificateSubject::new(kind, &value).map(Self::Certificate)
            }
            _ => Err(wrong()),
        }
    }

    /// The text that is stored.
    pub fn to_stored(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether a key with this method has the credential that it needs, and no other.
    ///
    /// # Errors
    /// Which member is missing or out of place.
    pub fn check(method: AuthMethod, credential: Option<&Self>) -> Result<(), Invalid> {
        let known = method.credential_members();
        match (credential, known) {
            (None, []) => Ok(()),
            (Some(credential), known) if known.contains(&credential.member()) => Ok(()),
            (Some(credential), _) => {
                let detail = format!("does not belong to a key with {method}");
                Err(Invalid::new(credential.member(), "not_allowed", detail))
            }
            (None, [first, ..]) => {
                let detail = format!("a key with {method} needs {}", known.join(" or "));
                Err(Invalid::new(first, "required", detail))
            }
        }
    }
}

/// The members of a key that are kept: those that somebody needs here, and the private ones, which are refused by name where
/// keys are read.
const KEPT: [&str; 21] = [
    "kty", "use", "key_ops", "alg", "kid", "n", "e", "crv", "x", "y", "x5c", "x5t", "x5t#S256", "d", "p", "q", "dp", "dq", "qi",
    "oth", "k",
];
/// The most keys, and the most texts in a list of one.
const MAX_LISTED: usize = 10;

/// A JWK Set as it was given, but for members that nobody needs here, which could hold anything: a million keys are kept in
/// memory. The keys are judged where keys are read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct RegisteredJwks(Map<String, Value>);

impl RegisteredJwks {
    /// Checks the outermost form and the size.
    ///
    /// # Errors
    /// When it is no object with a list `keys`, or is too long.
    pub fn new(value: Value) -> Result<Self, Invalid> {
        let wrong = || Invalid::new("jwks", "invalid_jwks", "must be a JWK Set: {\"keys\": [{\"kty\": …}]}");
        if serde_json::to_string(&value).map_or(usize::MAX, |text| text.len()) > MAX_JWKS_BYTES {
            return Err(Invalid::new("jwks", "too_long", "must have at most 16 KiB"));
        }
        let Value::Object(mut set) = value else { return Err(wrong()) };
        let Some(Value::Array(keys)) = set.remove("keys") else { return Err(wrong()) };
        if keys.len() > MAX_LISTED {
            return Err(Invalid::new("jwks", "invalid_jwks", "must have 1 to 10 keys"));
        }
        let keys = keys.into_iter().map(kept_members).collect::<Option<Vec<Value>>>().ok_or_else(wrong)?;
        Ok(Self(Map::from_iter([("keys".to_owned(), Value::Array(keys))])))
    }

    /// The set.
    pub const fn set(&self) -> &Map<String, Value> {
        &self.0
    }
}

/// The members of a key that are kept; `None` when one of them is neither a text nor a short list of texts.
fn kept_members(key: Value) -> Option<Value> {
    let Value::Object(mut members) = key else { return None };
    members.retain(|name, _| KEPT.contains(&name.as_str()));
    let is_plain = |value: &Value| match value {
        Value::String(_) => true,
        Value::Array(texts) => texts.len() <= MAX_LISTED && texts.iter().all(Value::is_string),
        _ => false,
    };
    members.values().all(is_plain).then_some(Value::Object(members))
}

/// A workload as the platform that runs it names it: a Kubernetes service account, a CI job, a SPIFFE id. Its tokens, JWTs of
/// the issuer, take the place of a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TrustedIssuer {
    /// `iss`, compared byte for byte.
    pub issuer: IssuerUrl,
    /// `sub`, compared byte for byte.
    #[schema(max_length = 512, example = "system:serviceaccount:shop:export")]
    pub subject: String,
    /// What must stand in `aud`: the workload asks its platform for a token for this server alone.
    #[schema(max_length = 512, example = "https://keys.example.com")]
    pub audience: String,
    /// Where the issuer's keys are; unless said, its metadata tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<OutboundUrl>,
}

/// The name of an issuer: a URL, kept as it was written, for it is compared so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerUrl {
    text: String,
    url: OutboundUrl,
}

impl IssuerUrl {
    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where its metadata is (OpenID Connect Discovery section 4): appended to the name.
    pub fn metadata_url(&self) -> String {
        format!("{}/.well-known/openid-configuration", self.text.trim_end_matches('/'))
    }

    /// The address.
    pub const fn url(&self) -> &OutboundUrl {
        &self.url
    }
}

impl Serialize for IssuerUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// The longest subject and audience, in bytes.
const MAX_NAME_BYTES: usize = 512;

impl TrustedIssuer {
    /// Reads the members; `url` reads an address.
    ///
    /// # Errors
    /// Which member is missing, unknown or wrong.
    pub fn read(members: &Map<String, Value>, url: impl Fn(&str) -> Result<OutboundUrl, Invalid>) -> Result<Self, Invalid> {
        let wrong = |code, detail: String| Invalid::new("trusted_issuer", code, detail);
        let known = ["issuer", "subject", "audience", "jwks_uri"];
        if let Some(other) = members.keys().find(|name| !known.contains(&name.as_str())) {
            let other: String = other.chars().take(64).collect();
            return Err(wrong("unknown_member", format!("has no member {other}")));
        }
        let text = |name: &str| match members.get(name) {
            Some(Value::String(text)) if (1..=MAX_NAME_BYTES).contains(&text.len()) && !text.chars().any(char::is_control) => {
                Ok(text.clone())
            }
            _ => Err(wrong("required", format!("needs {name}, a text of 1 to 512 bytes"))),
        };
        let address =
            |name: &str, text: &str| url(text).map_err(|invalid| wrong(invalid.code, format!("{name} {}", invalid.detail)));
        let issuer = text("issuer")?;
        if issuer.contains('?') {
            return Err(wrong("invalid_url", "issuer must have no query".to_owned()));
        }
        let jwks_uri = match members.get("jwks_uri") {
            None | Some(Value::Null) => None,
            Some(_) => Some(address("jwks_uri", &text("jwks_uri")?)?),
        };
        Ok(Self {
            issuer: IssuerUrl { url: address("issuer", &issuer)?, text: issuer },
            subject: text("subject")?,
            audience: text("audience")?,
            jwks_uri,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn stored(value: &Value) -> Result<PublicCredential, Invalid> {
        PublicCredential::from_stored(&value.to_string())
    }

    #[test]
    fn what_is_stored_reads_back() {
        for value in [
            json!({"jwks": {"keys": [{"kty": "RSA"}]}}),
            json!({"jwks_uri": "https://example.com/jwks.json"}),
            json!({"trusted_issuer": {"issuer": "https://k8s.example.com/", "subject": "system:serviceaccount:a:b",
                "audience": "https://keys.example.com"}}),
            json!({"tls_client_auth_subject_dn": "CN=export,O=Acme"}),
            json!({"tls_client_auth_san_dns": "export.example.com"}),
        ] {
            let credential = stored(&value).unwrap();
            assert_eq!(serde_json::from_str::<Value>(&credential.to_stored()).unwrap(), value);
            assert!(value.get(credential.member()).is_some());
        }
        let junk = json!({"jwks": {"keys": [{"kty": "RSA", "more": [{}]}], "x": [{"": 0}]}});
        assert_eq!(stored(&junk).unwrap().to_stored(), json!({"jwks": {"keys": [{"kty": "RSA"}]}}).to_string());
        assert!(stored(&json!({"jwks": {"keys": [{"x5c": [{"": 0}]}]}})).is_err());
        for wrong in [
            json!({}),
            json!([]),
            json!({"jwks": 1}),
            json!({"jwks": {"keys": 1}}),
            json!({"x": 1}),
            json!({"jwks_uri": "https://a", "jwks": {"keys": []}}),
            json!({"jwks_uri": 1}),
            json!({"trusted_issuer": {}}),
            json!({"tls_client_auth_san_dns": 1}),
            json!({"tls_client_auth_san_x": "a"}),
        ] {
            assert!(stored(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_method_has_the_credential_that_it_needs_and_no_other() {
        let keys = stored(&json!({"jwks": {"keys": []}})).unwrap();
        let check = PublicCredential::check;
        assert!(check(AuthMethod::ClientSecretBasic, None).is_ok() && check(AuthMethod::PrivateKeyJwt, Some(&keys)).is_ok());
        for (method, credential, field, code) in [
            (AuthMethod::ClientSecretBasic, Some(&keys), "jwks", "not_allowed"),
            (AuthMethod::WorkloadJwt, Some(&keys), "jwks", "not_allowed"),
            (AuthMethod::PrivateKeyJwt, None, "jwks", "required"),
            (AuthMethod::WorkloadJwt, None, "trusted_issuer", "required"),
            (AuthMethod::TlsClientAuth, None, "tls_client_auth_subject_dn", "required"),
            (AuthMethod::TlsClientAuth, Some(&keys), "jwks", "not_allowed"),
            (AuthMethod::SelfSignedTlsClientAuth, None, "jwks", "required"),
        ] {
            let invalid = check(method, credential).unwrap_err();
            assert_eq!((invalid.field, invalid.code), (field, code));
        }
    }

    #[test]
    fn an_issuers_metadata_is_where_discovery_says() {
        for (issuer, metadata) in [
            ("https://a.example", "https://a.example/.well-known/openid-configuration"),
            ("https://a.example/", "https://a.example/.well-known/openid-configuration"),
            ("https://a.example/x", "https://a.example/x/.well-known/openid-configuration"),
        ] {
            let members = json!({"issuer": issuer, "subject": "s", "audience": "a"});
            let read = TrustedIssuer::read(members.as_object().unwrap(), OutboundUrl::from_stored).unwrap();
            assert_eq!((read.issuer.as_str(), read.issuer.metadata_url().as_str()), (issuer, metadata));
        }
    }
}
