//! What a key without a secret is recognised by, on the command line.

use std::path::PathBuf;

use clap::Args;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde_json::{Map, Value};

use super::{Failure, usage};
use crate::domain::Invalid;
use crate::domain::network_policy::NetworkPolicy;
use crate::domain::outbound_url::OutboundUrl;
use crate::domain::public_credential::{PublicCredential, RegisteredJwks, TrustedIssuer};

#[derive(Args, Clone, Debug, Default)]
pub(super) struct Arguments {
    /// A file with the client's public keys, a JWK Set; for private_key_jwt
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
