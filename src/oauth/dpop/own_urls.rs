//! `htu`: the URL that a proof is for, compared with those under which this server is known (RFC 9449 section 4.3, check 9).

use percent_encoding::percent_decode_str;
use url::Url;

/// A URL without query and fragment, in the one spelling of RFC 3986 sections 6.2.2 and 6.2.3: scheme and host in lower case,
/// no default port, no dot segments, no escapes of characters that need none.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PlainUrl(String);

impl PlainUrl {
    /// `None` when the text is no absolute http or https URL as RFC 3986 writes them, or has a user in it.
    fn parse(text: &str) -> Option<Self> {
        // The parser of browsers would mend what is not allowed, and take `http:host` too.
        let (scheme, rest) = text.split_once("://")?;
        let is_http = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
        let authority = rest.split(['/', '?', '#']).next()?;
        // A user is none of ours, and a host has nothing to escape.
        let is_plain = !authority.is_empty() && !authority.contains(['@', '%']);
        if !is_http || !is_plain || !is_written_in_uri_characters(rest) {
            return None;
        }
        let url = Url::parse(text).ok()?;
        let (host, port) = (url.host_str()?, url.port_or_known_default()?);
        Some(Self(format!("{}://{host}:{port}{}", url.scheme(), with_needed_escapes_alone(url.path()))))
    }
}

/// RFC 3986 section 2, and every `%` with its two digits.
fn is_written_in_uri_characters(text: &str) -> bool {
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&b);
    let is_escape = |rest: &str| rest.get(..2).is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
    text.bytes().all(is_allowed) && text.split('%').skip(1).all(is_escape)
}

/// RFC 3986 sections 6.2.2.1 and 6.2.2.2.
fn with_needed_escapes_alone(path: &str) -> String {
    let mut parts = path.split('%');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        let escape = format!("%{}", digits.to_ascii_uppercase());
        let decoded = percent_decode_str(&escape).decode_utf8().ok();
        match decoded.as_deref().map(str::as_bytes) {
            Some(&[byte]) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => plain.push(char::from(byte)),
            _ => plain.push_str(&escape),
        }
        plain.push_str(rest);
    }
    plain
}

/// The URLs under which this server is known.
#[derive(Clone, Debug)]
pub struct OwnUrls {
    /// The issuer's scheme, host and port.
    origin: String,
    /// The issuer's path, without a slash at its end; empty for most.
    issuer_path: String,
}

impl OwnUrls {
    /// Those of that issuer.
    pub fn new(issuer: &str) -> Self {
        let url = Url::parse(issuer).ok();
        Self {
            origin: url.as_ref().map(|url| url.origin().ascii_serialization()).unwrap_or_default(),
            issuer_path: url.map(|url| url.path().trim_end_matches('/').to_owned()).unwrap_or_default(),
        }
    }

    /// Whether `htu` names what this server was asked for as `path`: below the issuer, or, as requests are answered there
    /// too, right below its origin. A proxy in between may take the issuer's path away.
    pub fn names(&self, htu: &str, path: &str) -> bool {
        let Some(named) = PlainUrl::parse(htu) else { return false };
        let below = path.strip_prefix(self.issuer_path.as_str()).filter(|rest| rest.starts_with('/')).unwrap_or(path);
        let is = |prefix: &str| PlainUrl::parse(&format!("{}{prefix}{below}", self.origin)).as_ref() == Some(&named);
        is(&self.issuer_path) || (!self.issuer_path.is_empty() && is(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "/connect/token";

    #[test]
    fn dp2_a_url_is_recognised_in_its_equivalent_spellings() {
        let own = OwnUrls::new("https://auth.example.com");
        for htu in [
            "https://auth.example.com/connect/token",
            "HTTPS://AUTH.Example.COM/connect/token",
            "https://auth.example.com:443/connect/token",
            "https://auth.example.com:/connect/token",
            "https://auth.example.com/connect/token?x=1&y",
            "https://auth.example.com/connect/token#fragment",
            "https://auth.example.com/connect/../connect/./token",
            "https://auth.example.com/%63onnect/%74oken",
        ] {
            assert!(own.names(htu, TOKEN), "{htu}");
        }
    }

    #[test]
    fn dp2_another_url_is_another() {
        let own = OwnUrls::new("https://auth.example.com");
        for htu in [
            "",
            "/connect/token",
            "auth.example.com/connect/token",
            "http://auth.example.com/connect/token",
            "https://auth.example.com:8443/connect/token",
            "https://auth.example.com.evil.example/connect/token",
            "https://evil.example/connect/token",
            "https://auth.example.com/connect/token/",
            "https://auth.example.com/connect/Token",
            "https://auth.example.com//connect/token",
            "https://auth.example.com/connect%2Ftoken",
            "https://auth.example.com/connect/introspect",
            "https://auth.example.com",
            "https://user@auth.example.com/connect/token",
            "https://@auth.example.com/connect/token",
            "https://%61uth.example.com/connect/token",
            "https:auth.example.com/connect/token",
            "https:///auth.example.com/connect/token",
            "https:\\\\auth.example.com\\connect\\token",
            " https://auth.example.com/connect/token",
            "https://auth.example.com/connect/to\tken",
            "https://auth.example.com/connect/token%",
            "https://auth.example.com/connect/token%2",
            "ftp://auth.example.com/connect/token",
            "urn:auth.example.com:connect:token",
        ] {
            assert!(!own.names(htu, TOKEN), "{htu}");
        }
    }

    #[test]
    fn dp2_an_issuer_with_a_path_answers_below_it_and_below_its_origin() {
        let own = OwnUrls::new("https://auth.example.com/t1/");
        for path in ["/connect/token", "/t1/connect/token"] {
            assert!(own.names("https://auth.example.com/t1/connect/token", path), "{path}");
            assert!(own.names("https://auth.example.com/connect/token", path), "{path}");
            assert!(!own.names("https://auth.example.com/t2/connect/token", path), "{path}");
            assert!(!own.names("https://auth.example.com/t1/t1/connect/token", path), "{path}");
        }
    }

    #[test]
    fn dp2_addresses_and_ports_are_compared_too() {
        let own = OwnUrls::new("http://[::1]:8080");
        assert!(own.names("http://[::1]:8080/api/v1/scopes/a%3Ab", "/api/v1/scopes/a%3ab"));
        assert!(!own.names("http://[::1]/api/v1/scopes/a%3Ab", "/api/v1/scopes/a%3Ab"));
        assert!(!own.names("http://[::1]:8080/api/v1/scopes/a:b", "/api/v1/scopes/a%3Ab"));
    }
}
