//! A request about a token: introspection (RFC 7662 section 2.1) and revocation (RFC 7009 section 2.1) have the same shape.

use zeroize::Zeroizing;

use super::client_request::{self, Presented, RawClientRequest, one};
use super::error::OAuthError;
use crate::crypto::jwt::MAX_TOKEN_BYTES;

/// A request about a token.
#[derive(Debug)]
pub struct TokenLookup {
    /// Who asks.
    pub client: Presented,
    /// `token`; empty when it is missing, for that is told only to who has proved who it is.
    token: Option<Zeroizing<Vec<u8>>>,
}

impl TokenLookup {
    /// The token.
    ///
    /// # Errors
    /// [`OAuthError::InvalidRequest`] when there is none.
    pub fn token(&self) -> Result<&[u8], OAuthError> {
        self.token.as_deref().map(Vec::as_slice).ok_or(OAuthError::InvalidRequest("the parameter token is missing"))
    }
}

/// Reads a request. `token_type_hint` may say what it likes: there is one type of tokens here.
///
/// # Errors
/// [`OAuthError::InvalidRequest`].
pub fn parse(raw: &RawClientRequest<'_>) -> Result<TokenLookup, OAuthError> {
    let (form, client) = client_request::parse(raw, &["token", "token_type_hint"], &[], MAX_TOKEN_BYTES)?;
    Ok(TokenLookup { client, token: one(&form, "token")?.map(|token| Zeroizing::new(token.to_vec())) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(body: &str) -> Result<TokenLookup, OAuthError> {
        let content_types = vec![&b"application/x-www-form-urlencoded"[..]];
        parse(&RawClientRequest { content_types, body: body.as_bytes(), ..RawClientRequest::default() })
    }

    #[test]
    fn in5_a_token_stands_once_and_hints_may_say_anything() {
        assert_eq!(lookup("token=a.b.c&token_type_hint=whatever").unwrap().token().unwrap(), b"a.b.c");
        for body in ["token=a&token=b", "token=a&token=a", "token=a&token_type_hint=a&token_type_hint=b"] {
            assert!(lookup(body).is_err(), "{body}");
        }
        for body in ["", "token=", "token_type_hint=access_token"] {
            assert!(matches!(lookup(body).unwrap().token(), Err(OAuthError::InvalidRequest(_))), "{body}");
        }
    }

    #[test]
    fn in3_a_token_may_be_as_long_as_a_body() {
        assert!(lookup(&format!("token={}", "x".repeat(15_000))).is_ok());
    }
}
