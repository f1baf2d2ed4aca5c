//! How documents of the issuer are fetched: no redirects, a time and a size that end, https unless on loopback.

use std::time::Duration;

use url::{Host, Url};

/// A document, and for how long it may be kept.
pub(super) struct Document {
    pub(super) body: Vec<u8>,
    /// `None`: the server says nothing.
    pub(super) max_age: Option<Duration>,
    /// For how long caches on the way have had it.
    pub(super) age: Duration,
}

/// The client of one verifier.
#[derive(Clone, Debug)]
pub(super) struct Client {
    client: reqwest::Client,
    insecure: bool,
}

impl Client {
    /// # Errors
    /// When the system's certificates cannot be used.
    pub(super) fn new(timeout: Duration, insecure: bool) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(timeout)
            .user_agent(concat!("claviger-resource-server/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client, insecure })
    }

    /// Whether documents may be fetched there.
    pub(super) fn may_fetch(&self, url: &Url) -> bool {
        match url.scheme() {
            "https" => true,
            "http" => self.insecure || is_loopback(url),
            _ => false,
        }
    }

    /// # Errors
    /// One line, for the log.
    pub(super) async fn get(&self, url: &Url, accept: &str, max_bytes: usize) -> Result<Document, String> {
        if !self.may_fetch(url) {
            return Err(format!("{url} is not https"));
        }
        let request = self.client.get(url.clone()).header("accept", accept);
        let mut response = request.send().await.map_err(|error| describe(&error))?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(format!("{url} answered {}", response.status()));
        }
        let (max_age, age) = (max_age(response.headers()), age(response.headers()));
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| describe(&error))? {
            if body.len() + chunk.len() > max_bytes {
                return Err(format!("{url} answered more than {max_bytes} bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Document { body, max_age, age })
    }
}

/// Whether a host is this machine by its name or number.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A fault with its causes, on one line.
fn describe(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// `Cache-Control`, less the age (RFC 9111 sections 4.2 and 5.2.2).
fn max_age(headers: &reqwest::header::HeaderMap) -> Option<Duration> {
    let values = || headers.get_all("cache-control").iter().filter_map(|value| value.to_str().ok());
    let directives = || values().flat_map(|value| value.split(',')).map(str::trim);
    if directives().any(|directive| directive.eq_ignore_ascii_case("no-store") || directive.eq_ignore_ascii_case("no-cache")) {
        return Some(Duration::ZERO);
    }
    let seconds = directives().find_map(|directive| {
        let (name, value) = directive.split_once('=')?;
        name.eq_ignore_ascii_case("max-age").then(|| value.trim_matches('"').parse::<u64>().unwrap_or(0))
    })?;
    Some(Duration::from_secs(seconds).saturating_sub(age(headers)))
}

/// `Age` (RFC 9111 section 5.1).
fn age(headers: &reqwest::header::HeaderMap) -> Duration {
    Duration::from_secs(headers.get("age").and_then(|age| age.to_str().ok()?.parse().ok()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderValue};

    use super::*;

    #[test]
    fn the_age_that_a_document_may_reach() {
        let headers = |pairs: &[(&'static str, &'static str)]| -> HeaderMap {
            let mut map = HeaderMap::new();
            pairs.iter().for_each(|(name, value)| {
                assert!(!map.append(*name, HeaderValue::from_static(value)) || *name == "cache-control")
            });
            map
        };
        for (pairs, seconds) in [
            (&[][..], None),
            (&[("cache-control", "public")], None),
            (&[("cache-control", "public, max-age=300")], Some(300)),
            (&[("cache-control", "Max-Age=\"60\"")], Some(60)),
            (&[("cache-control", "max-age=300"), ("age", "100")], Some(200)),
            (&[("cache-control", "max-age=300"), ("age", "400")], Some(0)),
            (&[("cache-control", "max-age=300"), ("cache-control", "no-store")], Some(0)),
            (&[("cache-control", "max-age=x")], Some(0)),
            (&[("cache-control", "s-maxage=5")], None),
        ] {
            assert_eq!(max_age(&headers(pairs)), seconds.map(Duration::from_secs), "{pairs:?}");
        }
    }

    #[test]
    fn tl2_plain_http_is_for_loopback_or_asked_for() {
        let strict = Client::new(Duration::from_secs(1), false).unwrap();
        let may = |url: &str| strict.may_fetch(&url.parse().unwrap());
        assert!(["https://i.example", "http://127.0.0.1:1", "http://[::1]/", "http://localhost/x"].into_iter().all(may));
        let refused =
            ["http://i.example", "http://localhost.evil.example", "http://10.0.0.1", "file:///etc/passwd", "ftp://127.0.0.1"];
        assert!(!refused.into_iter().any(may));
        assert!(Client::new(Duration::from_secs(1), true).unwrap().may_fetch(&"http://i.example".parse().unwrap()));
    }
}
