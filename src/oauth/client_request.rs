//! Step 1 of every OAuth endpoint: the shape of a client's request (RFC 6749 sections 2.3 and 3.2).
//!
//! What is decided here needs no knowledge of any key: content type, repeated parameters, credentials in the query,
//! two ways of authentication at once.

use std::str::Utf8Error;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::basic::{self, BasicError};
use super::error::{ClientRefusal, OAuthError};
use super::form::{Form, FormError, MAX_VALUE_BYTES};
use super::media_type;
use crate::crypto::client_certificate::PresentedCertificate;
use crate::crypto::jwt::MAX_TOKEN_BYTES;

/// A request as HTTP brought it; nothing is interpreted yet.
#[derive(Clone, Debug, Default)]
pub struct RawClientRequest<'a> {
    /// Every `Content-Type` line.
    pub content_types: Vec<&'a [u8]>,
    /// Every `Authorization` line.
    pub authorizations: Vec<&'a [u8]>,
    /// Every `x-login-as` line.
    pub login_as: Vec<&'a [u8]>,
    /// Every `DPoP` line.
    pub proofs: Vec<&'a [u8]>,
    /// The client's certificate.
    pub certificate: RawCertificate,
    /// The query string without its `?`.
    pub query: &'a [u8],
    /// The body.
    pub body: &'a [u8],
}

/// A client's certificate, when this server takes any: from its own TLS, or from a proxy that is believed.
#[derive(Clone, Debug, Default)]
pub enum RawCertificate {
    /// There is none.
    #[default]
    None,
    /// The proxy passes one on that can't be read.
    Unreadable,
    /// The client has proved to hold its private key.
    Presented(Arc<PresentedCertificate>),
}

impl RawCertificate {
    /// The certificate.
    pub const fn presented(&self) -> Option<&Arc<PresentedCertificate>> {
        match self {
            Self::Presented(certificate) => Some(certificate),
            Self::None | Self::Unreadable => None,
        }
    }
}

/// Who asks, as the request tells it.
#[derive(Debug)]
pub struct Presented {
    /// How the client presents itself.
    pub credentials: Credentials,
    /// A `client_id` in the body beside other credentials.
    pub body_client_id: Option<Vec<u8>>,
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
    /// A signed assertion (RFC 7521 section 4.2); it is used once, so that it is no secret for long.
    Assertion {
        /// As sent; the assertion itself may name the client instead.
        client_id: Option<String>,
        /// As sent.
        assertion: Zeroizing<String>,
    },
    /// A certificate, and the id without which nobody could tell whose it is (RFC 8705 section 2).
    Certificate {
        /// As sent.
        client_id: String,
        /// What the connection was made with.
        certificate: Arc<PresentedCertificate>,
    },
}

/// The one `client_assertion_type` (RFC 7523 section 2.2).
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The parameters by which a client presents itself.
const OF_CLIENTS: [&str; 4] = ["client_id", "client_secret", "client_assertion", "client_assertion_type"];

/// What is said of a certificate that can't be read.
pub const UNREADABLE_CERTIFICATE: &str = "the proxy did not pass the client's certificate on in a readable way";

/// Reads the form of `raw` and who sends it. `known` are the endpoint's own parameters that may stand once; neither
/// they nor those in `repeatable` may stand in the query. No value is longer than `max_value_bytes`, but a client's
/// assertion, which may fill the body.
///
/// # Errors
/// [`OAuthError::InvalidRequest`].
pub fn parse<'a>(
    raw: &RawClientRequest<'a>,
    known: &[&str],
    repeatable: &[&str],
    max_value_bytes: usize,
) -> Result<(Form<'a>, Presented), OAuthError> {
    let [content_type] = raw.content_types.as_slice() else {
        return Err(OAuthError::InvalidRequest("there must be one Content-Type, application/x-www-form-urlencoded"));
    };
    if !media_type::is_form(content_type) {
        return Err(OAuthError::InvalidRequest("the Content-Type must be application/x-www-form-urlencoded in UTF-8"));
    }
    let single = || known.iter().chain(&OF_CLIENTS);
    refuse_known_parameters_in_query(raw.query, |name| single().chain(repeatable).any(|known| known.as_bytes() == name))?;
    let form = Form::parse_up_to(raw.body, MAX_TOKEN_BYTES).map_err(shape_of_form)?;
    let longest = |name: &[u8]| if name == b"client_assertion" { MAX_TOKEN_BYTES } else { max_value_bytes };
    if form.iter().any(|(name, value)| name.len() > MAX_VALUE_BYTES || value.len() > longest(name)) {
        return Err(shape_of_form(FormError::ValueTooLong));
    }
    for name in single() {
        one(&form, name)?;
    }
    if matches!(raw.certificate, RawCertificate::Unreadable) {
        return Err(OAuthError::InvalidRequest(UNREADABLE_CERTIFICATE));
    }
    let presented = presented(&form, &raw.authorizations, raw.certificate.presented())?;
    Ok((form, presented))
}

