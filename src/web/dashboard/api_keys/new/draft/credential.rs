//! What somebody has typed that a key without a secret is to be recognised by. Of other methods nothing is read: their
//! fields are out of sight where the browser can hide them.

use serde_json::{Map, Value, json};

use crate::domain::api_key::AuthMethod;
use crate::domain::certificate_subject::SubjectKind;
use crate::web::dashboard::api_keys::credential::{Credential, PublicKey, public_keys, subject_kind_in_words};
use crate::web::dashboard::form::Form;

/// The fields as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::web::dashboard::api_keys) struct TypedCredential {
    pub(in crate::web::dashboard::api_keys) jwks: String,
    pub(in crate::web::dashboard::api_keys) jwks_uri: String,
    /// The member that names the kind of subject.
    pub(in crate::web::dashboard::api_keys) subject_kind: String,
    pub(in crate::web::dashboard::api_keys) subject: String,
    pub(in crate::web::dashboard::api_keys) issuer: String,
    pub(in crate::web::dashboard::api_keys) workload: String,
    pub(in crate::web::dashboard::api_keys) audience: String,
    pub(in crate::web::dashboard::api_keys) issuer_jwks_uri: String,
}

impl TypedCredential {
    /// What was sent.
    pub(super) fn of_form(form: &Form) -> Self {
        let text = |name: &str| form.trimmed(name).to_owned();
        Self {
            jwks: text("jwks"),
            jwks_uri: text("jwks_uri"),
            subject_kind: known_kind(form.text("subject_kind")).member().to_owned(),
            subject: text("certificate_subject"),
            issuer: text("issuer"),
            workload: text("workload"),
            audience: text("audience"),
            issuer_jwks_uri: text("issuer_jwks_uri"),
        }
    }

    /// What is registered.
    pub(super) fn of_key(credential: &Credential) -> Self {
        let jwks = credential.jwks.as_ref().and_then(|jwks| serde_json::to_string_pretty(jwks).ok()).unwrap_or_default();
        let (kind, subject) = credential.subject().unwrap_or((SubjectKind::Dn, ""));
        let mut typed = Self {
            jwks,
            jwks_uri: credential.jwks_uri.clone().unwrap_or_default(),
            subject_kind: kind.member().to_owned(),
            subject: subject.to_owned(),
            ..Self::default()
        };
        if let Some(trusted) = credential.trusted_issuer.clone() {
            typed.issuer = trusted.issuer;
            typed.workload = trusted.subject;
            typed.audience = trusted.audience;
            typed.issuer_jwks_uri = trusted.jwks_uri.unwrap_or_default();
        }
        typed
    }

    /// The members that say it, for a method; the operation judges them.
    pub(super) fn members(&self, method: AuthMethod) -> Map<String, Value> {
        let said = |pairs: &[(&str, &str)]| -> Map<String, Value> {
            let said = pairs.iter().filter(|(_, text)| !text.is_empty());
            said.map(|(name, text)| ((*name).to_owned(), json!(text))).collect()
        };
        match method {
            AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost => Map::new(),
            AuthMethod::PrivateKeyJwt | AuthMethod::SelfSignedTlsClientAuth => {
                let mut members = said(&[("jwks_uri", &self.jwks_uri)]);
                if !self.jwks.is_empty() {
                    members.insert("jwks".to_owned(), serde_json::from_str(&self.jwks).unwrap_or_else(|_| json!(self.jwks)));
                }
                members
            }
            AuthMethod::TlsClientAuth => Map::from_iter([(self.subject_kind.clone(), json!(self.subject))]),
            AuthMethod::WorkloadJwt => {
                let members = said(&[
                    ("issuer", &self.issuer),
                    ("subject", &self.workload),
                    ("audience", &self.audience),
                    ("jwks_uri", &self.issuer_jwks_uri),
                ]);
                Map::from_iter([("trusted_issuer".to_owned(), Value::Object(members))])
            }
        }
    }

    /// The same for a key that has one already: what was taken out is sent too, for the operation to refuse.
    pub(super) fn members_of_edit(&self, method: AuthMethod) -> Map<String, Value> {
        let mut members = self.members(method);
        if let (true, Some(first)) = (members.is_empty(), method.credential_members().first()) {
            members.insert((*first).to_owned(), json!(""));
        }
        members
    }

