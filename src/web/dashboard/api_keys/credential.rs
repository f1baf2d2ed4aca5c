//! How a key proves itself, in words: for its page, for the list, and for those who try it.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::crypto::client_jwk::{ClientJwk, ClientJwks};
use crate::domain::api_key::AuthMethod;
use crate::domain::certificate_subject::SubjectKind;
use crate::domain::signing_key::SigningAlgorithm;

/// What of a key's answer says how it proves itself: flatten it into the struct of a key.
#[derive(Clone, Debug, Default, Deserialize)]
pub(in crate::web::dashboard) struct Credential {
    pub(in crate::web::dashboard) token_endpoint_auth_method: String,
    #[serde(default)]
    pub(in crate::web::dashboard) jwks: Option<Map<String, Value>>,
    #[serde(default)]
    pub(in crate::web::dashboard) jwks_uri: Option<String>,
    #[serde(default)]
    pub(in crate::web::dashboard) trusted_issuer: Option<TrustedIssuer>,
    #[serde(default)]
    tls_client_auth_subject_dn: Option<String>,
    #[serde(default)]
    tls_client_auth_san_dns: Option<String>,
    #[serde(default)]
    tls_client_auth_san_uri: Option<String>,
    #[serde(default)]
    tls_client_auth_san_ip: Option<String>,
    #[serde(default)]
    tls_client_auth_san_email: Option<String>,
    pub(in crate::web::dashboard) require_bound_tokens: bool,
}

/// Whose tokens take the place of a secret.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::web::dashboard) struct TrustedIssuer {
    pub(in crate::web::dashboard) issuer: String,
    pub(in crate::web::dashboard) subject: String,
    pub(in crate::web::dashboard) audience: String,
    #[serde(default)]
    pub(in crate::web::dashboard) jwks_uri: Option<String>,
}

/// A public key that is registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::web::dashboard) struct PublicKey {
    pub(in crate::web::dashboard) kid: Option<String>,
    /// "ES256", "RS256, PS256"
    pub(in crate::web::dashboard) algorithms: String,
    /// RFC 7638.
    pub(in crate::web::dashboard) thumbprint: String,
    /// Of the certificate that it came with.
    pub(in crate::web::dashboard) fingerprint: Option<String>,
}

impl PublicKey {
    fn of(key: &ClientJwk) -> Self {
        Self {
            kid: key.kid().map(str::to_owned),
            algorithms: key.algorithms().map(SigningAlgorithm::as_str).collect::<Vec<_>>().join(", "),
            thumbprint: key.thumbprint(),
            fingerprint: key.certificate_fingerprint(),
        }
    }

    /// For a line of text: its name, and how its thumbprint begins.
    pub(in crate::web::dashboard) fn in_short(&self) -> String {
        let begins: String = self.thumbprint.chars().take(8).collect();
        self.kid.as_ref().map_or_else(|| format!("{begins}…"), |kid| format!("{kid} ({begins}…)"))
    }
}

/// The keys of a set, as far as they are of use.
pub(in crate::web::dashboard) fn public_keys(set: &Map<String, Value>) -> Vec<PublicKey> {
    ClientJwks::read_leniently(set).map(|keys| keys.iter().map(PublicKey::of).collect()).unwrap_or_default()
}

impl Credential {
    /// The method, as far as this server knows it.
    pub(in crate::web::dashboard) fn method(&self) -> Option<AuthMethod> {
        self.token_endpoint_auth_method.parse().ok()
    }

    /// Whether there are secrets at all.
    pub(in crate::web::dashboard) fn has_secret(&self) -> bool {
        self.method().is_some_and(AuthMethod::has_secret)
    }

    /// Whether it proves itself by a certificate.
    pub(in crate::web::dashboard) fn uses_certificate(&self) -> bool {
        self.method().is_some_and(AuthMethod::uses_certificate)
    }

    /// "Certificate of a CA, no secret"
    pub(in crate::web::dashboard) fn in_words(&self) -> &str {
        let Some(method) = self.method() else { return &self.token_endpoint_auth_method };
        in_words(method)
    }

