//! The verifier of an API: whether a request's token is live and meant for it, in this order.
//!
//! 1. *credentials*: one `Authorization` header, none in the query;
//! 2. *form and header* of the token: size, three segments, no extension, `typ`, an accepted `alg`, a `kid`;
//! 3. *key*: the issuer's, found by its metadata (RFC 8414), kept as `Cache-Control` says, asked for again when a `kid` is
//!    unknown, but not more often than the interval allows;
//! 4. *signature*, with the key's own algorithm;
//! 5. *claims*: `iss`, `exp`, `nbf`, `aud`, and the form of all others that are read;
//! 6. *binding*: a token that is bound to a key or a certificate is refused without that;
//! 7. *status*: the issuer's list says that the token was not revoked.
//!
//! What is junk is refused at 2 or 3 and causes no fetch beyond the interval; lists are fetched for tokens of the issuer alone.

mod algorithm;
mod binding;
mod cached;
mod clock;
mod dpop;
mod http;
mod issuer;
mod jws;
mod key;
mod settings;
mod status;
mod status_list;

use std::fmt;
use std::sync::Arc;

use url::Url;

pub use algorithm::Algorithm;
pub use binding::ClientCertificate;
pub use clock::{Clock, SystemClock};
pub use settings::{Builder, StatusCheck, Unusable};

use crate::access_token::AccessToken;
use crate::authorization::{Credentials, NoCredentials, query_has_token};
use crate::metadata::ResourceMetadata;
use crate::refusal::{Realm, Reason, Refusal};

const ACCESS_TOKEN_TYPE: &str = "at+jwt";

/// Verifies tokens for one API. Cheap to clone; clones share what they know. Made by [`Verifier::builder`].
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use claviger_resource_server::Verifier;
///
/// let verifier = Verifier::builder("https://auth.example.com", "https://payments.example.com").build()?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    issuer_name: String,
    resource_server: String,
    algorithms: Vec<Algorithm>,
    leeway_seconds: u32,
    clock: Arc<dyn Clock>,
    issuer: Arc<issuer::Issuer>,
    status: Option<Arc<status::StatusLists>>,
    status_required: bool,
    /// Where the API is reached, for proofs; none: they are refused.
    proof_origin: Option<Url>,
    proofs: dpop::Proofs,
    realm: Arc<Realm>,
    metadata: ResourceMetadata,
}

/// What of a request decides about its token. The adapters fill it in.
#[derive(Clone, Copy, Default)]
pub struct Presented<'a> {
    /// The values of all `Authorization` headers.
    pub authorization: &'a [&'a [u8]],
    /// The values of all `DPoP` headers.
    pub proofs: &'a [&'a [u8]],
    /// The method.
    pub method: &'a str,
    /// The path as it was sent.
    pub path: &'a str,
    /// The query, without its mark.
    pub query: Option<&'a str>,
    /// The certificate that the client has shown, verified by whoever ended its TLS.
    pub certificate: Option<&'a ClientCertificate>,
}

/// Shows neither token nor proof.
impl fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented").field("method", &self.method).field("path", &self.path).finish_non_exhaustive()
    }
}

/// What an adapter leaves in a request, so that it is judged once: a proof is good once.
#[cfg(any(feature = "actix", feature = "tower"))]
#[derive(Clone)]
pub(crate) struct Accepted {
    pub(crate) by: Verifier,
    pub(crate) token: AccessToken,
}

impl Verifier {
    /// Whether this is a clone of that one.
    #[cfg(any(feature = "actix", feature = "tower"))]
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The settings of a verifier for tokens of this issuer (its `iss`, character by character) that name this resource
    /// server (an identifier in their `aud`).
    pub fn builder(issuer: impl Into<String>, resource_server: impl Into<String>) -> Builder {
        Builder::new(issuer.into(), resource_server.into())
    }