    /// For the summary: what the key would be recognised by.
    pub(in crate::web::dashboard::api_keys::new) fn in_words(&self, method: AuthMethod) -> Option<String> {
        match method {
            AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost => None,
            AuthMethod::PrivateKeyJwt | AuthMethod::SelfSignedTlsClientAuth => Some(self.keys_in_words()),
            AuthMethod::TlsClientAuth if self.subject.is_empty() => Some("Whom its certificate names is not said yet".to_owned()),
            AuthMethod::TlsClientAuth => {
                let kind = subject_kind_in_words(known_kind(&self.subject_kind));
                Some(format!("Its certificate names {} ({kind})", self.subject))
            }
            AuthMethod::WorkloadJwt if self.issuer.is_empty() || self.workload.is_empty() => {
                Some("Which workload it is, is not said yet".to_owned())
            }
            AuthMethod::WorkloadJwt => {
                let keys = if self.issuer_jwks_uri.is_empty() {
                    String::new()
                } else {
                    format!(", whose keys are at {}", self.issuer_jwks_uri)
                };
                Some(format!("It is {} of {}, for {}{keys}", self.workload, self.issuer, self.audience))
            }
        }
    }

    fn keys_in_words(&self) -> String {
        match (self.jwks.is_empty(), self.jwks_uri.is_empty()) {
            (true, true) => "Its public keys are not given yet".to_owned(),
            (true, false) => format!("Its public keys are at {}", self.jwks_uri),
            (false, true) => {
                let set: Map<String, Value> = serde_json::from_str(&self.jwks).unwrap_or_default();
                let keys = public_keys(&set);
                if keys.is_empty() {
                    return "Its public keys are no JWK Set yet".to_owned();
                }
                let named: Vec<String> = keys.iter().map(PublicKey::in_short).collect();
                format!("Its public keys are {}", named.join(", "))
            }
            (false, false) => "Its public keys are given here, and at an address: choose one".to_owned(),
        }
    }
}

/// The kind that a form names, the distinguished name unless said.
pub(in crate::web::dashboard::api_keys::new) fn known_kind(member: &str) -> SubjectKind {
    SubjectKind::of_member(member).unwrap_or(SubjectKind::Dn)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> TypedCredential {
        TypedCredential::of_form(&Form::parse(text.as_bytes()))
    }

    #[test]
    fn only_what_belongs_to_the_method_is_sent() {
        let all = typed(
            "jwks=%7B%22keys%22:[]%7D&subject_kind=tls_client_auth_san_dns&certificate_subject=a.example&issuer=https://i&\
             workload=w&audience=b",
        );
        let members = |method| Value::Object(all.members(method));
        assert_eq!(members(AuthMethod::ClientSecretBasic), json!({}));
        assert_eq!(members(AuthMethod::PrivateKeyJwt), json!({"jwks": {"keys": []}}));
        assert_eq!(members(AuthMethod::SelfSignedTlsClientAuth), json!({"jwks": {"keys": []}}));
        assert_eq!(members(AuthMethod::TlsClientAuth), json!({"tls_client_auth_san_dns": "a.example"}));
        let trusted = json!({"issuer": "https://i", "subject": "w", "audience": "b"});
        assert_eq!(members(AuthMethod::WorkloadJwt), json!({"trusted_issuer": trusted}));
        // Nothing that somebody makes up becomes another member.
        let odd = typed("subject_kind=kind&certificate_subject=admin");
        assert_eq!(Value::Object(odd.members(AuthMethod::TlsClientAuth)), json!({"tls_client_auth_subject_dn": "admin"}));
    }

    #[test]
    fn what_is_taken_out_is_asked_for() {
        let none = typed("");
        assert_eq!(Value::Object(none.members_of_edit(AuthMethod::PrivateKeyJwt)), json!({"jwks": ""}));
        assert_eq!(none.members_of_edit(AuthMethod::ClientSecretPost), Map::new());
    }

    #[test]
    fn the_summary_says_what_is_missing() {
        let says = |text: &str, method| typed(text).in_words(method).unwrap();
        assert_eq!(says("", AuthMethod::PrivateKeyJwt), "Its public keys are not given yet");
        assert_eq!(says("jwks=x", AuthMethod::PrivateKeyJwt), "Its public keys are no JWK Set yet");
        assert!(says("jwks=x&jwks_uri=https://k", AuthMethod::PrivateKeyJwt).contains("choose one"));
        assert_eq!(
            says("certificate_subject=CN%3Da", AuthMethod::TlsClientAuth),
            "Its certificate names CN=a (Distinguished name)"
        );
        assert!(says("issuer=i", AuthMethod::WorkloadJwt).contains("not said yet"));
        assert_eq!(says("issuer=i&workload=w&audience=b", AuthMethod::WorkloadJwt), "It is w of i, for b");
        assert_eq!(typed("").in_words(AuthMethod::ClientSecretBasic), None);
    }
}
