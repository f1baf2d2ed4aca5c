//! Tokens that are bound to a key (RFC 9449) or to a client certificate (RFC 8705): never taken from somebody who does not
//! show it.

use std::fmt;

use super::dpop::{Proved, without_query};
use super::{Presented, Verifier, invalid, key};
use crate::access_token::{AccessToken, Confirmation};
use crate::authorization::Credentials;
use crate::refusal::Reason;

/// The certificate with which a client has connected, by its SHA-256. Make it only from what a TLS handshake has verified,
/// here or at a proxy that is trusted; put it where the adapter looks.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    thumbprint: String,
}

impl ClientCertificate {
    /// The certificate of this DER: the leaf of the chain.
    pub fn from_der(der: &[u8]) -> Self {
        Self { thumbprint: key::sha256(der) }
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientCertificate({})", self.thumbprint)
    }
}

impl Verifier {
    /// Step 6: everything that the token names is shown, in the way that the scheme says.
    pub(super) fn check_binding(
        &self,
        token: &AccessToken,
        credentials: Credentials<'_>,
        request: &Presented<'_>,
    ) -> Result<(), Reason> {
        let unbound = Confirmation { key_thumbprint: None, certificate_thumbprint: None };
        let bound = token.confirmation().unwrap_or(&unbound);
        match (credentials, &bound.key_thumbprint) {
            (Credentials::Bearer(_), None) => {}
            // RFC 9449 section 7.2: whoever stole the token would do just that.
            (Credentials::Bearer(_), Some(_)) => {
                return Err(invalid("the token is bound to a key and was sent as a bearer token"));
            }
            (Credentials::Dpop(_), None) => return Err(invalid("the token is not bound to a key")),
            (Credentials::Dpop(text), Some(thumbprint)) => self.check_proof(text, thumbprint, request)?,
        }
        match (&bound.certificate_thumbprint, request.certificate) {
            (None, _) => Ok(()),
            (Some(expected), Some(shown)) if *expected == shown.thumbprint => Ok(()),
            (Some(_), Some(_)) => Err(invalid("the token is bound to another client certificate")),
            (Some(_), None) => Err(invalid("the token is bound to a client certificate, and there is none")),
        }
    }

    fn check_proof(&self, token: &str, key_thumbprint: &str, request: &Presented<'_>) -> Result<(), Reason> {
        let inner = &self.0;
        let origin = inner.proof_origin.as_ref().ok_or_else(|| invalid("proofs of possession are not taken here"))?;
        let wrong = |why: &str| Reason::InvalidProof(why.to_owned());
        let [proof] = request.proofs else { return Err(wrong("there is not exactly one DPoP header")) };
        let proof = std::str::from_utf8(proof).map_err(|_| wrong("the DPoP header is not text"))?;
        // Set, not joined: a path that begins with two slashes would name another host.
        let mut url = without_query(origin.clone());
        url.set_path(request.path);
        let proved = Proved { method: request.method, url: &url, token, key_thumbprint };
        let now = inner.clock.unix_seconds();
        inner.proofs.check(proof, &proved, &inner.algorithms, now, inner.leeway_seconds).map_err(wrong)
    }
}
