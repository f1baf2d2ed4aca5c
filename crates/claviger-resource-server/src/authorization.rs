//! The credentials of a request: one `Authorization` header, and nothing else (RFC 6750 section 2.1, RFC 9449 section 7.1).
//! Tokens in the query or in a form are never read (RFC 9700 section 4.3.2).

/// A token and the way in which it was presented.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Credentials<'a> {
    /// `Bearer TOKEN`: whoever has the token may use it.
    Bearer(&'a str),
    /// `DPoP TOKEN`: a proof of possession comes with it.
    Dpop(&'a str),
}

/// Why there are no credentials that can be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoCredentials {
    /// There is no header, or it is of another scheme.
    Missing,
    /// There is more than one header.
    Repeated,
    /// The scheme is ours, and what follows has not the form of a token.
    Malformed,
}

impl<'a> Credentials<'a> {
    /// Reads the values of all `Authorization` headers of a request.
    ///
    /// ```
    /// use claviger_resource_server::authorization::{Credentials, NoCredentials};
    ///
    /// assert!(Credentials::read([&b"bearer abc"[..]]) == Ok(Credentials::Bearer("abc")));
    /// assert!(Credentials::read([&b"Basic eDp5"[..]]) == Err(NoCredentials::Missing));
    /// assert!(Credentials::read([&b"Bearer abc"[..], b"Bearer abc"]) == Err(NoCredentials::Repeated));
    /// ```
    ///
    /// # Errors
    /// [`NoCredentials`].
    pub fn read(values: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, NoCredentials> {
        let mut values = values.into_iter();
        let value = values.next().ok_or(NoCredentials::Missing)?;
        if values.next().is_some() {
            return Err(NoCredentials::Repeated);
        }
        // auth-scheme 1*SP b64token
        let end = value.iter().position(|byte| *byte == b' ').ok_or(NoCredentials::Missing)?;
        let (scheme, token) = value.split_at_checked(end).ok_or(NoCredentials::Missing)?;
        let made: fn(&'a str) -> Self = if scheme.eq_ignore_ascii_case(b"bearer") {
            Self::Bearer
        } else if scheme.eq_ignore_ascii_case(b"dpop") {
            Self::Dpop
        } else {
            return Err(NoCredentials::Missing);
        };
        let token = std::str::from_utf8(token).map_err(|_| NoCredentials::Malformed)?.trim_matches(' ');
        match token {
            "" => Err(NoCredentials::Missing),
            token if is_b64token(token) => Ok(made(token)),
            _ => Err(NoCredentials::Malformed),
        }
    }

    /// The token.
    pub const fn token(&self) -> &'a str {
        match self {
            Self::Bearer(token) | Self::Dpop(token) => token,
        }
    }
}

/// Never shows the token.
impl std::fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Bearer(_) => "Bearer(…)",
            Self::Dpop(_) => "Dpop(…)",
        })
    }
}

/// `b64token` (RFC 9110 section 11.2: `token68`).
fn is_b64token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'+' | b'/'))
}

/// Whether a query has a parameter `access_token` (RFC 6750 section 2.3), in whatever spelling: such a request is refused,
/// for the token is in logs by now.
pub fn query_has_token(query: &str) -> bool {
    query.split('&').any(|pair| {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        percent_decoded(name.as_bytes()) == b"access_token"
    })
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        decoded.push(*first);
        if let (b'%', [high, low, after @ ..]) = (first, tail)
            && let (Some(high), Some(low)) = (digit(high), digit(low))
        {
            decoded.pop();
            decoded.push(high * 16 + low);
            rest = after;
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(value: &str) -> Result<Credentials<'_>, NoCredentials> {
        Credentials::read([value.as_bytes()])
    }

    #[test]
    fn mg1_one_header_of_our_schemes_is_read_in_any_case() {
        for (value, expected) in [
            ("Bearer a.b-c_d~e+f/g==", Credentials::Bearer("a.b-c_d~e+f/g==")),
            ("BEARER x", Credentials::Bearer("x")),
            ("bEaReR   x ", Credentials::Bearer("x")),
            ("DPoP x", Credentials::Dpop("x")),
            ("dpop x", Credentials::Dpop("x")),
        ] {
            assert_eq!(one(value), Ok(expected), "{value}");
        }
    }

    #[test]
    fn mg1_whatever_else_is_refused() {
        for missing in
            ["", " ", "Bearer", "Bearer ", "Bearer   ", "Basic eDp5", "Bearerx y", " Bearer x", "Digest a=b", "Bearer\tx"]
        {
            assert_eq!(one(missing), Err(NoCredentials::Missing), "{missing:?}");
        }
        for bad in [
            "Bearer a b",
            "Bearer a, Basic eDp5",
            "Bearer a\tb",
            "Bearer é",
            "Bearer =",
            "Bearer a=b",
            "Bearer \"x\"",
            "Bearer a\0",
        ] {
            assert_eq!(one(bad), Err(NoCredentials::Malformed), "{bad:?}");
        }
        assert_eq!(Credentials::read([&b"Bearer \xff"[..]]), Err(NoCredentials::Malformed));
        assert_eq!(Credentials::read([]), Err(NoCredentials::Missing));
        assert_eq!(Credentials::read([&b"Bearer x"[..], b"Basic eDp5"]), Err(NoCredentials::Repeated));
        assert_eq!(format!("{:?}", one("Bearer secret")), "Ok(Bearer(…))");
    }

    #[test]
    fn mg1_a_token_in_the_query_is_noticed_in_every_spelling() {
        for query in ["access_token=x", "a=b&access_token", "access%5Ftoken=x", "%61ccess_toke%6e=", "a&&access_token=x"] {
            assert!(query_has_token(query), "{query}");
        }
        for query in ["", "token=x", "access_token_hint=x", "a=access_token", "%", "%5", "%zz=access_token"] {
            assert!(!query_has_token(query), "{query}");
        }
    }
}
