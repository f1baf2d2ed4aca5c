//! Step 1 of the token endpoint: the shape of the request (RFC 6749 sections 2.3 and 3.2).
//!
//! What is decided here needs no knowledge of any key: content type, repeated parameters, credentials in the query,
//! two ways of authentication at once. Who the client is and what it may have is decided later.

use std::str::Utf8Error;

use zeroize::Zeroizing;

use super::basic::{self, BasicError};
use super::error::{ClientRefusal, OAuthError};
use super::form::{Form, FormError};
use super::media_type;

/// A token request as HTTP brought it; nothing is interpreted yet.
#[derive(Clone, Debug, Default)]
pub struct RawTokenRequest<'a> {
    /// Every `Content-Type` line.
    pub content_types: Vec<&'a [u8]>,
    /// Every `Authorization` line.
    pub authorizations: Vec<&'a [u8]>,
    /// Every `x-login-as` line.
    pub login_as: Vec<&'a [u8]>,
    /// The query string without its `?`.
    pub query: &'a [u8],
    /// The body.
    pub body: &'a [u8],
}

/// A token request of the right shape.
#[derive(Debug)]
pub struct TokenRequest {
    /// How the client presents itself.
    pub credentials: Credentials,
    /// A `client_id` in the body beside other credentials.
    pub body_client_id: Option<Vec<u8>>,
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

/// What the client presents.
#[derive(Debug)]
pub enum Credentials {
    /// Nothing that could be checked.
    Refused(ClientRefusal),
    /// An id and a secret by HTTP Basic.
    Basic {
        /// As sent.
        client_id: String,
        /// As sent.
        client_secret: Zeroizing<String>,
    },
    /// An id and a secret in the body.
    Post {
        /// As sent.
        client_id: String,
        /// As sent.
        client_secret: Zeroizing<String>,
    },
}

/// Every parameter with a meaning here; they may neither be repeated nor stand in the query.
const KNOWN: [&str; 9] = [
    "grant_type",
    "scope",
    "account",
    "resource",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "authorization_details",
];

const RESOURCE: &str = "resource";

/// Reads a request.
///
/// # Errors
/// [`OAuthError::InvalidRequest`].
pub fn parse(raw: &RawTokenRequest<'_>) -> Result<TokenRequest, OAuthError> {
    let [content_type] = raw.content_types.as_slice() else {
        return Err(OAuthError::InvalidRequest("there must be one Content-Type, application/x-www-form-urlencoded"));
    };
    if !media_type::is_form(content_type) {
        return Err(OAuthError::InvalidRequest("the Content-Type must be application/x-www-form-urlencoded in UTF-8"));
    }
    refuse_known_parameters_in_query(raw.query)?;
    let form = Form::parse(raw.body).map_err(shape_of_form)?;
    let one = |name: &str| form.one(name).map_err(|_| OAuthError::InvalidRequest("a parameter is repeated"));
    for name in KNOWN.into_iter().filter(|name| *name != RESOURCE) {
        one(name)?;
    }
    let body_client_id = one("client_id")?;
    let body_secret = one("client_secret")?;
    let has_assertion = one("client_assertion")?.is_some() || one("client_assertion_type")?.is_some();
    let authorization = match raw.authorizations.as_slice() {
        [] => None,
        [header] => Some(*header),
        _ => return Err(OAuthError::InvalidRequest("there may be one Authorization header only")),
    };
    let ways = usize::from(authorization.is_some()) + usize::from(body_secret.is_some()) + usize::from(has_assertion);
    if ways > 1 {
        return Err(OAuthError::InvalidRequest("the client may authenticate in one way only"));
    }
    let credentials = match (authorization, body_client_id, body_secret) {
        (Some(header), ..) => from_header(header)?,
        (None, Some(id), Some(secret)) => from_body(id, secret),
        (None, ..) => Credentials::Refused(ClientRefusal::NoCredentials),
    };
    let own = |value: Option<&[u8]>| value.map(<[u8]>::to_vec);
    Ok(TokenRequest {
        credentials,
        body_client_id: own(body_client_id),
        grant_type: own(one("grant_type")?),
        scope: own(one("scope")?),
        account: own(account(one("account")?, &raw.login_as)?),
        resources: form.all(RESOURCE).filter(|value| !value.is_empty()).map(<[u8]>::to_vec).collect(),
        has_authorization_details: one("authorization_details")?.is_some(),
    })
}

/// Credentials in a URL end up in logs and histories, so the whole request is refused (RFC 6749 section 2.3.1).
fn refuse_known_parameters_in_query(query: &[u8]) -> Result<(), OAuthError> {
    if query.is_empty() {
        return Ok(());
    }
    let form = Form::parse(query).map_err(shape_of_form)?;
    if form.iter().any(|(name, _)| KNOWN.iter().any(|known| known.as_bytes() == name)) {
        return Err(OAuthError::InvalidRequest("parameters belong into the body, not into the URL"));
    }
    Ok(())
}

fn shape_of_form(error: FormError) -> OAuthError {
    OAuthError::InvalidRequest(match error {
        FormError::TooManyParameters => "there may be at most 64 parameters",
        FormError::ValueTooLong => "a parameter may have at most 4096 bytes",
        FormError::BadEscape => "the form has a percent sign without two hexadecimal digits",
    })
}

fn from_header(header: &[u8]) -> Result<Credentials, OAuthError> {
    match basic::parse(header) {
        Ok(c) => Ok(Credentials::Basic { client_id: c.client_id, client_secret: c.client_secret }),
        Err(BasicError::SeveralCredentials) => {
            Err(OAuthError::InvalidRequest("the Authorization header may have one credential only"))
        }
        Err(BasicError::OtherScheme) => Ok(Credentials::Refused(ClientRefusal::OtherScheme)),
        Err(BasicError::Malformed) => Ok(Credentials::Refused(ClientRefusal::MalformedCredentials)),
    }
}

fn from_body(id: &[u8], secret: &[u8]) -> Credentials {
    let text = |bytes: &[u8]| -> Result<String, Utf8Error> { std::str::from_utf8(bytes).map(str::to_owned) };
    match (text(id), text(secret)) {
        (Ok(client_id), Ok(secret)) => Credentials::Post { client_id, client_secret: Zeroizing::new(secret) },
        _ => Credentials::Refused(ClientRefusal::MalformedCredentials),
    }
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

    const FORM: &[u8] = b"application/x-www-form-urlencoded";

    fn raw<'a>(body: &'a [u8], authorizations: Vec<&'a [u8]>) -> RawTokenRequest<'a> {
        RawTokenRequest { content_types: vec![FORM], authorizations, body, ..RawTokenRequest::default() }
    }

    fn is_invalid_request(raw: &RawTokenRequest<'_>) -> bool {
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
        assert!(matches!(parse(&raw(b"client_secret=", vec![basic])).unwrap().credentials, Credentials::Basic { .. }));
    }

    #[test]
    fn ca5_an_id_alone_is_no_authentication() {
        for body in ["client_id=a", "", "client_assertion=x&client_id=a"] {
            let request = parse(&raw(body.as_bytes(), vec![])).unwrap();
            assert!(matches!(request.credentials, Credentials::Refused(ClientRefusal::NoCredentials)), "{body}");
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