    /// For a cell of a table, in place of a secret.
    pub(in crate::web::dashboard) fn in_short(&self) -> &'static str {
        match self.method() {
            Some(AuthMethod::PrivateKeyJwt) => "Public keys",
            Some(AuthMethod::WorkloadJwt) => "Workload",
            Some(AuthMethod::TlsClientAuth | AuthMethod::SelfSignedTlsClientAuth) => "Certificate",
            Some(AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost) | None => "none",
        }
    }

    /// What exactly is registered: the cell's second line.
    pub(in crate::web::dashboard) fn detail(&self) -> String {
        if let Some((_, name)) = self.subject() {
            return name.to_owned();
        }
        if let Some(trusted) = &self.trusted_issuer {
            return trusted.subject.clone();
        }
        if let Some(url) = &self.jwks_uri {
            return url.clone();
        }
        self.public_keys().first().map(PublicKey::in_short).unwrap_or_default()
    }

    /// The public keys that are registered here.
    pub(in crate::web::dashboard) fn public_keys(&self) -> Vec<PublicKey> {
        self.jwks.as_ref().map(public_keys).unwrap_or_default()
    }

    /// Whom a CA has issued the certificate to.
    pub(in crate::web::dashboard) fn subject(&self) -> Option<(SubjectKind, &str)> {
        let named = [
            &self.tls_client_auth_subject_dn,
            &self.tls_client_auth_san_dns,
            &self.tls_client_auth_san_uri,
            &self.tls_client_auth_san_ip,
            &self.tls_client_auth_san_email,
        ];
        SubjectKind::ALL.into_iter().zip(named).find_map(|(kind, name)| Some((kind, name.as_deref()?)))
    }

    /// The same with its kind in words.
    pub(in crate::web::dashboard) fn subject_in_words(&self) -> Option<(&'static str, &str)> {
        self.subject().map(|(kind, name)| (subject_kind_in_words(kind), name))
    }
}

/// How a key with a method proves itself, as its page says it.
pub(in crate::web::dashboard) const fn in_words(method: AuthMethod) -> &'static str {
    match method {
        AuthMethod::ClientSecretBasic => "Secret in the Authorization header",
        AuthMethod::ClientSecretPost => "Secret in the form",
        AuthMethod::PrivateKeyJwt => "Signed assertion, no secret",
        AuthMethod::WorkloadJwt => "Token of the platform that it runs on, no secret",
        AuthMethod::TlsClientAuth => "Certificate of a CA, no secret",
        AuthMethod::SelfSignedTlsClientAuth => "Registered certificate, no secret",
    }
}

/// The same for those who choose: what it is, and when it is right.
pub(in crate::web::dashboard) const fn choice(method: AuthMethod) -> (&'static str, &'static str) {
    match method {
        AuthMethod::ClientSecretBasic => ("A secret, in the Authorization header", "what most OAuth libraries do (HTTP Basic)."),
        AuthMethod::ClientSecretPost => ("A secret, in the form", "for libraries that can't do the other."),
        AuthMethod::PrivateKeyJwt => (
            "An assertion that it signs",
            "no secret exists: the program keeps a private key, and its public keys are registered here.",
        ),
        AuthMethod::WorkloadJwt => (
            "A token of the platform that it runs on",
            "no secret exists: Kubernetes, a CI service or SPIFFE vouches for the program.",
        ),
        AuthMethod::TlsClientAuth => {
            ("A certificate of a CA", "no secret exists: a CA that this server trusts says who the program is.")
        }
        AuthMethod::SelfSignedTlsClientAuth => {
            ("A certificate of its own", "no secret exists: the certificate, or its public key, is registered here.")
        }
    }
}

/// "Distinguished name", "DNS name"
pub(in crate::web::dashboard) const fn subject_kind_in_words(kind: SubjectKind) -> &'static str {
    match kind {
        SubjectKind::Dn => "Distinguished name",
        SubjectKind::Dns => "DNS name",
        SubjectKind::Uri => "URI",
        SubjectKind::Ip => "IP address",
        SubjectKind::Email => "E-mail address",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn credential(mut members: Value) -> Credential {
        members["require_bound_tokens"] = json!(false);
        serde_json::from_value(members).unwrap()
    }

    #[test]
    fn a_key_is_told_by_what_it_is_recognised_by() {
        let ed25519 = json!({"kty": "OKP", "crv": "Ed25519", "kid": "2026", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        let keys = credential(json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [ed25519]}}));
        let key = &keys.public_keys()[0];
        assert_eq!((key.kid.as_deref(), key.algorithms.as_str()), (Some("2026"), "EdDSA"));
        assert_eq!(key.thumbprint, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert_eq!((keys.in_short(), keys.detail().as_str()), ("Public keys", "2026 (kPrK_qmx…)"));
        assert!(!keys.has_secret() && !keys.uses_certificate());

        let named = credential(json!({"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "a.example"}));
        assert_eq!(named.subject_in_words(), Some(("DNS name", "a.example")));
        assert_eq!((named.in_short(), named.detail().as_str()), ("Certificate", "a.example"));
        assert!(named.uses_certificate());

        let trusted = json!({"issuer": "https://k8s.example.com", "subject": "system:a", "audience": "b"});
        let workload = credential(json!({"token_endpoint_auth_method": "workload_jwt", "trusted_issuer": trusted}));
        assert_eq!((workload.in_short(), workload.detail().as_str()), ("Workload", "system:a"));
        assert!(credential(json!({"token_endpoint_auth_method": "client_secret_post"})).has_secret());
    }
}
