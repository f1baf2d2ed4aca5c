//! What the command line needs to talk to a server as its users do: discovery (RFC 8414) and the JWKS.

pub mod dpop;

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::crypto::jwk::PublicJwk;
use crate::oauth::metadata::paths;

/// What is taken from a server's metadata.
#[derive(Clone, Debug, Deserialize)]
pub struct Discovery {
    /// Must be the URL that was asked (RFC 8414 section 3.3).
    pub issuer: String,
    /// Where tokens are.
    pub token_endpoint: String,
    /// Where the public keys are.
    pub jwks_uri: String,
}

/// An HTTP client that follows no redirects: a secret goes where it was sent, and nowhere else.
///
/// # Errors
/// When the system's certificates cannot be used.
pub fn http_client() -> Result<reqwest::blocking::Client, reqwest::Error> {
    reqwest::blocking::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(Duration::from_secs(10)).build()
}

/// An HTTP fault with its causes, on one line.
pub fn describe(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

impl Discovery {
    /// Reads the metadata of `issuer`.
    ///
    /// # Errors
    /// One line.
    pub fn fetch(http: &reqwest::blocking::Client, issuer: &str) -> Result<Self, String> {
        let mut url = url::Url::parse(issuer).map_err(|_| format!("{issuer} is not a URL"))?;
        // The well-known part stands between host and path.
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{}{path}", paths::METADATA));
        let found: Self = fetch(http, url.as_str())?;
        if found.issuer.trim_end_matches('/') != issuer.trim_end_matches('/') {
            return Err(format!(
                "the server at {issuer} says that it is {}: use that as --url, or start it with --issuer",
                found.issuer
            ));
        }
        Ok(found)
    }

    /// Reads the public keys; such as this program does not know are passed over.
    ///
    /// # Errors
    /// One line.
    pub fn fetch_jwks(&self, http: &reqwest::blocking::Client) -> Result<Vec<PublicJwk>, String> {
        #[derive(Deserialize)]
        struct Jwks {
            keys: Vec<Value>,
        }
        let jwks: Jwks = fetch(http, &self.jwks_uri)?;
        Ok(jwks.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect())
    }
}

fn fetch<T: serde::de::DeserializeOwned>(http: &reqwest::blocking::Client, url: &str) -> Result<T, String> {
    let answer = http.get(url).send().map_err(|error| describe(&error))?;
    if !answer.status().is_success() {
        return Err(format!("{url} answered {}", answer.status()));
    }
    let body = answer.bytes().map_err(|error| describe(&error))?;
    serde_json::from_slice(&body).map_err(|_| format!("{url} did not answer with the expected JSON"))
}
