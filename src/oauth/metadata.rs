//! The authorization server metadata (RFC 8414), derived from the types so that it cannot promise what is not there.

use serde::Serialize;

use super::dpop;
use super::grants::client_credentials::GRANT_TYPE;
use super::mutual_tls::MutualTls;
use crate::domain::api_key::AuthMethod;
use crate::domain::catalogue::Catalogue;
use crate::domain::profile::Profile;
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
    dpop_signing_alg_values_supported: Vec<&'static str>,
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: Vec<&'static str>,
    introspection_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    introspection_signing_alg_values_supported: Vec<&'static str>,
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    revocation_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    status_list_aggregation_endpoint: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    tls_client_certificate_bound_access_tokens: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    mtls_endpoint_aliases: Option<EndpointAliases>,
}

/// Where clients with certificates are to go (RFC 8705 section 5).
#[derive(Debug, Serialize)]
struct EndpointAliases {
    token_endpoint: String,
    introspection_endpoint: String,
    revocation_endpoint: String,
}

impl EndpointAliases {
    fn below(base: &str) -> Self {
        Self {
            token_endpoint: format!("{base}{}", paths::TOKEN),
            introspection_endpoint: format!("{base}{}", paths::INTROSPECTION),
            revocation_endpoint: format!("{base}{}", paths::REVOCATION),
        }
    }
}

impl<'a> Metadata<'a> {
    /// The document of an issuer that signs with this algorithm at the moment. Scopes of the platform's own level are for its operators and not announced.
    pub fn new(
        issuer: &'a str,
        catalogue: &'a Catalogue,
        signing_algorithm: Option<SigningAlgorithm>,
        profile: Profile,
        mutual_tls: Option<&MutualTls>,
    ) -> Self {
        let base = issuer.trim_end_matches('/');
        let mut scopes: Vec<&ScopeName> =
            [Level::Organization, Level::Account].into_iter().flat_map(|level| catalogue.of_level(level)).collect();
        scopes.sort_unstable();
        let methods = || methods_taken(profile, mutual_tls).into_iter().map(AuthMethod::as_str).collect::<Vec<_>>();
        let algorithms = || {
            let taken = SigningAlgorithm::ALL.into_iter().filter(|algorithm| profile.signs_with(*algorithm));
            taken.map(SigningAlgorithm::as_str).collect::<Vec<_>>()
        };
        Self {
            issuer,
            token_endpoint: format!("{base}{}", paths::TOKEN),
            jwks_uri: format!("{base}{}", paths::JWKS),
            scopes_supported: scopes,
            grant_types_supported: [GRANT_TYPE],
            token_endpoint_auth_methods_supported: methods(),
            token_endpoint_auth_signing_alg_values_supported: algorithms(),
            dpop_signing_alg_values_supported: dpop::algorithms(profile),
            introspection_endpoint: format!("{base}{}", paths::INTROSPECTION),
            introspection_endpoint_auth_methods_supported: methods(),
            introspection_endpoint_auth_signing_alg_values_supported: algorithms(),
            introspection_signing_alg_values_supported: signing_algorithm.map(SigningAlgorithm::as_str).into_iter().collect(),
            revocation_endpoint: format!("{base}{}", paths::REVOCATION),
            revocation_endpoint_auth_methods_supported: methods(),
            revocation_endpoint_auth_signing_alg_values_supported: algorithms(),
            status_list_aggregation_endpoint: format!("{base}{}", paths::STATUS_LISTS),
            tls_client_certificate_bound_access_tokens: mutual_tls.is_some(),
            mtls_endpoint_aliases: mutual_tls.and_then(|settings| settings.base_url.as_deref()).map(EndpointAliases::below),
        }
    }
}

/// How clients can prove themselves to a server with these settings.
pub fn methods_taken(profile: Profile, mutual_tls: Option<&MutualTls>) -> Vec<AuthMethod> {
    let is_taken = |method: &AuthMethod| profile.takes(*method) && MutualTls::allows(mutual_tls, *method);
    AuthMethod::ALL.into_iter().filter(is_taken).collect()
}
