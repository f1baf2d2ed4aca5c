//! The issuer's metadata (RFC 8414) and public keys (RFC 7517), as fetched and kept.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use super::cached::{Cached, Policy};
use super::clock::Clock;
use super::http::Client;
use super::key::PublicKey;
use crate::strict_json;

const WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";
const MAX_DOCUMENT_BYTES: usize = 256 * 1024;
const MAX_KEYS: usize = 100;
/// For documents of whose age the issuer says nothing.
const DEFAULT_MAX_AGE: Duration = Duration::from_secs(300);
/// A document is not kept for longer, whatever the issuer says.
const LONGEST_MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// Where an issuer's documents come from.
pub(super) struct Issuer {
    name: String,
    metadata_url: Url,
    client: Client,
    jwks_uri: Arc<Cached<Url>>,
    keys: Cached<KeySet>,
}

/// The keys of one JWKS, by `kid`.
pub(super) struct KeySet(HashMap<String, Arc<PublicKey>>);

impl Issuer {
    /// `policy` is that of the keys.
    pub(super) fn new(name: &str, url: &Url, client: Client, policy: Policy, clock: Arc<dyn Clock>) -> Self {
        let mut metadata_url = url.clone();
        metadata_url.set_path(&format!("{WELL_KNOWN}{}", url.path().trim_end_matches('/')));
        // Where the keys are changes hardly ever: not a reason to stop.
        let long = Policy { stale_for: LONGEST_MAX_AGE, ..policy };
        let jwks_uri = Arc::new(Cached::new(long, Arc::clone(&clock)));
        Self { name: name.to_owned(), metadata_url, client, jwks_uri, keys: Cached::new(policy, clock) }
    }

    /// The key of this id, asking the issuer again if it is not among those known. `Ok(None)`: the issuer has none.
    ///
    /// # Errors
    /// Why nothing can be said.
    pub(super) async fn key(&self, kid: &str) -> Result<Option<Arc<PublicKey>>, Arc<str>> {
        let known = self.keys.get(false, || self.fetch_keys()).await?;
        if let Some(key) = known.0.get(kid) {
            return Ok(Some(Arc::clone(key)));
        }
        let newer = self.keys.get(true, || self.fetch_keys()).await?;
        Ok(newer.0.get(kid).map(Arc::clone))
    }

    /// Fetches the keys, if they are not there yet.
    ///
    /// # Errors
    /// Why there are none.
    pub(super) async fn load(&self) -> Result<(), Arc<str>> {
        self.keys.get(false, || self.fetch_keys()).await.map(drop)
    }

    fn fetch_keys(&self) -> impl Future<Output = Result<(KeySet, Duration), String>> + Send + 'static {
        let (client, jwks_uri) = (self.client.clone(), Arc::clone(&self.jwks_uri));
        let (name, metadata_url) = (self.name.clone(), self.metadata_url.clone());
        async move {
            let fetch = || fetch_metadata(client.clone(), name, metadata_url);
            let jwks_uri = jwks_uri.get(false, fetch).await.map_err(|cause| cause.to_string())?;
            let document = client.get(&jwks_uri, "application/jwk-set+json, application/json", MAX_DOCUMENT_BYTES).await?;
            let keys = KeySet::read(&document.body).ok_or_else(|| format!("{jwks_uri} is not a JWKS with a usable key"))?;
            Ok((keys, document.max_age.unwrap_or(DEFAULT_MAX_AGE).min(LONGEST_MAX_AGE)))
        }
    }
}

/// The `jwks_uri` of the metadata, whose `issuer` has to be the one that was asked (RFC 8414 section 3.3).
async fn fetch_metadata(client: Client, name: String, url: Url) -> Result<(Url, Duration), String> {
    let document = client.get(&url, "application/json", MAX_DOCUMENT_BYTES).await?;
    let metadata = strict_json::object(&document.body).map_err(|_| format!("{url} is not a JSON object"))?;
    let text = |name| metadata.get(name).and_then(Value::as_str);
    if text("issuer") != Some(&name) {
        return Err(format!("{url} is the metadata of another issuer than {name}"));
    }
    let jwks_uri: Url = text("jwks_uri").and_then(|uri| uri.parse().ok()).ok_or_else(|| format!("{url} has no jwks_uri"))?;
    if !client.may_fetch(&jwks_uri) {
        return Err(format!("the jwks_uri {jwks_uri} is not https"));
    }
    Ok((jwks_uri, document.max_age.unwrap_or(DEFAULT_MAX_AGE).min(LONGEST_MAX_AGE)))
}

impl KeySet {
    /// The keys that are understood; `None` when there is none.
    fn read(body: &[u8]) -> Option<Self> {
        let set = strict_json::object(body).ok()?;
        let jwks = set.get("keys")?.as_array()?.iter().filter_map(Value::as_object).take(MAX_KEYS);
        let mut keys = HashMap::new();
        for (kid, key) in jwks.filter_map(|jwk: &Map<String, Value>| PublicKey::of_set(jwk)) {
            keys.entry(kid).or_insert_with(|| Arc::new(key));
        }
        (!keys.is_empty()).then_some(Self(keys))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_what_is_understood_of_it() {
        let good = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","alg":"EdDSA","kid":"k"}"#;
        let strange = r#"{"kty":"oct","k":"AQAB","alg":"HS256","kid":"k"}"#;
        let set = KeySet::read(format!("{{\"keys\":[{strange},{good},1]}}").as_bytes()).unwrap();
        assert_eq!(set.0.keys().collect::<Vec<_>>(), ["k"]);
        for bad in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[]}"#, &format!("{{\"keys\":[{strange}]}}")] {
            assert!(KeySet::read(bad.as_bytes()).is_none(), "{bad}");
        }
    }

    #[test]
    fn md1_the_well_known_part_is_inserted_before_the_path() {
        for (issuer, metadata) in [
            ("https://i.example", "https://i.example/.well-known/oauth-authorization-server"),
            ("https://i.example/", "https://i.example/.well-known/oauth-authorization-server"),
            ("https://i.example/t1", "https://i.example/.well-known/oauth-authorization-server/t1"),
        ] {
            let client = Client::new(Duration::from_secs(1), false).unwrap();
            let policy = Policy { interval: Duration::ZERO, stale_for: Duration::ZERO };
            let clock = Arc::new(super::super::clock::SystemClock::default());
            let issuer = Issuer::new(issuer, &issuer.parse().unwrap(), client, policy, clock);
            assert_eq!(issuer.metadata_url.as_str(), metadata);
        }
    }
}
