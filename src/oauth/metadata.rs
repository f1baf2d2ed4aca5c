//! The authorization server metadata (RFC 8414), derived from the types so that it cannot promise what is not there.

use serde::Serialize;

use super::grants::client_credentials::GRANT_TYPE;
use crate::domain::api_key::AuthMethod;
use crate::domain::catalogue::Catalogue;
use crate::domain::scope::{Level, ScopeName};

/// Where things are, relative to the issuer.
pub mod paths {
    /// The token endpoint.
    pub const TOKEN: &str = "/connect/token";
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
}

impl<'a> Metadata<'a> {
    /// The document of an issuer. Scopes of the platform's own level are for its operators and not announced.
    pub fn new(issuer: &'a str, catalogue: &'a Catalogue) -> Self {
        let base = issuer.trim_end_matches('/');
        let mut scopes: Vec<&ScopeName> =
            [Level::Organization, Level::Account].into_iter().flat_map(|level| catalogue.of_level(level)).collect();
        scopes.sort_unstable();
        Self {
            issuer,
            token_endpoint: format!("{base}{}", paths::TOKEN),
            jwks_uri: format!("{base}{}", paths::JWKS),
            scopes_supported: scopes,
            grant_types_supported: [GRANT_TYPE],
            token_endpoint_auth_methods_supported: AuthMethod::ALL.map(AuthMethod::as_str).to_vec(),
        }
    }
}