    /// The token of a request, when it is good in every respect.
    ///
    /// # Errors
    /// [`Refusal`], which is the whole answer.
    pub async fn authenticate(&self, request: &Presented<'_>) -> Result<AccessToken, Refusal> {
        let came_with_proof = matches!(Credentials::read(request.authorization.iter().copied()), Ok(Credentials::Dpop(_)));
        self.judge(request).await.map_err(|reason| self.refusal(reason).to_proof(came_with_proof))
    }

    /// The same for a bearer token that was found elsewhere than in a request, e.g. in a message. Bound tokens are refused.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn verify(&self, token: &str) -> Result<AccessToken, Refusal> {
        let judged = self.judge_token(Credentials::Bearer(token), &Presented::default()).await;
        judged.map_err(|reason| self.refusal(reason))
    }

    /// Fetches the issuer's keys, so that the first request need not wait, and tells at the start what is wrong.
    ///
    /// # Errors
    /// One line.
    pub async fn warm_up(&self) -> Result<(), String> {
        self.0.issuer.load().await.map_err(|cause| cause.to_string())
    }

    /// The document of RFC 9728 about this API.
    pub fn metadata(&self) -> &ResourceMetadata {
        &self.0.metadata
    }

    /// A refusal of this API's, for rules of its own.
    pub fn refusal(&self, reason: Reason) -> Refusal {
        Refusal::new(reason, Some(Arc::clone(&self.0.realm)))
    }

    async fn judge(&self, request: &Presented<'_>) -> Result<AccessToken, Reason> {
        if request.query.is_some_and(query_has_token) {
            return Err(Reason::InvalidRequest("a token in the URL is not taken; send it in the Authorization header"));
        }
        let credentials = Credentials::read(request.authorization.iter().copied()).map_err(|why| match why {
            NoCredentials::Missing => Reason::NoToken,
            NoCredentials::Repeated => Reason::InvalidRequest("there is more than one Authorization header"),
            NoCredentials::Malformed => Reason::InvalidToken("the Authorization header does not hold a token".to_owned()),
        })?;
        self.judge_token(credentials, request).await
    }

    async fn judge_token(&self, credentials: Credentials<'_>, request: &Presented<'_>) -> Result<AccessToken, Reason> {
        let token = self.signed_token(credentials.token()).await?;
        self.check_binding(&token, credentials, request)?;
        match (&self.0.status, token.status()) {
            (Some(lists), Some(entry)) => lists.check(entry).await?,
            (Some(_), None) if self.0.status_required => return Err(invalid("the token has no status")),
            _ => {}
        }
        Ok(token.within(Arc::clone(&self.0.realm)))
    }

    /// Steps 2 to 5.
    async fn signed_token(&self, token: &str) -> Result<AccessToken, Reason> {
        let inner = &self.0;
        let unverified = jws::read(token, jws::MAX_TOKEN_BYTES, ACCESS_TOKEN_TYPE, &inner.algorithms).map_err(invalid)?;
        let kid = unverified.key_id().map_err(invalid)?;
        let key = inner.issuer.key(kid).await;
        let key = key.map_err(|cause| Reason::Unavailable(format!("the issuer's keys can't be read: {cause}")))?;
        let claims = unverified.verified_by(&*key.ok_or_else(|| invalid("no published key has this kid"))?).map_err(invalid)?;
        if claims.get("iss").and_then(serde_json::Value::as_str) != Some(&inner.issuer_name) {
            return Err(invalid("iss is missing or another issuer"));
        }
        jws::check_times(&claims, inner.clock.unix_seconds(), inner.leeway_seconds).map_err(invalid)?;
        let token = AccessToken::from_verified_claims(claims).map_err(invalid)?;
        if token.is_for(&inner.resource_server) { Ok(token) } else { Err(invalid("aud does not name this API")) }
    }
}

fn invalid(cause: impl fmt::Display) -> Reason {
    Reason::InvalidToken(cause.to_string())
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Verifier");
        shown.field("issuer", &self.0.issuer_name).field("resource_server", &self.0.resource_server).finish_non_exhaustive()
    }
}
