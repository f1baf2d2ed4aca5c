//! `tls_client_auth` and `self_signed_tls_client_auth`: a certificate in place of a secret (RFC 8705 section 2). That the
//! client holds its private key was seen when the connection was made.

use crate::crypto::client_ca::ClientCa;
use crate::crypto::client_certificate::{CertificateFault, PresentedCertificate};
use crate::crypto::client_jwk::ClientJwks;
use crate::domain::certificate_subject::CertificateSubject;
use crate::domain::time::Timestamp;
use crate::oauth::error::ClientRefusal;

impl From<CertificateFault> for ClientRefusal {
    fn from(fault: CertificateFault) -> Self {
        match fault {
            CertificateFault::Malformed => Self::CertificateMalformed,
            CertificateFault::Time => Self::CertificateTime,
            CertificateFault::Use => Self::CertificateUse,
            CertificateFault::Untrusted => Self::CertificateUntrusted,
        }
    }
}

/// Whether one of the CAs has issued the certificate to `subject`.
///
/// # Errors
/// Why the client is refused; it is told none of it.
pub fn check_issued(
    presented: &PresentedCertificate,
    subject: &CertificateSubject,
    ca: &ClientCa,
    now: Timestamp,
) -> Result<(), ClientRefusal> {
    ca.verify(presented, now)?;
    if presented.read()?.names(subject) { Ok(()) } else { Err(ClientRefusal::CertificateMismatch) }
}

/// Whether the certificate is one of those that the client has registered, or is about one of its keys. Nobody need have
/// issued it; its own dates and uses hold nevertheless.
///
/// # Errors
/// As for [`check_issued`].
pub fn check_registered(presented: &PresentedCertificate, keys: &ClientJwks, now: Timestamp) -> Result<(), ClientRefusal> {
    let certificate = presented.read()?;
    let thumbprint = certificate.key_thumbprint();
    if !keys.has_certificate(presented.leaf(), thumbprint.as_deref()) {
        return Err(ClientRefusal::CertificateMismatch);
    }
    Ok(certificate.check(now)?)
}

#[cfg(test)]
mod tests;
