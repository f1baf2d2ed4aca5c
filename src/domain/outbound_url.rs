//! Addresses that this server connects to because somebody else names them.

use std::fmt;

use serde::{Serialize, Serializer};
use url::{Host, Url};

use super::Invalid;
use super::network_policy::NetworkPolicy;

/// The longest address, in bytes.
pub const MAX_URL_BYTES: usize = 2_048;

/// An address that this server may connect to: https, no user, no fragment. Where a name leads is looked at again for
/// each connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundUrl(Url);

impl OutboundUrl {
    /// Reads an address as somebody gives it.
    ///
    /// # Errors
    /// When it is not one, or leads where `policy` does not let it.
    pub fn parse(text: &str, policy: &NetworkPolicy) -> Result<Self, Invalid> {
        let invalid = |code, detail: &'static str| Invalid::new("url", code, detail);
        if text.len() > MAX_URL_BYTES {
            return Err(invalid("too_long", "must have at most 2048 bytes"));
        }
        if text.bytes().any(|byte| !(0x21..=0x7e).contains(&byte)) {
            return Err(invalid("invalid_url", "must be plain ASCII without spaces, e.g. https://example.com/hooks"));
        }
        let url = Url::parse(text).map_err(|_| invalid("invalid_url", "must be a URL such as https://example.com/hooks"))?;
        let Some(host) = url.host() else {
            return Err(invalid("invalid_url", "must name a host"));
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("has_credentials", "must not hold a user or a password"));
        }
        if url.fragment().is_some() {
            return Err(invalid("has_fragment", "must not have a fragment"));
        }
        if url.port() == Some(0) {
            return Err(invalid("invalid_port", "must not name port 0"));
        }
        if let Some(address) = literal(&host)
            && !policy.permits(address)
        {
            return Err(invalid("private_address", "must not lead into a private network"));
        }
        match url.scheme() {
            "https" => Ok(Self(url)),
            "http" if may_be_plain(&host, policy) => Ok(Self(url)),
            _ => Err(invalid("not_https", "must begin with https://")),
        }
    }

    /// The address as it was stored.
    ///
    /// # Errors
    /// When it is not a URL.
    pub fn from_stored(text: &str) -> Result<Self, Invalid> {
        Url::parse(text).map(Self).map_err(|_| Invalid::new("url", "invalid_url", "is not a URL"))
    }

    /// The address.
    pub const fn url(&self) -> &Url {
        &self.0
    }

    /// The address, when its host is one and not a name.
    pub fn literal_address(&self) -> Option<std::net::IpAddr> {
        self.0.host().and_then(|host| literal(&host))
    }

    /// Whether it speaks plain HTTP.
    pub fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// Host and port: what attempts at once are counted by.
    pub fn destination(&self) -> String {
        format!("{}:{}", self.0.host_str().unwrap_or_default(), self.0.port_or_known_default().unwrap_or_default())
    }
}

fn literal(host: &Host<&str>) -> Option<std::net::IpAddr> {
    match host {
        Host::Ipv4(address) => Some((*address).into()),
        Host::Ipv6(address) => Some((*address).into()),
        Host::Domain(_) => None,
    }
}

fn may_be_plain(host: &Host<&str>, policy: &NetworkPolicy) -> bool {
    match host {
        Host::Domain(name) => {
            let (v4, v6) = (std::net::Ipv4Addr::LOCALHOST.into(), std::net::Ipv6Addr::LOCALHOST.into());
            *name == "localhost" && (policy.permits_in_the_clear(v4) || policy.permits_in_the_clear(v6))
        }
        Host::Ipv4(address) => policy.permits_in_the_clear((*address).into()),
        Host::Ipv6(address) => policy.permits_in_the_clear((*address).into()),
    }
}

impl fmt::Display for OutboundUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl Serialize for OutboundUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strict(text: &str) -> Result<OutboundUrl, Invalid> {
        OutboundUrl::parse(text, &NetworkPolicy::default())
    }

    #[test]
    fn an_address_is_https_and_public() {
        for good in [
            "https://example.com",
            "https://example.com:8443/hooks?tenant=1",
            "https://8.8.8.8/",
            "https://[2606:4700:4700::1111]:444/x",
            "HTTPS://EXAMPLE.COM/",
        ] {
            assert!(strict(good).is_ok(), "{good}");
        }
        let long = format!("https://example.com/{}", "x".repeat(MAX_URL_BYTES));
        for (bad, code) in [
            ("", "invalid_url"),
            ("example.com", "invalid_url"),
            ("https://", "invalid_url"),
            ("https://exa mple.com", "invalid_url"),
            ("https://example.com/\r\nHost: x", "invalid_url"),
            ("https://ex\u{e4}mple.com/", "invalid_url"),
            ("http://example.com/", "not_https"),
            ("http://localhost/", "not_https"),
            ("ftp://example.com/", "not_https"),
            ("gopher://example.com/", "not_https"),
            ("file:///etc/passwd", "invalid_url"),
            ("https://user@example.com/", "has_credentials"),
            ("https://user:pass@example.com/", "has_credentials"),
            ("https://example.com/#x", "has_fragment"),
            ("https://example.com:0/", "invalid_port"),
            ("https://example.com:65536/", "invalid_url"),
            ("https://127.0.0.1/", "private_address"),
            ("https://2130706433/", "private_address"),
            ("https://0x7f.1/", "private_address"),
            ("https://0177.0.0.1/", "private_address"),
            ("https://127.1/", "private_address"),
            ("https://169.254.169.254/latest/meta-data", "private_address"),
            ("https://[::1]/", "private_address"),
            ("https://[::ffff:127.0.0.1]/", "private_address"),
            ("https://[::ffff:7f00:1]/", "private_address"),
            ("https://[fd00:ec2::254]/", "private_address"),
            ("https://0.0.0.0/", "private_address"),
            (long.as_str(), "too_long"),
        ] {
            assert_eq!(strict(bad).unwrap_err().code, code, "{bad}");
        }
    }

    #[test]
    fn plain_http_is_for_loopback_where_the_operator_allows_it() {
        let policy = NetworkPolicy::allowing(vec!["127.0.0.0/8".parse().unwrap(), "10.0.0.0/8".parse().unwrap()]);
        for (text, good) in [
            ("http://127.0.0.1:9000/x", true),
            ("http://localhost:9000/x", true),
            ("https://10.1.1.1/x", true),
            ("http://10.1.1.1/x", false),
            ("http://[::1]/x", false),
            ("http://example.com/x", false),
            ("http://localhost.example.com/x", false),
        ] {
            assert_eq!(OutboundUrl::parse(text, &policy).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn attempts_are_counted_by_host_and_port() {
        assert_eq!(strict("https://EXAMPLE.com/a?b").unwrap().destination(), "example.com:443");
        assert_eq!(strict("https://example.com:8443/").unwrap().destination(), "example.com:8443");
    }
}
