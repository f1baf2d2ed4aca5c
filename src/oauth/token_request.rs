//! A token request (RFC 6749 section 4.4.2, RFC 8707 section 2): the parameters, as sent. Who the client is and what it
//! may have is decided later.

use super::client_request::{self, Presented, RawClientRequest, one};
use super::error::OAuthError;
use super::form::MAX_VALUE_BYTES;

/// A token request of the right shape.
#[derive(Debug)]
pub struct TokenRequest {
    /// Who asks.
    pub client: Presented,
    /// `grant_type`.
    pub grant_type: Option<Vec<u8>>,
    /// `scope`, as sent.
    pub scope: Option<Vec<u8>>,
    /// `account` or `x-login-as`, as sent.
    pub account: Option<Vec<u8>>,
    /// Every `resource`, as sent.
    pub resources: Vec<Vec<u8>>,
    /// Whether `authorization_details` is there.
    pub has_authorization_details: bool,
}

/// Every parameter with a meaning here, besides the client's own and `resource`; they may neither be repeated nor stand
/// in the query.
const KNOWN: [&str; 4] = ["grant_type", "scope", "account", "authorization_details"];

const RESOURCE: &str = "resource";

/// Reads a request.
///
/// # Errors
/// [`OAuthError::InvalidRequest`].
pub fn parse(raw: &RawClientRequest<'_>) -> Result<TokenRequest, OAuthError> {
    let (form, client) = client_request::parse(raw, &KNOWN, &[RESOURCE], MAX_VALUE_BYTES)?;
    let own = |value: Option<&[u8]>| value.map(<[u8]>::to_vec);
    Ok(TokenRequest {
        client,
        grant_type: own(one(&form, "grant_type")?),
        scope: own(one(&form, "scope")?),
        account: own(account(one(&form, "account")?, &raw.login_as)?),
        resources: form.all(RESOURCE).filter(|value| !value.is_empty()).map(<[u8]>::to_vec).collect(),
        has_authorization_details: one(&form, "authorization_details")?.is_some(),
    })
}

/// The account by its two spellings, which must not contradict each other.
fn account<'a>(parameter: Option<&'a [u8]>, login_as: &[&'a [u8]]) -> Result<Option<&'a [u8]>, OAuthError> {
    let header = match login_as {
        [] => None,
        [value] => Some(value.trim_ascii()).filter(|value| !value.is_empty()),
        _ => return Err(OAuthError::InvalidRequest("there may be one x-login-as header only")),
    };
    match (parameter, header) {
        (Some(a), Some(b)) if a != b => Err(OAuthError::InvalidRequest("account and x-login-as name different accounts")),
        (a, b) => Ok(a.or(b)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::client_request::Credentials;
    use crate::oauth::error::ClientRefusal;

    const FORM: &[u8] = b"application/x-www-form-urlencoded";

    fn raw<'a>(body: &'a [u8], authorizations: Vec<&'a [u8]>) -> RawClientRequest<'a> {
        RawClientRequest { content_types: vec![FORM], authorizations, body, ..RawClientRequest::default() }
    }

    fn is_invalid_request(raw: &RawClientRequest<'_>) -> bool {
        matches!(parse(raw), Err(OAuthError::InvalidRequest(_)))
    }

    #[test]
    fn gt4_a_known_parameter_may_not_be_repeated() {
        for body in [
            "grant_type=a&grant_type=a",
            "grant_type=a&grant%5Ftype=",
            "scope=a&scope=b",
            "client_id=x&client_id=x",
            "account=a&account=a",
        ] {
            assert!(is_invalid_request(&raw(body.as_bytes(), vec![])), "{body}");
        }
        assert!(parse(&raw(b"x=1&x=2&resource=a&resource=b", vec![])).is_ok());
    }

    #[test]
    fn ca7_one_way_of_authentication() {
        let basic: &[u8] = b"Basic YTpi";
        for body in ["client_secret=b&client_id=a", "client_secret=b", "client_assertion=x", "client_assertion_type=x"] {
            assert!(is_invalid_request(&raw(body.as_bytes(), vec![basic])), "{body}");
        }
        assert!(is_invalid_request(&raw(b"client_id=a&client_secret=b&client_assertion=x", vec![])));
        assert!(is_invalid_request(&raw(b"", vec![basic, basic])));
        assert!(matches!(parse(&raw(b"client_secret=", vec![basic])).unwrap().client.credentials, Credentials::Basic { .. }));
    }

    #[test]
    fn ca5_an_id_alone_is_no_authentication() {
        for body in ["client_id=a", "", "client_assertion=x&client_id=a"] {
            let request = parse(&raw(body.as_bytes(), vec![])).unwrap();
            assert!(matches!(request.client.credentials, Credentials::Refused(ClientRefusal::NoCredentials)), "{body}");
        }
    }

    #[test]
    fn ca10_nothing_known_in_the_query() {
        for query in ["client_id=a", "grant%5ftype=x", "x=1&client_secret=s", "scope="] {
            let mut request = raw(b"", vec![]);
            request.query = query.as_bytes();
            assert!(is_invalid_request(&request), "{query}");
        }
        let mut request = raw(b"", vec![]);
        request.query = b"utm=1";
        assert!(parse(&request).is_ok());
    }

    #[test]
    fn the_account_has_two_spellings_that_must_agree() {
        let mut request = raw(b"account=a", vec![]);
        request.login_as = vec![b"a"];
        assert_eq!(parse(&request).unwrap().account.as_deref(), Some(&b"a"[..]));
        request.login_as = vec![b"b"];
        assert!(is_invalid_request(&request));
        request.login_as = vec![b"a", b"a"];
        assert!(is_invalid_request(&request));
    }
}
