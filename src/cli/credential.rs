//! What a key without a secret is recognised by, on the command line.

use std::path::PathBuf;

use clap::Args;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde_json::{Map, Value};

use super::{Failure, usage};
use crate::domain::Invalid;
use crate::domain::certificate_subject::{CertificateSubject, SubjectKind};
use crate::domain::network_policy::NetworkPolicy;
use crate::domain::outbound_url::OutboundUrl;
use crate::domain::public_credential::{PublicCredential, RegisteredJwks, TrustedIssuer};

#[derive(Args, Clone, Debug, Default)]
pub(super) struct Arguments {
    /// A file with the client's public keys, a JWK Set; for private_key_jwt and self_signed_tls_client_auth
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// Where the client publishes them
    #[arg(long, value_name = "URL", conflicts_with = "jwks")]
    jwks_uri: Option<String>,
    /// Whose tokens take the place of a secret; for workload_jwt
    #[arg(long, value_name = "ISSUER", requires = "trusted_subject", requires = "trusted_audience", conflicts_with_all = ["jwks", "jwks_uri"])]
    trusted_issuer: Option<String>,
    /// The sub of those tokens
    #[arg(long, value_name = "SUBJECT", requires = "trusted_issuer")]
    trusted_subject: Option<String>,
    /// The aud that they must have
    #[arg(long, value_name = "AUDIENCE", requires = "trusted_issuer")]
    trusted_audience: Option<String>,
    /// Where that issuer's keys are [default: where its metadata says]
    #[arg(long, value_name = "URL", requires = "trusted_issuer")]
    trusted_jwks_uri: Option<String>,
    #[command(flatten)]
    subject: Subject,
}

/// Whom a CA has issued the client's certificate to.
#[derive(Args, Clone, Debug, Default)]
#[group(multiple = false, conflicts_with_all = ["jwks", "jwks_uri", "trusted_issuer"])]
struct Subject {
    /// The subject of the client's certificate, as RFC 4514 writes it; for tls_client_auth, or one of the other four
    #[arg(long, value_name = "DN")]
    tls_client_auth_subject_dn: Option<String>,
    /// A DNS name of it, without wildcards
    #[arg(long, value_name = "NAME")]
    tls_client_auth_san_dns: Option<String>,
    /// A URI of it
    #[arg(long, value_name = "URI")]
    tls_client_auth_san_uri: Option<String>,
    /// An address of it
    #[arg(long, value_name = "IP")]
    tls_client_auth_san_ip: Option<String>,
    /// An e-mail address of it
    #[arg(long, value_name = "ADDRESS")]
    tls_client_auth_san_email: Option<String>,
}

impl Subject {
    fn read(&self) -> Result<Option<CertificateSubject>, Invalid> {
        let named = [
            (SubjectKind::Dn, &self.tls_client_auth_subject_dn),
            (SubjectKind::Dns, &self.tls_client_auth_san_dns),
            (SubjectKind::Uri, &self.tls_client_auth_san_uri),
            (SubjectKind::Ip, &self.tls_client_auth_san_ip),
            (SubjectKind::Email, &self.tls_client_auth_san_email),
        ];
        let given = named.into_iter().find_map(|(kind, text)| Some((kind, text.as_deref()?)));
        given.map(|(kind, text)| CertificateSubject::new(kind, text)).transpose()
    }
}

impl Arguments {
    /// The credential that they name.
    pub(super) fn read(&self) -> Result<Option<PublicCredential>, Failure> {
        if let Some(file) = &self.jwks {
            let text = std::fs::read_to_string(file).map_err(|error| Failure::Failed(format!("{}: {error}", file.display())))?;
            let set: Value = serde_json::from_str(&text).map_err(|error| {
                usage(Invalid::new("jwks", "invalid_json", format!("{} is no JSON: {error}", file.display())))
            })?;
            return Ok(Some(PublicCredential::Jwks(RegisteredJwks::new(set).map_err(usage)?)));
        }
        if let Some(url) = &self.jwks_uri {
            let url = address(url).map_err(|invalid| usage(Invalid { field: "jwks_uri", ..invalid }))?;
            return Ok(Some(PublicCredential::JwksUri(url)));
        }
        if let Some(subject) = self.subject.read().map_err(usage)? {
            return Ok(Some(PublicCredential::Certificate(subject)));
        }
        let named = [
            ("issuer", &self.trusted_issuer),
            ("subject", &self.trusted_subject),
            ("audience", &self.trusted_audience),
            ("jwks_uri", &self.trusted_jwks_uri),
        ];
        let members: Map<String, Value> =
            named.into_iter().filter_map(|(name, text)| Some((name.to_owned(), Value::from(text.clone()?)))).collect();
        if members.is_empty() {
            return Ok(None);
        }
        Ok(Some(PublicCredential::TrustedIssuer(TrustedIssuer::read(&members, address).map_err(usage)?)))
    }
}

/// Whoever has the command line may name any address; where the server connects to is for its settings to say.
fn address(text: &str) -> Result<OutboundUrl, Invalid> {
    OutboundUrl::parse(text, &NetworkPolicy::allowing(vec![IpNet::V4(Ipv4Net::default()), IpNet::V6(Ipv6Net::default())]))
}
