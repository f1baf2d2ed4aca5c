//! What the command line needs to talk to a server as its users do: discovery (RFC 8414), the JWKS and status lists.

pub mod dpop;

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::crypto::jwt::{self, Expected};
use crate::crypto::verifying_key::VerifyingKey;
use crate::domain::time::Timestamp;
use crate::oauth::metadata::paths;
use crate::oauth::status_list::{self, StatusList};

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
    pub fn fetch_jwks(&self, http: &reqwest::blocking::Client) -> Result<Vec<VerifyingKey>, String> {
        #[derive(Deserialize)]
        struct Jwks {
            keys: Vec<Value>,
        }
        let jwks: Jwks = fetch(http, &self.jwks_uri)?;
        Ok(jwks.keys.into_iter().filter_map(|key| VerifyingKey::new(serde_json::from_value(key).ok()?).ok()).collect())
    }
}

/// Reads the status list at `uri`, which a verified token names, and says what it holds at `index`: verified with the issuer's
/// keys and judged as draft-ietf-oauth-status-list-21 section 8.3 says.
///
/// # Errors
/// One line: nothing can be said of the token.
pub fn fetch_status(
    http: &reqwest::blocking::Client,
    issuer: &str,
    keys: &[VerifyingKey],
    (uri, index): (&str, u32),
    now: Timestamp,
) -> Result<u8, String> {
    let request = http.get(uri).header("accept", status_list::STATUS_LIST_MEDIA_TYPE);
    let answer = request.send().map_err(|error| describe(&error))?;
    if !answer.status().is_success() {
        return Err(format!("{uri} answered {}", answer.status()));
    }
    let token = answer.text().map_err(|error| describe(&error))?;
    let expected = Expected { typ: status_list::STATUS_LIST_TYPE, issuer, leeway_seconds: 0 };
    let verified = jwt::verify_long(&token, keys, &expected, now, MAX_LIST_BYTES).map_err(|error| error.to_string())?;
    if verified.claims.get("sub").and_then(Value::as_str) != Some(uri) {
        return Err("sub is not where the list is".to_owned());
    }
    let list = verified.claims.get("status_list");
    let bits = list.and_then(|list| list.get("bits")).and_then(Value::as_u64).and_then(|bits| u8::try_from(bits).ok());
    let lst = list.and_then(|list| list.get("lst")).and_then(Value::as_str);
    let (Some(bits), Some(lst)) = (bits, lst) else { return Err("there is no list in it".to_owned()) };
    let list = StatusList::decode(bits, lst, MAX_LIST_BYTES).map_err(|error| error.to_string())?;
    list.get(index).ok_or_else(|| "the token's place is beyond the end of the list".to_owned())
}

/// The largest status list that is looked at.
const MAX_LIST_BYTES: usize = 1 << 20;

fn fetch<T: serde::de::DeserializeOwned>(http: &reqwest::blocking::Client, url: &str) -> Result<T, String> {
    let answer = http.get(url).send().map_err(|error| describe(&error))?;
    if !answer.status().is_success() {
        return Err(format!("{url} answered {}", answer.status()));
    }
    let body = answer.bytes().map_err(|error| describe(&error))?;
    serde_json::from_slice(&body).map_err(|_| format!("{url} did not answer with the expected JSON"))
}
