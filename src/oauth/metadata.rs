//! The authorization server metadata (RFC 8414), derived from the types so that it cannot promise what is not there.

use serde::Serialize;

use super::grants::client_credentials::GRANT_TYPE;
use crate::crypto::dpop_proof::PROOF_ALGORITHMS;
use crate::domain::api_key::AuthMethod;
use crate::domain::catalogue::Catalogue;
use crate::domain::scope::{Level, ScopeName};
use crate::domain::signing_key::SigningAlgorithm;

/// Where things are, relative to the issuer.
pub mod paths {
    /// The token endpoint.
    pub const TOKEN: &str = "/connect/token";
    /// Introspection (RFC 7662).
    pub const INTROSPECTION: &str = "/connect/introspect";
    /// Revocation (RFC 7009).
    pub const REVOCATION: &str = "/connect/revocation";
    /// The aggregation of status lists; each list is below it.
    pub const STATUS_LISTS: &str = "/connect/statuslists";
    /// The JWKS.
    pub const JWKS: &str = "/.well-known/jwks.json";
    /// Its other spelling.
    pub const JWKS_ALIAS: &str = "/.well-known/openid-configuration/jwks";
    /// RFC 8414; an issuer's path is inserted behind it.
    pub const METADATA: &str = "/.well-known/oauth-authorization-server";
    /// Its other spelling; an issuer's path stands before it.
    pub const METADATA_ALIAS: &str = "/.well-known/openid-configuration";
}

/// RFC 8414 section 2. Members without an element are left out, `response_types_supported` among them: this server has
/// no authorization endpoint (erratum 7793).
#[derive(Debug, Serialize)]
pub struct Metadata<'a> {
    issuer: &'a str,
    token_endpoint: String,
    jwks_uri: String,
    scopes_supported: Vec<&'a ScopeName>,
    grant_types_supported: [&'static str; 1],
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    token_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    dpop_signing_alg_values_supported: [&'static str; PROOF_ALGORITHMS.len()],
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: Vec<&'static str>,
    introspection_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    introspection_signing_alg_values_supported: Vec<&'static str>,
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    revocation_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    status_list_aggregation_endpoint: String,
}

impl<'a> Metadata<'a> {
    /// The document of an issuer that signs with this algorithm at the moment. Scopes of the platform's own level are for its operators and not announced.
    pub fn new(issuer: &'a str, catalogue: &'a Catalogue, signing_algorithm: Option<SigningAlgorithm>) -> Self {
        let base = issuer.trim_end_matches('/');
        let mut scopes: Vec<&ScopeName> =
            [Level::Organization, Level::Account].into_iter().flat_map(|level| catalogue.of_level(level)).collect();
        scopes.sort_unstable();
        let methods = || AuthMethod::ALL.map(AuthMethod::as_str).to_vec();
        let algorithms = || SigningAlgorithm::ALL.map(SigningAlgorithm::as_str).to_vec();
        Self {
            issuer,
            token_endpoint: format!("{base}{}", paths::TOKEN),
            jwks_uri: format!("{base}{}", paths::JWKS),
            scopes_supported: scopes,
            grant_types_supported: [GRANT_TYPE],
            token_endpoint_auth_methods_supported: methods(),
            token_endpoint_auth_signing_alg_values_supported: algorithms(),
            dpop_signing_alg_values_supported: PROOF_ALGORITHMS,
            introspection_endpoint: format!("{base}{}", paths::INTROSPECTION),
            introspection_endpoint_auth_methods_supported: methods(),
            introspection_endpoint_auth_signing_alg_values_supported: algorithms(),
            introspection_signing_alg_values_supported: signing_algorithm.map(SigningAlgorithm::as_str).into_iter().collect(),
            revocation_endpoint: format!("{base}{}", paths::REVOCATION),
            revocation_endpoint_auth_methods_supported: methods(),
            revocation_endpoint_auth_signing_alg_values_supported: algorithms(),
            status_list_aggregation_endpoint: format!("{base}{}", paths::STATUS_LISTS),
        }
    }
}