/// A parameter that may stand once.
///
/// # Errors
/// [`OAuthError::InvalidRequest`].
pub fn one<'f>(form: &'f Form<'_>, name: &str) -> Result<Option<&'f [u8]>, OAuthError> {
    form.one(name).map_err(|_| OAuthError::InvalidRequest("a parameter is repeated"))
}

fn presented(
    form: &Form<'_>,
    authorizations: &[&[u8]],
    certificate: Option<&Arc<PresentedCertificate>>,
) -> Result<Presented, OAuthError> {
    let (id, secret) = (one(form, "client_id")?, one(form, "client_secret")?);
    let (assertion, assertion_type) = (one(form, "client_assertion")?, one(form, "client_assertion_type")?);
    let has_assertion = assertion.is_some() || assertion_type.is_some();
    let authorization = match authorizations {
        [] => None,
        [header] => Some(*header),
        _ => return Err(OAuthError::InvalidRequest("there may be one Authorization header only")),
    };
    let ways = usize::from(authorization.is_some()) + usize::from(secret.is_some()) + usize::from(has_assertion);
    if ways > 1 {
        return Err(OAuthError::InvalidRequest("the client may authenticate in one way only"));
    }
    if assertion_type.is_some_and(|kind| kind != JWT_BEARER.as_bytes()) {
        return Err(OAuthError::InvalidRequest("the client_assertion_type is not one that this server knows"));
    }
    let credentials = match (authorization, id, secret, assertion) {
        (Some(header), ..) => from_header(header)?,
        (None, Some(id), Some(secret), _) => from_body(id, secret),
        (None, id, None, Some(assertion)) if assertion_type.is_some() => from_assertion(id, assertion),
        (None, Some(id), None, None) if !has_assertion => from_certificate(id, certificate),
        (None, ..) => Credentials::Refused(ClientRefusal::NoCredentials),
    };
    Ok(Presented { credentials, body_client_id: id.map(<[u8]>::to_vec) })
}

/// Credentials in a URL end up in logs and histories, so the whole request is refused (RFC 6749 section 2.3.1).
fn refuse_known_parameters_in_query(query: &[u8], is_known: impl Fn(&[u8]) -> bool) -> Result<(), OAuthError> {
    if query.is_empty() {
        return Ok(());
    }
    let form = Form::parse(query).map_err(shape_of_form)?;
    if form.iter().any(|(name, _)| is_known(name)) {
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

fn from_assertion(id: Option<&[u8]>, assertion: &[u8]) -> Credentials {
    match (id.map(std::str::from_utf8).transpose(), std::str::from_utf8(assertion)) {
        (Ok(id), Ok(assertion)) => {
            Credentials::Assertion { client_id: id.map(str::to_owned), assertion: Zeroizing::new(assertion.to_owned()) }
        }
        _ => Credentials::Refused(ClientRefusal::MalformedAssertion),
    }
}

fn from_certificate(id: &[u8], certificate: Option<&Arc<PresentedCertificate>>) -> Credentials {
    match (std::str::from_utf8(id), certificate) {
        (Ok(id), Some(certificate)) => {
            Credentials::Certificate { client_id: id.to_owned(), certificate: Arc::clone(certificate) }
        }
        (Err(_), Some(_)) => Credentials::Refused(ClientRefusal::MalformedCredentials),
        (_, None) => Credentials::Refused(ClientRefusal::NoCredentials),
    }
}

fn from_body(id: &[u8], secret: &[u8]) -> Credentials {
    let text = |bytes: &[u8]| -> Result<String, Utf8Error> { std::str::from_utf8(bytes).map(str::to_owned) };
    match (text(id), text(secret)) {
        (Ok(client_id), Ok(secret)) => Credentials::Post { client_id, client_secret: Zeroizing::new(secret) },
        _ => Credentials::Refused(ClientRefusal::MalformedCredentials),
    }
}
