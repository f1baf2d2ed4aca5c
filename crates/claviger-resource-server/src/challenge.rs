//! `WWW-Authenticate` (RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 9728 section 5.1, RFC 9449 section 7.1).

use std::fmt;

/// One challenge, written by its `Display`.
///
/// ```
/// use claviger_resource_server::challenge::Challenge;
///
/// let challenge = Challenge::bearer("payments").with("error", "insufficient_scope").with("scope", "payments:read");
/// assert_eq!(challenge.to_string(), r#"Bearer realm="payments", error="insufficient_scope", scope="payments:read""#);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    scheme: &'static str,
    parameters: Vec<(&'static str, String)>,
}

impl Challenge {
    /// A challenge for bearer tokens.
    pub fn bearer(realm: &str) -> Self {
        Self { scheme: "Bearer", parameters: Vec::new() }.with("realm", realm)
    }

    /// A challenge for tokens with a proof of possession.
    pub fn dpop(realm: &str) -> Self {
        Self { scheme: "DPoP", parameters: Vec::new() }.with("realm", realm)
    }

    /// One more parameter: `error`, `error_description`, `scope`, `resource_metadata`, `algs`.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.parameters.push((name, value.to_owned()));
        self
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.scheme)?;
        for (index, (name, value)) in self.parameters.iter().enumerate() {
            let separator = if index == 0 { " " } else { ", " };
            write!(f, "{separator}{name}=\"")?;
            // What a quoted-string can't hold, line ends among it, is left out.
            for character in value.chars().filter(|c| matches!(c, ' '..='~')) {
                if matches!(character, '"' | '\\') {
                    f.write_str("\\")?;
                }
                write!(f, "{character}")?;
            }
            f.write_str("\"")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gt7_nothing_leaves_its_quotes() {
        let text = Challenge::bearer("a\"b\\c\r\nSet-Cookie: x=y\u{202e}é").to_string();
        assert_eq!(text, r#"Bearer realm="a\"b\\cSet-Cookie: x=y""#);
        assert_eq!(Challenge::dpop("x").with("algs", "ES256").to_string(), r#"DPoP realm="x", algs="ES256""#);
    }
}
